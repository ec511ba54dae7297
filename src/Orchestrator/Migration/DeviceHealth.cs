using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Migration;

/// <summary>
/// Whether the devices of a guest work after its migration, its cancel or its failure. "Running" is not enough: a vDPA device that could not be suspended or
/// resumed is told of by a line of QEMU's log alone, and a vhost device that did not start by QEMU's own state of it.
/// </summary>
internal static class DeviceHealth
{
    private static readonly TimeSpan ClockSlack = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);

    /// <summary>A guest that runs with a dead device has not come through well, wherever it is: then its migration is degraded.</summary>
    /// <param name="settled">Where it has come to rest.</param>
    /// <param name="source">The source.</param>
    /// <param name="destination">The destination.</param>
    /// <param name="readLog">Reads its QEMU's log on a host, and says when the migration began on that host's clock.</param>
    internal static async Task<SettledMigration> LookAsync(SettledMigration settled, IHost source, IHost destination, Func<IHost, Task<(LogEvidence Log, DateTimeOffset Since)>> readLog)
    {
        bool moved = settled.Destination.IsActive && !settled.Source.IsActive;
        (IHost host, DomainSnapshot? domain) = moved ? (destination, settled.Destination.Domain) : (source, settled.Source.Domain);
        if (domain is not { IsActive: true } || settled.Verdict.Outcome is MigrationOutcome.NeedsPerson or MigrationOutcome.Unreachable or MigrationOutcome.Refused
            || VdpaNodes(domain.Xml).Count == 0)
        {
            return settled;
        }

        (LogEvidence log, DateTimeOffset since) = await readLog(host).ConfigureAwait(false);
        string[] problems =
        [
            .. InLog(log, since).Select(line => $"the log of {domain.Name} on {host.Address.Name} says: {line}"),
            .. domain.State == DomainState.Running ? await NotStartedAsync(host, domain).ConfigureAwait(false) : [],
        ];
        return problems.Length == 0 ? settled : settled with { Verdict = settled.Verdict.WithDeadDevices(problems, host.Address.Name, domain.Name) };
    }

    /// <summary>The errors of migrating devices in a log. Pure.</summary>
    internal static IEnumerable<string> InLog(LogEvidence log, DateTimeOffset since) =>
        from text in log.Lines
        let line = QemuLogLine.Parse(text)
        where line.Kind == QemuLogLineKind.DeviceError && !(line.Stamp < since - ClockSlack)
        select line.Arguments;

    /// <summary>How many vhost devices the guest's drivers have started; <see langword="null"/> when QEMU does not tell (before 7.2).</summary>
    /// <param name="host">The host.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="orMayHave">Whether those count of which nobody tells, as the kernel may of a generic device on one host alone.</param>
    internal static async Task<int?> StartedAsync(IHost host, DomainSnapshot domain, bool orMayHave = false)
    {
        try
        {
            IReadOnlyList<VdpaDeviceHealth> devices = await VhostStates.AskAsync(host, domain, Kernel(host), CancellationToken.None).ConfigureAwait(false);
            return devices.All(device => device.Health == VdpaHealth.Unknown) ? null : devices.Count(device => device.Health == VdpaHealth.Works || (orMayHave && device.Health == VdpaHealth.Unknown));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Waits until as many are started as were: the guest's drivers take a plugged device in their own time.</summary>
    /// <returns>How many are, or may be; <see langword="null"/> when QEMU does not tell.</returns>
    internal static async Task<int?> UntilStartedAsync(IHost host, DomainSnapshot domain, int wanted, TimeSpan grace, TimeProvider time)
    {
        for (long start = time.GetTimestamp(); ; await Task.Delay(LookAgain, time, CancellationToken.None).ConfigureAwait(false))
        {
            int? now = await StartedAsync(host, domain, orMayHave: true).ConfigureAwait(false);
            if (now is null || now >= wanted || time.GetElapsedTime(start) >= grace)
            {
                return now;
            }
        }
    }

    private static async Task<IReadOnlyList<string>> NotStartedAsync(IHost host, DomainSnapshot domain)
    {
        try
        {
            return [.. from device in await VhostStates.AskAsync(host, domain, Kernel(host), CancellationToken.None).ConfigureAwait(false)
                       where device.Health == VdpaHealth.Dead
                       select $"{device.Resource} ({device.Alias}) of {domain.Name} on {host.Address.Name} is dead for the guest: {device.Why}"];
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException or FormatException)
        {
            return [$"the devices of {domain.Name} on {host.Address.Name} could not be looked at: {HostAddress.Redact(e.Message)}"];
        }
    }

    private static VdpaDevices? Kernel(IHost host) => HostMachine.Behind(host) is { } machine ? new(machine.Files, machine.Vdpa, host) : null;

    private static IReadOnlyList<string> VdpaNodes(string xml)
    {
        try
        {
            return [.. from device in DomainDocument.Parse(xml).Devices where device.Scheme is DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa or DeviceScheme.Vduse && device.HostResource is not null select device.HostResource];
        }
        catch (DomainDocumentException)
        {
            return []; // a check says so
        }
    }
}
