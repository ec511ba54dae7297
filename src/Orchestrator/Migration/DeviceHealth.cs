using System.Text.Json;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
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

    /// <summary>The devices that should be run by a vhost backend, whose driver in the guest is ready, and which are not started. Pure.</summary>
    /// <param name="status">QEMU's answer to <c>x-query-virtio-status</c>.</param>
    internal static bool IsDead(JsonElement status) =>
        status.TryGetProperty("vhost-dev", out _)
        && status.TryGetProperty("vhost-started", out JsonElement started) && started.ValueKind == JsonValueKind.False
        && status.TryGetProperty("status", out JsonElement guest) && guest.TryGetProperty("statuses", out JsonElement statuses)
        && statuses.EnumerateArray().Any(flag => flag.GetString()?.Contains("DRIVER_OK", StringComparison.Ordinal) == true);

    private static async Task<IReadOnlyList<string>> NotStartedAsync(IHost host, DomainSnapshot domain)
    {
        var dead = new List<string>();
        var monitor = new QemuMonitor(host, domain.Uuid);
        try
        {
            QemuAnswer all = await monitor.ExecuteAsync("x-query-virtio", null, CancellationToken.None).ConfigureAwait(false);
            if (all.ErrorClass is not null || all.Result.ValueKind != JsonValueKind.Array)
            {
                return []; // a QEMU before 7.2 does not tell
            }

            foreach (JsonElement device in all.Result.EnumerateArray())
            {
                string path = device.GetProperty("path").GetString()!;
                QemuAnswer status = await monitor.ExecuteAsync("x-query-virtio-status", new() { ["path"] = path }, CancellationToken.None).ConfigureAwait(false);
                if (status.ErrorClass is null && IsDead(status.Result))
                {
                    dead.Add($"the vhost backend of {path} of {domain.Name} on {host.Address.Name} is not started: the device is dead for the guest");
                }
            }
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException or FormatException)
        {
            return [$"the devices of {domain.Name} on {host.Address.Name} could not be looked at: {HostAddress.Redact(e.Message)}"];
        }

        return dead;
    }

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
