using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Hosts;
using static Orchestrator.Migration.Checks.PlanContext;

namespace Orchestrator.Migration.Checks;

/// <summary>The two hosts: that they are two, and alike enough.</summary>
internal static class HostPairChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        yield return TwoHosts(plan.Source, plan.Destination.Host);
        yield return Hypervisor(plan.Source, plan.Destination.Host);
        yield return Architecture(plan.Source, plan.Destination.Host);
        yield return QemuVersions(plan.Source, plan.Destination.Host);
        foreach (Check check in Layers(plan))
        {
            yield return check;
        }
    }

    private static Check TwoHosts(HostIdentity source, HostIdentity destination)
    {
        bool same = source.Uri == destination.Uri || (source.HostUuid is { } uuid && uuid == destination.HostUuid);
        return Check("two-hosts", CheckSeverity.Error, !same,
            $"{source.Name} and {destination.Name} are two hosts",
            $"{source.Name} and {destination.Name} are the same host (UUID {source.HostUuid?.ToString() ?? "unknown"})",
            "Name another destination. If these are two machines with one UUID, set host_uuid in libvirtd.conf of one.");
    }

    private static Check Hypervisor(HostIdentity source, HostIdentity destination)
    {
        HostIdentity? other = source.Driver != "QEMU" ? source : destination.Driver != "QEMU" ? destination : null;
        return Check("hypervisor", CheckSeverity.Error, other is null,
            "both hosts run QEMU",
            $"{other?.Name} is driven by {other?.Driver ?? "an unknown driver"}, not by QEMU",
            "Connect with a qemu:// URI.");
    }

    private static Check Architecture(HostIdentity source, HostIdentity destination) =>
        source.Architecture is null || destination.Architecture is null
            ? new("architecture", CheckSeverity.Error, CheckResult.Unknown, "a host does not tell its architecture")
            : Check("architecture", CheckSeverity.Error, source.Architecture == destination.Architecture,
                $"both hosts are {source.Architecture}",
                $"{source.Name} is {source.Architecture}, {destination.Name} is {destination.Architecture}",
                "Choose a destination of the same architecture.");

    private static Check QemuVersions(HostIdentity source, HostIdentity destination)
    {
        if (source.QemuVersion == 0 || destination.QemuVersion == 0)
        {
            return new("qemu-versions", CheckSeverity.Info, CheckResult.Unknown, "a host does not tell its QEMU's version");
        }

        return Check("qemu-versions", CheckSeverity.Warning, destination.QemuVersion >= source.QemuVersion,
            $"QEMU {HostDialect.VersionText(source.QemuVersion)} to {HostDialect.VersionText(destination.QemuVersion)}",
            $"{destination.Name} has an older QEMU ({HostDialect.VersionText(destination.QemuVersion)}) than {source.Name} ({HostDialect.VersionText(source.QemuVersion)})",
            "A machine type or device that the older QEMU lacks makes the migration fail late.");
    }

    /// <summary>What the two kernels, firmwares and drivers must have in common: only devices of the hosts make that matter.</summary>
    private static IEnumerable<Check> Layers(PlanContext plan)
    {
        if (plan is not { Here.Layers: { } source, There.Layers: { } destination })
        {
            return [];
        }

        bool kae = plan.Accelerators.Count > 0;
        HostNeed[] needs = [.. kae ? new[] { HostNeed.Kae } : [], .. plan.Vdpa.Count > 0 ? new[] { HostNeed.Vdpa } : []];
        HashSet<string> wanted = ["pair-bios", "pair-kernel", "pair-drivers", "pair-firmware", "pair-dialect", "pair-ports", .. kae ? new[] { "pair-vf-counts", "pair-pf-q-num" } : []];
        return PairChecks.Of(source, destination, needs).Where(check => wanted.Contains(check.Id));
    }
}
