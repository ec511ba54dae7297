using System.Collections;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Storm;

/// <summary>The hosts of a storm; each guest stands on one of them.</summary>
internal sealed class Hosts : IReadOnlyList<LibvirtHost>, IAsyncDisposable
{
    private readonly List<LibvirtHost> _hosts = [];

    public int Count => _hosts.Count;

    internal IEnumerable<string> Uris => _hosts.Select(host => $"{host.Address.Name}={host.Address.Uri}");

    public LibvirtHost this[int index] => _hosts[index];

    /// <summary>The clock by which all their events are compared.</summary>
    internal ObserverClock Clock { get; } = new(TimeProvider.System);

    internal static async Task<Hosts> ConnectAsync(IEnumerable<(string Name, string Uri)> addresses, CancellationToken cancellationToken)
    {
        var hosts = new Hosts();
        foreach ((string name, string uri) in addresses)
        {
            hosts._hosts.Add(await LibvirtHost.ConnectAsync(new(name, uri), clock: hosts.Clock, cancellationToken: cancellationToken));
        }

        return hosts;
    }

    internal LibvirtHost Of(int guest) => _hosts[StormJudge.HostOf(guest, Count)];

    /// <summary>The hosts that know a guest, the one that runs it first; one that does not answer knows nothing.</summary>
    internal async Task<IReadOnlyList<int>> FindAsync(StormGuest guest, CancellationToken cancellationToken)
    {
        var found = new List<(int Host, int Rank)>();
        for (int host = 0; host < Count; host++)
        {
            try
            {
                HostSnapshot there = await _hosts[host].SnapshotAsync(guest.Name, guest.Uuid, cancellationToken);
                if ((there.ByUuid ?? there.ByName) is { } domain)
                {
                    found.Add((host, DomainConditions.Of(domain) switch { DomainCondition.Arriving => 3, DomainCondition.Moved => 2, _ => domain.IsActive ? 0 : 1 }));
                }
            }
            catch (Exception e) when (e is HostUnreachableException or LibvirtException)
            {
                // Its daemon was killed: whoever asks it for something is told so.
            }
        }

        return [.. found.OrderBy(place => place.Rank).Select(place => place.Host)];
    }

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
