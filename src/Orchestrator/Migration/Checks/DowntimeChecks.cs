using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using static Orchestrator.Migration.Checks.PlanContext;

namespace Orchestrator.Migration.Checks;

/// <summary>The blackout: its limit, what the devices need of it, and how it will be measured.</summary>
internal static class DowntimeChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        yield return Limit(plan.Request);
        yield return Trace(plan);
        if (plan.DeviceFloor is { } floor)
        {
            yield return Floor(plan, floor);
        }

        if (plan.Flags.HasFlag(DomainMigrateFlags.Postcopy) || plan.Request.Policy.PostCopy)
        {
            yield return PostCopy(plan);
        }
    }

    // The policy's post-copy is left out with such devices before this; here is said so, and nothing gets past it.
    private static Check PostCopy(PlanContext plan)
    {
        string[] hard = [.. plan.Vdpa.Concat(plan.Functions).Select(device => device.HostResource!)];
        bool asked = plan.Flags.HasFlag(DomainMigrateFlags.Postcopy);
        return Check("post-copy", asked ? CheckSeverity.Error : CheckSeverity.Info, hard.Length == 0, "no device of the host stands in the way of post-copy",
            $"{string.Join(", ", hard)} of {plan.Domain.Name} write(s) to memory that would still be on {plan.From}, so that QEMU cannot do post-copy{(asked ? "" : ": the policy goes on without it")}",
            "Leave post-copy out of the policy.");
    }

    private static Check Limit(MigrationRequest request)
    {
        bool valid = request.MaxDowntime is not { } limit
            || (limit >= TimeSpan.FromMilliseconds(1) && limit <= MigrationRequest.LargestMaxDowntime && limit.Ticks % TimeSpan.TicksPerMillisecond == 0);
        return Check("max-downtime", CheckSeverity.Error, valid,
            request.MaxDowntime is { } value ? string.Create(CultureInfo.InvariantCulture, $"limit {value.TotalMilliseconds:0} ms") : "the limit stays as it is",
            $"QEMU takes limits of 1 ms to {MigrationRequest.LargestMaxDowntime.TotalMilliseconds:0} ms, in whole milliseconds",
            "Choose a limit in that range.");
    }

    private static Check Floor(PlanContext plan, DeviceFloor floor)
    {
        const string Id = "device-floor";
        string text = string.Create(CultureInfo.InvariantCulture, $"{floor.Devices} cost {floor.LowMs:0} to {floor.HighMs:0} ms of blackout by themselves ({floor.Evidence})");
        double most = (plan.Request.MaxDowntime ?? plan.Request.Policy.MaxDowntime.Ceiling).TotalMilliseconds;
        string ms = most.ToString("0", CultureInfo.InvariantCulture);
        string limit = plan.Request.MaxDowntime is not null ? $"the limit of {ms} ms" : $"the {ms} ms that the policy {plan.Request.Policy.Name} allows";
        return Check(Id, CheckSeverity.Warning, most >= floor.LowMs, $"within {limit} there is room: {text}",
            $"{limit} will be exceeded: {text}, and QEMU does not count them when it decides to switch over",
            string.Create(CultureInfo.InvariantCulture, $"Allow at least {floor.HighMs:0} ms (--max-downtime, or max_downtime.ceiling of a policy), or expect more than the limit."));
    }

    private static Check Trace(PlanContext plan)
    {
        const string Id = "trace-events";
        if (plan.Document is null)
        {
            return Unknown(Id, $"the domain's document cannot be read: {plan.Unreadable}");
        }

        TraceArguments trace = plan.Document.TraceArguments;
        return trace.Covers("all_vcpus_paused") || trace.Covers("vm_state_notify")
            ? Pass(Id, $"trace events enabled: {string.Join(", ", trace.Patterns)}", CheckSeverity.Info)
            : new(Id, CheckSeverity.Info, CheckResult.Fail, "no trace events enabled: the downtime will be measured from QEMU's STOP and RESUME events",
                "Add --trace vm_state_notify to its qemu:commandline; it takes effect when the guest is next started.");
    }
}
