using System.Collections;
using Orchestrator.Hosts;

namespace Storm;

/// <summary>The hosts of a storm; each guest lives on one of them.</summary>
internal sealed class Hosts : IReadOnlyList<LibvirtHost>, IAsyncDisposable
{
    private readonly List<LibvirtHost> _hosts = [];

    public int Count => _hosts.Count;

    internal IEnumerable<string> Uris => _hosts.Select(host => $"{host.Address.Name}={host.Address.Uri}");

    public LibvirtHost this[int index] => _hosts[index];

    internal static async Task<Hosts> ConnectAsync(IEnumerable<(string Name, string Uri)> addresses, CancellationToken cancellationToken)
    {
        var hosts = new Hosts();
        foreach ((string name, string uri) in addresses)
        {
            hosts._hosts.Add(await LibvirtHost.ConnectAsync(new(name, uri), cancellationToken: cancellationToken));
        }

        return hosts;
    }

    internal LibvirtHost Of(int guest) => _hosts[StormJudge.HostOf(guest, Count)];

    public IEnumerator<LibvirtHost> GetEnumerator() => _hosts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public async ValueTask DisposeAsync()
    {
        foreach (LibvirtHost host in _hosts)
        {
            await host.DisposeAsync();
        }
    }
}
