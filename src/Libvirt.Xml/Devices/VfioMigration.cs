namespace Libvirt.Xml.Devices;

/// <summary>How devices behind VFIO migrate.</summary>
internal static class VfioMigration
{
    private const long AutomaticSince = 8_001_000;

    internal static DeviceMigration Judge(DomainDevice device, HostDialect dialect, DeviceHostFacts facts)
    {
        DeviceMigration judged = device switch
        {
            PciHostDevice { Teaming.Type: TeamingType.Transient } or HostdevInterface { Teaming.Type: TeamingType.Transient } => new(MigrationWay.ByDetach, true,
                ["QEMU (failover): unplugs the transient device of a team for the migration by itself; its guest goes on over the persistent one"]),
            MediatedHostDevice => new(MigrationWay.ByDetach, false, ["kernel: only few drivers of mediated devices can save their state"]),
            PciHostDevice { Migration: false } when dialect.MigrationAttribute => new(MigrationWay.ByDetach, true, ["QEMU: \"Migration is disabled for VFIO device\", by migration='off'"]),
            PciHostDevice pci => Function(pci.Migration == true && dialect.MigrationAttribute, pci.DriverModel, dialect, facts),
            HostdevInterface nic => Function(asked: false, nic.DriverModel, dialect, facts),
            _ => new(MigrationWay.NotAtAll, false, []),
        };
        if (device is PciHostDevice { Migration: not null } && !dialect.MigrationAttribute)
        {
            judged = judged with { Evidence = [.. judged.Evidence, "libvirt: this host's drops the migration attribute without a word"] };
        }

        return judged.Way == MigrationWay.ByDetach && facts.IsKaeFunction
            ? judged with { Way = MigrationWay.NotAtAll, Evidence = [.. judged.Evidence, "KAE: the accelerators don't support hot plugging, so they can't be unplugged for it either"] }
            : judged;
    }

    private static DeviceMigration Function(bool asked, string? model, HostDialect dialect, DeviceHostFacts facts)
    {
        bool byItself = dialect.QemuVersion is 0 or >= AutomaticSince;
        if (!asked && !byItself)
        {
            return new(MigrationWay.ByDetach, true,
                [$"QEMU {HostDialect.VersionText(dialect.QemuVersion)}: migrates VFIO devices only when told (x-enable-migration, 8.1: by itself), \"VFIO device doesn't support migration\""]);
        }

        return (facts.VfioDriver ?? model) switch
        {
            // openEuler 22.03: the hisi_migration module works beside vfio-pci.
            "vfio-pci" when asked && !byItself => new(MigrationWay.HardwareAssisted, false,
                ["openEuler 22.03: vfio-pci together with the module hisi_migration, and migration='on'", "the host: whether hisi_migration serves this function is not known"]),
            "vfio-pci" => new(MigrationWay.ByDetach, true, ["kernel: plain vfio-pci has no state to give (\"VFIO migration is not supported in kernel\")"]),
            null => new(asked ? MigrationWay.HardwareAssisted : MigrationWay.ByDetach, false,
                ["the function's VFIO driver is not known", asked ? "document: migration='on'" : "kernel: plain vfio-pci can't, a driver of the device's own can"]),
            "hisi_acc_vfio_pci" => new(MigrationWay.HardwareAssisted, facts.VfioDriver is not null,
                ["kernel: hisi_acc_vfio_pci saves the state of KAE functions (Linux 5.18)", "both hosts: the numbers of queues and VFs have to be equal"]),
            var driver => new(MigrationWay.HardwareAssisted, false, [$"kernel: {driver} is a driver of the device's own, made to save its state"]),
        };
    }
}
