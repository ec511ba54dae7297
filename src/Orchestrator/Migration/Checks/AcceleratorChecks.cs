using System.Globalization;
using System.Xml.Linq;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Orchestrator.Migration.Mapping;
using static Orchestrator.Migration.Checks.PlanContext;

namespace Orchestrator.Migration.Checks;

/// <summary>What accelerator functions and other hardware ask for beside a place to go.</summary>
internal static class AcceleratorChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        if (plan.Document is null || plan.Vdpa.Count + plan.Functions.Count == 0)
        {
            yield break;
        }

        IReadOnlyList<DomainDevice> accelerators = plan.Accelerators;
        if (accelerators.Count > 0)
        {
            yield return OnlyPassthrough(plan, accelerators);
            yield return Driver(plan, accelerators);
        }

        if (plan.Functions.Count > 0)
        {
            yield return NumaNode(plan);
            yield return VirtualIommu(plan);
        }

        yield return Unknown("guest-driver", "whether the guest's driver of each device is loaded is seen only in the guest; without it a device is sent as not ready, without its state",
            accelerators.Count > 0 ? "In the guest: lsmod | grep hisi_; ls /sys/class/uacce" : "In the guest: lspci -k");
    }

    private static Check OnlyPassthrough(PlanContext plan, IReadOnlyList<DomainDevice> accelerators)
    {
        string[] others = [.. plan.Document!.Devices.Where(device => device.Scheme is DeviceScheme.Sriov or DeviceScheme.VirtioPassthrough or DeviceScheme.MediatedDevice or DeviceScheme.HostPassthrough or DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa)
            .Except(accelerators).Where(device => !plan.IsDetached(device)).Select(device => device.HostResource ?? device.Kind)];
        return Check("kae-only", CheckSeverity.Error, others.Length == 0, "the accelerator's functions are the only ones that are passed through",
            $"{plan.Domain.Name} has accelerator functions and {string.Join(", ", others)}: KAE migrates only where nothing else is passed through", "Detach the others first.");
    }

    private static Check Driver(PlanContext plan, IReadOnlyList<DomainDevice> accelerators)
    {
        const string Id = "kae-driver";
        PciHostDevice[] functions = [.. accelerators.OfType<PciHostDevice>()];
        if (FunctionWanted.KaeDriver(plan.There?.Dialect) is not { } driver)
        {
            return Unknown(Id, $"which driver {plan.To} migrates accelerators by is not known", null, CheckSeverity.Warning);
        }

        PciHostDevice[] managed = [.. functions.Where(function => function.Managed == true && driver == VfDriver.HisiAccVfioPci)];
        if (managed.Length > 0)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"{string.Join(", ", managed.Select(function => function.HostResource))} has managed='yes': libvirt on {plan.To} would put vfio-pci in the place of {driver}, which alone can take the state",
                "Write managed='no', and bind the functions before the start (orchestrator vf bind).");
        }

        // Those of managed='yes' get theirs from libvirt, when the guest starts.
        string[] unbound =
        [
            .. from function in functions
               where function.Managed != true
               let known = plan.Here?.Inventory.Functions?.VirtualFunctions.FirstOrDefault(other => other.Address == function.HostResource)
               where known is { Driver: not (VfDriver.VfioPci or VfDriver.HisiAccVfioPci) }
               select $"{known.Address} has {(known.Driver is { } other ? $"the driver {other}" : "no driver")} on {plan.From}",
        ];
        if (unbound.Length > 0)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail, $"{string.Join(", ", unbound)}: no guest can have it, and nothing saves its state", "Bind the functions before the start: orchestrator vf bind.");
        }

        PciHostDevice[] unasked = [.. functions.Where(function => function.Migration != true && plan.There?.Dialect?.MigrationAttribute == true)];
        return unasked.Length > 0
            ? new(Id, CheckSeverity.Warning, CheckResult.Fail, $"{string.Join(", ", unasked.Select(function => function.HostResource))} has no migration='on': whether QEMU migrates it depends on its default", "Write migration='on' at its next start.")
            : Pass(Id, $"{plan.To} migrates accelerators by {driver}");
    }

    private static Check NumaNode(PlanContext plan)
    {
        const string Id = "numa-node";
        var pairs = plan.Mapping.Devices.Where(device => device.Destination is not null)
            .Select(device => (device, Here: Node(plan.Here, device.Source), There: Node(plan.There, device.Destination!)))
            .Where(pair => plan.Functions.Any(function => function.HostResource == pair.device.Source)).ToArray();
        if (pairs.Length == 0 || pairs.Any(pair => pair.Here is null || pair.There is null))
        {
            return Unknown(Id, "the NUMA nodes of the functions are not all known");
        }

        var moved = pairs.Where(pair => pair.Here != pair.There).ToArray();
        int[] nodes = [.. pairs.Select(pair => pair.There!.Value).Distinct().Order()];
        string where = string.Join(", ", nodes.Select(node => node.ToString(CultureInfo.InvariantCulture)));
        return moved.Length == 0
            ? Pass(Id, $"the functions are on the same NUMA nodes on both hosts: {where}", CheckSeverity.Warning)
            : new(Id, CheckSeverity.Warning, CheckResult.Fail, $"{string.Join(", ", moved.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.device.Source} (node {pair.Here}) becomes {pair.device.Destination} (node {pair.There})")))} on {plan.To}",
                "Free functions on the same node there, or pin the guest's CPUs and memory to the new one; across nodes an accelerator is slower.");
    }

    private static int? Node(PlanningFacts? facts, string address) => facts?.Inventory.Functions?.VirtualFunctions.FirstOrDefault(function => function.Address == address)?.NumaNode;

    private static Check VirtualIommu(PlanContext plan)
    {
        bool has = plan.Document!.Root.Elements("devices").Elements("iommu").Any() && plan.Functions.Any(device => !plan.IsDetached(device));
        return Check("viommu", CheckSeverity.Error, !has, "the guest has no virtual IOMMU",
            $"{plan.Domain.Name} has a virtual IOMMU and PCI functions of {plan.From}: QEMU says \"Migration is currently not supported with vIOMMU enabled\"", "Take <iommu> out of the definition, and start the guest anew.");
    }
}
