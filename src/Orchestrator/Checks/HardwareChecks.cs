using Orchestrator.Devices;

namespace Orchestrator.Checks;

/// <summary>SmartNICs, accelerators, SR-IOV and the IOMMU.</summary>
internal static class HardwareChecks
{
    private const ushort Huawei = 0x19e5;
    private const ushort Virtio = 0x1af4;

    /// <summary>Vendors of whose Ethernet functions some can be vDPA devices: Huawei, NVIDIA, AMD, Marvell, and virtio's own ids.</summary>
    private static readonly ushort[] VdpaVendors = [Huawei, 0x15b3, 0x1dd8, 0x177d, Virtio];

    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        yield return SmartNic(scope);
        yield return Kae(scope);
        yield return VirtualFunctions(scope);
        yield return Iommu(scope);
        if (VdpaFunctions(scope.Facts) is { Length: > 0 } parents)
        {
            yield return Tested(scope, parents);
        }

        if (scope.Facts.VdpaDevices is { Count: > 0 })
        {
            yield return Architecture(scope);
        }

        if (Numa(scope) is { } numa)
        {
            yield return numa;
        }

        yield return Firmware(scope);
    }

    /// <summary>Functions that may become vDPA devices. A virtio function that virtio-pci drives is the host's own network: it is not to be taken away.</summary>
    internal static IEnumerable<PciFunctionFacts> VdpaCandidates(HostFacts facts) => (facts.PciFunctions ?? [])
        .Where(function => function.IsEthernet && VdpaVendors.Contains(function.Vendor) && !(function.Vendor == Virtio && function.Driver == "virtio-pci"));

    /// <summary>The functions behind the host's vDPA devices, or bound to a driver that provides them.</summary>
    private static PciFunctionFacts[] VdpaFunctions(HostFacts facts)
    {
        var parents = (facts.VdpaDevices ?? []).Select(device => device.Parent).ToHashSet();
        return [.. (facts.PciFunctions ?? []).Where(function => parents.Contains(function.Address) || function.Driver?.Contains("vdpa", StringComparison.Ordinal) == true || function.Driver == "ifcvf")];
    }

    private static HostCheck SmartNic(HostScope scope)
    {
        const string Id = "vdpa-hardware";
        Judge judge = scope.Essential(HostLayer.Hardware, HostNeed.Vdpa);
        if (VdpaFunctions(scope.Facts) is { Length: > 0 } parents)
        {
            return judge.Pass(Id, $"{scope.Name} has vDPA functions: {Words.Some(parents.Select(function => $"{function.Address} ({function.Id})"))}");
        }

        if (scope.Facts.VdpaDevices is { Count: > 0 } simulated)
        {
            return judge.Pass(Id, $"{scope.Name}'s {simulated.Count} vDPA devices have no PCI parent: simulated ones, for tests");
        }

        if (scope.Facts.PciFunctions is null)
        {
            return judge.Unknown(Id, $"the PCI functions are {scope.Unseen}", $"On {scope.Name}: lspci -nn | grep -i ethernet");
        }

        PciFunctionFacts[] candidates = [.. VdpaCandidates(scope.Facts)];
        return candidates.Length > 0
            ? judge.Pass(Id, $"{scope.Name} has functions that may offer vDPA with their vendor's driver: {Words.Some(candidates.Select(function => $"{function.Address} ({function.Id})"))}")
            : judge.Fail(Id, $"{scope.Name} shows no SmartNIC whose functions could be vDPA devices", "Put one in, or switch on its virtio functions in its own firmware; for tests: modprobe vdpa_sim_net");
    }

    private static HostCheck Kae(HostScope scope)
    {
        const string Id = "kae-hardware";
        Judge judge = scope.Essential(HostLayer.Hardware, HostNeed.Kae);
        if (scope.Facts.PciFunctions is null)
        {
            return judge.Unknown(Id, $"KAE's functions are {scope.Unseen}", $"On {scope.Name}: lspci -nn -d 19e5:");
        }

        string[] present = [.. Accelerator.All.Where(engine => scope.Facts.KaePhysicalFunctions(engine)!.Count > 0).Select(engine => $"{engine.Name} ({scope.Facts.KaePhysicalFunctions(engine)!.Count})")];
        return present.Length > 0
            ? judge.Pass(Id, $"{scope.Name} has KAE functions: {string.Join(", ", present)}")
            : judge.Fail(Id, $"{scope.Name} shows no function of the Kunpeng accelerator ({string.Join(", ", Accelerator.All.Select(engine => $"{engine.Name} {Accelerator.Vendor:x4}:{engine.PhysicalDevice:x4}"))})", "Use a Kunpeng 920 or later, and switch the accelerator on in the BIOS.");
    }

    private static HostCheck VirtualFunctions(HostScope scope)
    {
        const string Id = "kae-sriov";
        Judge judge = scope.Essential(HostLayer.Hardware, HostNeed.Kae);
        if (scope.Facts.PciFunctions is null)
        {
            return judge.Unknown(Id, $"KAE's virtual functions are {scope.Unseen}", $"On {scope.Name}: lspci -nn -d 19e5:");
        }

        Accelerator[] engines = [.. Accelerator.All.Where(engine => scope.Facts.KaePhysicalFunctions(engine)!.Count > 0)];
        Accelerator[] without = [.. engines.Where(engine => scope.Facts.KaeVirtualFunctions(engine)!.Count == 0)];
        if (engines.Length == 0)
        {
            return judge.Unknown(Id, $"{scope.Name} shows no KAE function that could have virtual ones");
        }

        return without.Length == 0
            ? judge.Pass(Id, $"{scope.Name} has virtual functions: {string.Join(", ", engines.Select(engine => $"{engine.Name} {scope.Facts.KaeVirtualFunctions(engine)!.Count}"))}")
            : judge.Fail(Id, $"{string.Join(", ", without.Select(engine => engine.Name))} of {scope.Name} has no virtual function",
                string.Join("; ", without.Select(engine => $"echo 1 > /sys/bus/pci/devices/{scope.Facts.KaePhysicalFunctions(engine)![0].Address}/sriov_numvfs")));
    }

    // For whatever the host is for; without devices it is not yet missing.
    private static HostCheck Iommu(HostScope scope)
    {
        const string Id = "iommu";
        Judge vdpa = scope.Essential(HostLayer.Hardware, HostNeed.Vdpa);
        Judge kae = scope.Essential(HostLayer.Hardware, HostNeed.Kae);
        bool real = scope.HasKae || VdpaFunctions(scope.Facts).Length > 0;
        Judge judge = kae.Severity > vdpa.Severity ? kae : vdpa;
        return scope.Facts.IommuGroups switch
        {
            null => judge.Unknown(Id, $"the IOMMU is {scope.Unseen}", $"On {scope.Name}: ls /sys/kernel/iommu_groups"),
            > 0 => judge.Pass(Id, $"{scope.Name}'s IOMMU is on: {scope.Facts.IommuGroups} groups"),
            _ when !real => judge.Pass(Id, $"{scope.Name}'s IOMMU is off; it has no device yet that would need it"),
            _ => judge.Fail(Id, $"{scope.Name}'s IOMMU is off", scope.Facts.Host.Architecture == "aarch64"
                ? "Switch the SMMU on in the BIOS (Support SMMU)."
                : "Switch VT-d or AMD-Vi on in the BIOS, and start the kernel with intel_iommu=on or amd_iommu=on."),
        };
    }

    private static HostCheck Tested(HostScope scope, PciFunctionFacts[] functions)
    {
        const string Id = "nic-tested";
        const string Report = "openEuler's test report of kernel vDPA covers the Huawei SP623Q alone";
        Judge judge = scope.Advice(HostLayer.Hardware, HostNeed.Vdpa) with { Severity = CheckSeverity.Warning };

        // A virtual function may show virtio's ids: its physical function tells the maker.
        PciFunctionFacts[] cards = [.. functions.Select(function => scope.Facts.PciFunctions!.FirstOrDefault(other => other.Address == function.PhysicalFunction) ?? function).DistinctBy(function => function.Id)];
        PciFunctionFacts[] others = [.. cards.Where(function => function.Vendor != Huawei)];
        return others.Length > 0
            ? judge.Fail(Id, $"{Words.Some(others.Select(function => $"{function.Id} at {function.Address}"))} of {scope.Name} was not tested: {Report}", "Migrate a guest of no importance first, and look at its devices afterwards.")
            : judge.Unknown(Id, $"{Words.Some(cards.Select(function => $"{function.Id} at {function.Address}"))} of {scope.Name} is Huawei's; {Report}, and PCI ids do not tell a card's model", "Compare the card's own label, or its vendor's tool.");
    }

    private static HostCheck Architecture(HostScope scope)
    {
        const string Id = "architecture-tested";
        Judge judge = scope.Advice(HostLayer.Hardware, HostNeed.Vdpa) with { Severity = CheckSeverity.Warning };
        return scope.Facts.Host.Architecture switch
        {
            null => judge.Unknown(Id, $"{scope.Name} does not tell its architecture"),
            "aarch64" => judge.Pass(Id, $"{scope.Name} is aarch64, for which kernel vDPA was tested"),
            var other => judge.Fail(Id, $"{scope.Name} is {other}; openEuler's test report of kernel vDPA covers aarch64 alone", "Migrate a guest of no importance first."),
        };
    }

    private static HostCheck? Numa(HostScope scope)
    {
        const string Id = "numa";
        var judge = new Judge(HostLayer.Hardware, CheckSeverity.Warning);
        PciFunctionFacts[][] groups =
        [
            .. Accelerator.All.Select(engine => (scope.Facts.KaeVirtualFunctions(engine) ?? []).ToArray()),
            VdpaFunctions(scope.Facts),
        ];
        groups = [.. groups.Where(group => group.Length > 0)];
        if (groups.Length == 0)
        {
            return null;
        }

        if (groups.Any(group => group.All(function => function.NumaNode is null)))
        {
            return scope.Facts.NumaNodes.Count <= 1
                ? judge.Pass(Id, $"{scope.Name} has one NUMA node")
                : judge.Unknown(Id, $"the NUMA nodes of {scope.Name}'s functions are not told by its firmware");
        }

        var common = groups.Select(group => group.Select(function => function.NumaNode).OfType<int>().ToHashSet()).Aggregate((left, right) => [.. left.Intersect(right)]);
        return common.Count > 0
            ? judge.Pass(Id, $"functions of every kind are on NUMA node {string.Join(", ", common.Order())} of {scope.Name}: a guest's devices can be together")
            : judge.Fail(Id, $"no NUMA node of {scope.Name} has functions of every kind, and devices on several nodes cost speed",
                "Create virtual functions of the engine that lacks them on the node of the others.");
    }

    private static HostCheck Firmware(HostScope scope)
    {
        const string Id = "firmware";
        var judge = new Judge(HostLayer.Hardware, CheckSeverity.Info);
        return scope.Facts.Firmware is { } firmware
            ? judge.Pass(Id, $"firmware of {scope.Name}: {string.Join(' ', new[] { firmware.Vendor, firmware.Version, firmware.Date }.OfType<string>())}{(firmware.Product is { } product ? $", {product}" : "")}")
            : judge.Unknown(Id, $"the firmware's version is {scope.Unseen}", $"On {scope.Name}: dmidecode -s bios-version");
    }
}
