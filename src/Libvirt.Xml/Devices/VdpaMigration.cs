namespace Libvirt.Xml.Devices;

/// <summary>How devices on a vhost-vdpa node migrate.</summary>
internal static class VdpaMigration
{
    // Stock drivers: none of them has the log and the state calls that openEuler's QEMU needs.
    private static readonly string[] Stock = ["vdpasim_net", "vdpasim_blk", "vdpa_sim_net", "vdpa_sim_blk", "mlx5_core", "mlx5_vdpa", "ifcvf", "vp_vdpa", "virtio_pci", "vduse"];

    internal static DeviceMigration Judge(DomainDevice device, HostDialect dialect, DeviceHostFacts facts)
    {
        // Simulators and VDUSE are their own management devices.
        // The same driver is vp-vdpa in sysfs and vp_vdpa as a module.
        string? driver = facts.ParentDriver is { } parent ? Module(parent) : facts.ManagementDevice is { } name && Stock.Contains(Module(name)) ? Module(name) : null;
        return device switch
        {
            VdpaHostDevice when !dialect.VdpaHostDevice => new(MigrationWay.NotAtAll, true, ["libvirt: this host's has no <hostdev type='vdpa'>"]),
            VdpaHostDevice => HardwareAssisted(driver),
            GenericVdpaDevice when dialect.Name == DialectName.OpenEuler => HardwareAssisted(driver),
            GenericVdpaDevice => new(MigrationWay.ByDetach, true,
            [
                "QEMU: vhost-vdpa-device is marked unmigratable upstream (\"non-migratable device: …/vhost-vdpa-device\")",
                "libvirt: doesn't know the device, so it is unplugged and plugged through QEMU's monitor (device_del, DEVICE_DELETED, device_add)",
            ]),
            VhostVdpaNetwork { ShadowVirtqueue: true } => new(MigrationWay.ShadowVirtqueue, driver is "vdpasim_net" or "vdpa_sim_net",
                ["QEMU: with x-svq=on it stands between guest and device all the time (tried: migrates on vdpa_sim_net, QEMU 10.0)"]),
            VhostVdpaDisk => new(MigrationWay.WithGuest, false, ["QEMU: virtio-blk in QEMU over libblkio; both hosts have to reach the same data, or it is copied (tested with libvirt 10.0)"]),
            _ => ShadowVirtqueue(driver, dialect, facts),
        };
    }

    private static string Module(string driver) => driver.Replace('-', '_');

    private static DeviceMigration HardwareAssisted(string? driver)
    {
        const string Need = "QEMU (openEuler, vdpa-dev-mig.c): the driver has to offer VHOST_F_LOG_ALL, SUSPEND and the migration states";
        return driver switch
        {
            null => new(MigrationWay.HardwareAssisted, false, [Need, "the device's driver is not known"]),
            _ when Stock.Contains(driver) => new(MigrationWay.ByDetach, false,
                [Need, $"kernel: stock {driver} has no such log (\"Migration disabled: vhost lacks VHOST_F_LOG_ALL feature.\"); only a vendor's version may"]),
            _ => new(MigrationWay.HardwareAssisted, false, [Need, $"kernel: {driver} is no stock driver; tested is the Huawei SP623Q's on aarch64"]),
        };
    }

    private static DeviceMigration ShadowVirtqueue(string? driver, HostDialect dialect, DeviceHostFacts facts)
    {
        const string Switch = "QEMU: switches a vhost-vdpa network to shadow virtqueues for the migration, when the backend can be suspended";
        if (dialect.QemuVersion is > 0 and < 7_002_000)
        {
            return new(MigrationWay.ByDetach, true, [$"QEMU {HostDialect.VersionText(dialect.QemuVersion)}: doesn't switch to shadow virtqueues by itself (7.2 does)"]);
        }

        if (facts.BackendSuspend == false)
        {
            return new(MigrationWay.ByDetach, true, [Switch, "kernel: this backend can't be suspended"]);
        }

        return driver switch
        {
            "vp_vdpa" or "virtio_pci" => new(MigrationWay.ByDetach, true,
                [Switch, "tried: with vp_vdpa QEMU refuses, \"vdpa svq does not work with features 0x200000\""]),
            "ifcvf" => new(MigrationWay.ByDetach, false, [Switch, "kernel: ifcvf has no SUSPEND; its own migration registers aren't used by stock QEMU"]),
            "vduse" => new(MigrationWay.ByDetach, false, [Switch, "kernel: VDUSE isn't known to have SUSPEND"]),
            "vdpasim_net" or "vdpa_sim_net" => new(MigrationWay.ShadowVirtqueue, true,
                [Switch, "tried: an interface on vdpa_sim_net migrates (libvirt 11.3, QEMU 10.0); check its data path afterwards"]),
            "mlx5_core" or "mlx5_vdpa" => new(MigrationWay.ShadowVirtqueue, facts.BackendSuspend == true, [Switch, "kernel: mlx5_vdpa has SUSPEND and RESUME"]),
            _ => new(MigrationWay.ShadowVirtqueue, false, [Switch, facts.BackendSuspend == true ? "kernel: this backend can be suspended" : "whether this backend can be suspended is not known"]),
        };
    }
}
