using System.Globalization;

namespace Orchestrator.Checks;

/// <summary>The host's clock, and by which methods this user can measure a downtime here.</summary>
internal static class MeasurementChecks
{
    /// <summary>Beyond this a clock spoils a downtime of a few hundred milliseconds.</summary>
    private const double GreatestErrorMs = 50;

    private static readonly string[] TraceEvents = ["all_vcpus_paused", "all_vcpus_prepared", "vm_state_notify", "vmstate_downtime_checkpoint"];

    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        yield return Clock(scope);
        yield return Events(scope);
        yield return Trace(scope);
        yield return Qmp(scope);
        var judge = new Judge(HostLayer.Measurement, CheckSeverity.Info);
        yield return judge.Pass("method-libvirt", $"method libvirt: {scope.Name} tells the statistics of completed jobs");
        yield return judge.Pass("method-observer", $"method observer: events of {scope.Name} reach this process");
        yield return judge.Unknown("method-guest", "method guest: only guests of the lab tick");
    }

    private static HostCheck Clock(HostScope scope)
    {
        const string Id = "clock";
        const string Remedy = "systemctl enable --now chronyd; chronyc makestep";
        var judge = new Judge(HostLayer.Measurement, CheckSeverity.Warning);
        return scope.Facts.Clock switch
        {
            null => judge.Unknown(Id, $"how well the clock is kept is {scope.Unseen}; a migration bounds the offset of both clocks itself", $"On {scope.Name}: chronyc tracking, or timedatectl"),
            { Synchronised: false, Source: var source } => judge.Fail(Id, $"the clock of {scope.Name} is not synchronised, says {source}", Remedy),
            { ErrorMs: { } error, Source: var source } => error <= GreatestErrorMs
                ? judge.Pass(Id, string.Create(CultureInfo.InvariantCulture, $"the clock of {scope.Name} is synchronised, at most {error:0.###} ms off, says {source}"))
                : judge.Fail(Id, string.Create(CultureInfo.InvariantCulture, $"the clock of {scope.Name} may be {error:0} ms off, says {source}"), Remedy),
            { Source: var source } => judge.Pass(Id, $"the clock of {scope.Name} is synchronised, says {source}"),
        };
    }

    private static HostCheck Events(HostScope scope)
    {
        const string Id = "trace-events";
        var judge = new Judge(HostLayer.Measurement, CheckSeverity.Info);
        if (scope.Facts.TraceEvents is not { } events)
        {
            return judge.Unknown(Id, $"which trace events QEMU has is {scope.Unseen}", $"On {scope.Name}: {scope.Facts.Emulator ?? "QEMU"} -trace help | grep -E 'all_vcpus|vm_state_notify'");
        }

        string[] present = [.. TraceEvents.Where(events.Contains)];
        return present.Length > 0
            ? judge.Pass(Id, $"QEMU of {scope.Name} has {string.Join(", ", present)}{(present.Contains("all_vcpus_prepared") ? "" : "; all_vcpus_* came to openEuler's QEMU in 2025")}")
            : judge.Fail(Id, $"QEMU of {scope.Name} has none of {string.Join(", ", TraceEvents)}", "Measure by another method, or use a QEMU that was built with trace events.");
    }

    private static HostCheck Trace(HostScope scope)
    {
        const string Id = "method-trace";
        var judge = new Judge(HostLayer.Measurement, CheckSeverity.Info);
        return (scope.Facts.LogsReadable, scope.Facts.QemuConfiguration?.LogTimestamp) switch
        {
            (false, _) => judge.Fail(
                Id, $"method trace: {(scope.Facts.Channel is { } way ? $"{way}, the logs of {scope.Name}'s guests may not be read" : $"this user may not read the logs of {scope.Name}'s guests")}",
                scope.Facts.Channel is null ? "Run as root, or be given the right to read them."
                    : "Set side_channel.sudo in hosts.yaml and give the account the lines of samples/sudoers/orchestrator, or reach the host as root; qmp needs no log."),
            (_, false) => judge.Fail(Id, $"method trace: lines of the logs of {scope.Name} carry no time", "Set log_timestamp = 1 in qemu.conf, restart the daemon, and start the guests anew."),
            (true, _) => judge.Pass(Id, $"method trace: the logs of {scope.Name}'s guests can be read{(scope.Facts.Channel is { } way ? $", {way}" : "")}"),
            (null, _) => judge.Unknown(Id, scope.Facts.FilesSeen
                ? $"method trace: {scope.Name} has no folder of guests' logs yet"
                : $"method trace: the logs are on {scope.Name}, which is not this machine", scope.Facts.FilesSeen ? null : "A migration reads them over SSH (side_channel.ssh in hosts.yaml, or a qemu+ssh URI), else through a storage pool of libvirt; or copy them and judge them with downtime analyze."),
        };
    }

    private static HostCheck Qmp(HostScope scope)
    {
        const string Id = "method-qmp";
        var judge = new Judge(HostLayer.Measurement, CheckSeverity.Info);
        return scope.Facts.MonitorEvents
            ? judge.Pass(Id, $"method qmp: {scope.Name} lets this user have QEMU's own events")
            : judge.Fail(Id, $"method qmp: QEMU's own events of {scope.Name} do not reach this process", "Install libvirt-qemu.so.0 on this machine, and connect to QEMU's driver.");
    }
}
