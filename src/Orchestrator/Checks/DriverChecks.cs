using Libvirt.Xml;
using Orchestrator.Devices;

namespace Orchestrator.Checks;

/// <summary>The vendors' drivers: those that put devices on the vDPA bus, and those of the Kunpeng accelerator.</summary>
internal static class DriverChecks
{
    private static readonly string[] Framework = ["vdpa", "vhost_vdpa", "virtio_vdpa", "vdpa_sim"];

    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        yield return Vdpa(scope);
        yield return PhysicalFunctions(scope);
        yield return VirtualFunctions(scope);
        if (scope.HasKae && scope.Facts.Kernel is { } kernel)
        {
            yield return Uacce(scope, kernel);
        }
    }

    /// <summary>The drivers and modules that provide vDPA devices; <see langword="null"/> when they could not be seen.</summary>
    internal static IReadOnlyList<string>? VdpaParents(HostFacts facts)
    {
        if (facts.Kernel is null && facts.PciFunctions is null)
        {
            return null;
        }

        IEnumerable<string> modules = facts.Kernel?.Modules.Keys.Where(name => IsParent(name) && !Framework.Contains(name)) ?? [];
        IEnumerable<string> bound = facts.PciFunctions?.Select(function => function.Driver).OfType<string>().Where(IsParent) ?? [];
        IEnumerable<string> parents = (facts.VdpaDevices ?? []).Where(device => device.Parent is not null)
            .Select(device => facts.PciFunctions?.FirstOrDefault(function => function.Address == device.Parent)?.Driver).OfType<string>();

        // A module's name has underscores where its driver's may have dashes.
        return [.. parents.Concat(bound).Concat(modules).Select(name => name.Replace('-', '_')).Distinct().Order(StringComparer.Ordinal)];

        static bool IsParent(string name) => name.Contains("vdpa", StringComparison.Ordinal) || name is "ifcvf" or "vduse";
    }

    private static HostCheck Vdpa(HostScope scope)
    {
        const string Id = "vdpa-driver";
        Judge judge = scope.Essential(HostLayer.Driver, HostNeed.Vdpa);
        if (VdpaParents(scope.Facts) is not { } parents)
        {
            return judge.Unknown(Id, $"the drivers of vDPA devices are {scope.Unseen}", $"On {scope.Name}: vdpa mgmtdev show");
        }

        if (parents.Count > 0)
        {
            return judge.Pass(Id, $"{scope.Name} has {Words.Some(parents)}");
        }

        if (scope.Facts.VdpaDevices is { Count: > 0 })
        {
            return judge.Pass(Id, $"{scope.Name} has vDPA devices without a PCI parent (simulated ones)");
        }

        PciFunctionFacts[] candidates = [.. HardwareChecks.VdpaCandidates(scope.Facts)];
        return candidates.Length > 0
            ? judge.Fail(Id, $"no driver of {scope.Name} provides vDPA devices; {Words.Some(candidates.Select(function => $"{function.Address} ({function.Id})"))} may be able to", RemedyFor(scope.Facts, candidates[0]))
            : judge.Unknown(Id, $"no driver of {scope.Name} provides vDPA devices, and no hardware was seen that could be driven");
    }

    private static string RemedyFor(HostFacts facts, PciFunctionFacts candidate)
    {
        bool wantsVirtual = candidate.TotalVirtualFunctions > 0 && !facts.PciFunctions!.Any(function => function.PhysicalFunction == candidate.Address);
        return (wantsVirtual ? $"echo 1 > /sys/bus/pci/devices/{candidate.Address}/sriov_numvfs; " : "") + candidate.Vendor switch
        {
            0x15b3 => "modprobe mlx5_vdpa",
            0x1af4 => $"modprobe vp_vdpa; echo vp-vdpa > /sys/bus/pci/devices/{candidate.Address}/driver_override; echo {candidate.Address} > /sys/bus/pci/drivers_probe",
            0x1dd8 => "modprobe pds_vdpa",
            _ => "install the vendor's vDPA driver, and give it the ids of the virtual functions: echo -n '1af4 1000' > /sys/bus/pci/drivers/DRIVER/new_id",
        };
    }

    private static HostCheck PhysicalFunctions(HostScope scope)
    {
        const string Id = "kae-pf-driver";
        Judge judge = scope.Essential(HostLayer.Driver, HostNeed.Kae);
        if (scope.Facts.PciFunctions is null)
        {
            return judge.Unknown(Id, $"the drivers of KAE are {scope.Unseen}", $"On {scope.Name}: lspci -nnk -d 19e5:");
        }

        (Accelerator Engine, PciFunctionFacts Function)[] all =
            [.. Accelerator.All.SelectMany(engine => scope.Facts.KaePhysicalFunctions(engine)!.Select(function => (engine, function)))];
        (Accelerator Engine, PciFunctionFacts Function)[] wrong = [.. all.Where(pair => pair.Function.Driver != pair.Engine.Driver)];
        return (all.Length, wrong.Length) switch
        {
            (0, _) => judge.Unknown(Id, $"{scope.Name} shows no KAE function that could be driven"),
            (_, 0) => judge.Pass(Id, $"{scope.Name}'s {all.Length} KAE functions have their drivers: {Words.Some(all.Select(pair => $"{pair.Function.Address} {pair.Function.Driver}"))}"),
            _ => judge.Fail(Id,
                $"{Words.Some(wrong.Select(pair => $"{pair.Function.Address} ({pair.Engine.Name}): {pair.Function.Driver ?? "no driver"}"))} of {scope.Name} is not bound to its KAE driver",
                Words.Some(wrong.Select(pair => $"modprobe {pair.Engine.Driver} pf_q_num=32").Distinct())
                + "; on 24.03 LTS SP3 insmod uacce, hisi_qm and these from /lib/modules/$(uname -r)/extra"),
        };
    }

    private static HostCheck VirtualFunctions(HostScope scope)
    {
        const string Id = "kae-vf-driver";
        Judge judge = scope.Essential(HostLayer.Driver, HostNeed.Kae);
        if (scope.Facts.PciFunctions is null)
        {
            return judge.Unknown(Id, $"the drivers of KAE's virtual functions are {scope.Unseen}", $"On {scope.Name}: lspci -nnk -d 19e5:");
        }

        PciFunctionFacts[] all = [.. Accelerator.All.SelectMany(engine => scope.Facts.KaeVirtualFunctions(engine)!)];
        if (all.Length == 0)
        {
            return judge.Unknown(Id, $"{scope.Name} has no virtual function of KAE that could be bound");
        }

        // 22.03's kernel migrates through vfio-pci with the module hisi_migration, later ones through a variant driver (Linux 5.18).
        bool legacy = scope.Facts.Dialect is { Name: DialectName.OpenEuler, LibvirtVersion: < 9_000_000 };
        string driver = legacy ? VfDriver.VfioPci : VfDriver.HisiAccVfioPci;
        PciFunctionFacts[] ready = [.. all.Where(function => function.Driver?.Replace('-', '_') == driver.Replace('-', '_'))];
        if (ready.Length == 0)
        {
            PciFunctionFacts first = all[0];
            return judge.Fail(Id, $"none of the {all.Length} virtual functions of KAE on {scope.Name} is bound to {driver}, which migrates them",
                (legacy ? $"modprobe {VfDriver.MigrationModule}; " : "")
                + (first.Driver is { } now ? $"echo {first.Address} > /sys/bus/pci/drivers/{now}/unbind; " : "")
                + $"echo {driver} > /sys/bus/pci/devices/{first.Address}/driver_override; echo {first.Address} > /sys/bus/pci/drivers_probe");
        }

        return legacy && scope.Facts.Kernel is { } kernel && !kernel.Has(VfDriver.MigrationModule)
            ? judge.Fail(Id, $"{ready.Length} virtual functions of KAE on {scope.Name} are bound to {driver}, but {VfDriver.MigrationModule}, which migrates them there, is not loaded", $"modprobe {VfDriver.MigrationModule}")
            : judge.Pass(Id, $"{ready.Length} of {all.Length} virtual functions of KAE on {scope.Name} are bound to {driver}");
    }

    private static HostCheck Uacce(HostScope scope, KernelFacts kernel)
    {
        const string Id = "kae-uacce";
        Judge judge = scope.Advice(HostLayer.Driver, HostNeed.Kae) with { Severity = CheckSeverity.Info };
        return kernel.Uacce.Count > 0
            ? judge.Pass(Id, $"{scope.Name} has {Words.Some(kernel.Uacce)}")
            : judge.Fail(Id, $"{scope.Name} has no accelerator in /sys/class/uacce", "modprobe uacce before the KAE drivers; after a reboot: rmmod hisi_sec2; modprobe hisi_sec2");
    }
}
