using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lab;

namespace Orchestrator.Cli;

/// <summary>Turns what the user calls a host into an address: a host of the running lab, by its name or URI, else an alias or URI for libvirt.</summary>
/// <param name="lab">The running lab, if there is one.</param>
internal sealed class HostResolver(VirtualLab? lab)
{
    internal static async Task<HostResolver> CreateAsync(CancellationToken cancellationToken) =>
        new(await VirtualLab.FindAsync(LabFolderOption.Options(), cancellationToken: cancellationToken).ConfigureAwait(false));

    /// <summary>Connects to the host that <c>-c</c> names, else to the one that libvirt itself would choose.</summary>
    internal static async Task<LibvirtHost> ConnectAsync(string? name, Microsoft.Extensions.Logging.ILogger logger, CancellationToken cancellationToken)
    {
        HostResolver hosts = await CreateAsync(cancellationToken).ConfigureAwait(false);
        HostAddress address = name is { Length: > 0 } ? hosts.Resolve(name)
            : Environment.GetEnvironmentVariable("LIBVIRT_DEFAULT_URI") is { Length: > 0 } uri ? HostAddress.FromUri(uri)
            : new("this machine", "");
        return await LibvirtHost.ConnectAsync(address, logger: logger, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    internal HostAddress Resolve(string name)
    {
        LabHost? host = lab?.Hosts.FirstOrDefault(host => host.Name == name || host.Uri == name);
        if (host is not null)
        {
            return new(host.Name, host.Uri);
        }

        return name.StartsWith("lab-", StringComparison.Ordinal) && lab is null
            ? throw new CliException(ExitCode.Unreachable, new("host_unreachable", $"{name} is a host of the lab, and no lab runs.", name, "connect", "Start one: orchestrator lab up."))
            : HostAddress.FromUri(name);
    }

    /// <summary>Reads the ticks of a guest of the lab; <see langword="null"/> for any other.</summary>
    internal Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<GuestTick>>? TickReader(Guid uuid) =>
        lab?.Guests.FirstOrDefault(guest => guest.Uuid == uuid) is { } guest ? TicksOf(guest) : null;

    internal static Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<GuestTick>> TicksOf(LabGuest guest) => (from, to) =>
        [.. TickLogReader.Read(guest.TickLog, from, to).Select(tick => new GuestTick(tick.Arrived, tick.Sequence, tick.MonotonicNs))];
}
