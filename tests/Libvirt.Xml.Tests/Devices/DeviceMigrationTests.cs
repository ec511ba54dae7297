using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

public sealed class DeviceMigrationTests
{
    private static readonly VdpaHostDevice Vdpa = new() { SourceDevice = "/dev/vhost-vdpa-0" };
    private static readonly VdpaInterface Nic = new() { SourceDevice = "/dev/vhost-vdpa-0" };
    private static readonly GenericVdpaDevice Generic = new() { SourceDevice = "/dev/vhost-vdpa-0" };
    private static readonly PciHostDevice Pci = new() { Source = new(0, 0x31, 0, 1) };
    private static readonly PciHostDevice Kae = Pci with { Migration = true };
    private static readonly DeviceHostFacts KaeFunction = new() { VendorId = 0x19e5, DeviceId = 0xa251 };

    private static readonly TestCaseData[] Ways =
    [
        // As tried in the lab, upstream.
        new(new VirtioInterface { Type = "bridge", Source = "br0" }, Dialects.Upstream, null, MigrationWay.WithGuest, true),
        new(new EmulatedDevice("<interface type='user'><model type='e1000'/></interface>"), Dialects.Upstream, null, MigrationWay.WithGuest, true),
        new(Nic, Dialects.Upstream, new DeviceHostFacts { ManagementDevice = "vdpasim_net" }, MigrationWay.ShadowVirtqueue, true),
        new(Nic, Dialects.Upstream, new DeviceHostFacts { ManagementDevice = "pci/0000:42:00.0", ParentDriver = "vp_vdpa" }, MigrationWay.ByDetach, true),
        new(Generic, Dialects.Upstream, null, MigrationWay.ByDetach, true),
        new(Pci, Dialects.Upstream, new DeviceHostFacts { VfioDriver = "vfio-pci" }, MigrationWay.ByDetach, true),

        new(Nic, Dialects.Upstream, null, MigrationWay.ShadowVirtqueue, false),
        new(Nic, Dialects.Upstream, new DeviceHostFacts { BackendSuspend = false }, MigrationWay.ByDetach, true),
        new(Nic, Dialects.Upstream, new DeviceHostFacts { ParentDriver = "mlx5_core", BackendSuspend = true }, MigrationWay.ShadowVirtqueue, true),
        new(Nic, Dialects.Upstream, new DeviceHostFacts { ParentDriver = "ifcvf" }, MigrationWay.ByDetach, false),
        new(Nic, Dialects.Upstream with { QemuVersion = 7_001_000 }, new DeviceHostFacts { ManagementDevice = "vdpasim_net" }, MigrationWay.ByDetach, true),
        new(new VhostVdpaNetwork { SourceDevice = "/dev/vhost-vdpa-0", NetworkId = "n", ShadowVirtqueue = true }, Dialects.Upstream, new DeviceHostFacts { ManagementDevice = "vdpasim_net" }, MigrationWay.ShadowVirtqueue, true),
        new(new VhostVdpaDisk { SourceDevice = "/dev/vhost-vdpa-0", Target = "vda" }, Dialects.Upstream, null, MigrationWay.WithGuest, false),

        // openEuler's generic device with a vendor's driver.
        new(Vdpa, Dialects.OpenEuler2403, new DeviceHostFacts { ParentDriver = "hisi_vdpa" }, MigrationWay.HardwareAssisted, false),
        new(Vdpa, Dialects.OpenEuler2203, null, MigrationWay.HardwareAssisted, false),
        new(Vdpa, Dialects.OpenEuler2403, new DeviceHostFacts { ParentDriver = "mlx5_core" }, MigrationWay.ByDetach, false),
        new(Vdpa, Dialects.Upstream, null, MigrationWay.NotAtAll, true),
        new(Generic, Dialects.OpenEuler2403, null, MigrationWay.HardwareAssisted, false),

        // KAE.
        new(Kae, Dialects.OpenEuler2403, KaeFunction with { VfioDriver = "hisi_acc_vfio_pci" }, MigrationWay.HardwareAssisted, true),
        new(Kae, Dialects.OpenEuler2203, KaeFunction with { VfioDriver = "vfio-pci" }, MigrationWay.HardwareAssisted, false),
        new(Kae, Dialects.OpenEuler2403, KaeFunction with { VfioDriver = "vfio-pci" }, MigrationWay.NotAtAll, true),
        new(Pci, Dialects.OpenEuler2203, KaeFunction with { VfioDriver = "vfio-pci" }, MigrationWay.NotAtAll, true),
        new(Kae with { Migration = false }, Dialects.OpenEuler2403, null, MigrationWay.ByDetach, true),
        new(Kae, Dialects.OpenEuler2403, null, MigrationWay.HardwareAssisted, false),
        new(Pci, Dialects.Upstream, new DeviceHostFacts { VfioDriver = "mlx5_vfio_pci" }, MigrationWay.HardwareAssisted, false),
        new(Pci, Dialects.Upstream with { QemuVersion = 8_000_000 }, new DeviceHostFacts { VfioDriver = "mlx5_vfio_pci" }, MigrationWay.ByDetach, true),
        new(Pci with { Teaming = new() { Type = TeamingType.Transient, Persistent = "ua-a" } }, Dialects.Upstream, new DeviceHostFacts { BlockedReasons = [] }, MigrationWay.ByDetach, true),

        new(new VhostUserInterface { Socket = "/s" }, Dialects.Upstream, null, MigrationWay.WithGuest, false),
        new(new VhostUserInterface { Socket = "/s" }, Dialects.Upstream, new DeviceHostFacts { BlockedReasons = [] }, MigrationWay.WithGuest, true),
        new(new VhostUserInterface { Socket = "/s", Alias = "ua-vdpa-a" }, Dialects.Upstream, null, MigrationWay.HardwareAssisted, false),
        new(new MediatedHostDevice { Uuid = Guid.Empty, Model = "vfio-pci" }, Dialects.Upstream, null, MigrationWay.ByDetach, false),
        new(new VdpaNetSimulation { NetworkId = "n" }, Dialects.Upstream, null, MigrationWay.NotAtAll, false),
        new(new VdpaNetSimulation { NetworkId = "n" }, Dialects.Upstream with { VdpaNetSimulation = true }, null, MigrationWay.WithGuest, false),
        new(new RejectedVdpaDevice("<gvdpa/>"), Dialects.Upstream, null, MigrationWay.NotAtAll, true),

        // QEMU's own word.
        new(Vdpa, Dialects.OpenEuler2403, new DeviceHostFacts { ParentDriver = "mlx5_core", BlockedReasons = [] }, MigrationWay.HardwareAssisted, true),
        new(Nic, Dialects.Upstream, new DeviceHostFacts { ManagementDevice = "vdpasim_net", BlockedReasons = ["SVQ Invalid device feature flags"] }, MigrationWay.ByDetach, true),
        new(Kae, Dialects.OpenEuler2403, KaeFunction with { VfioDriver = "hisi_acc_vfio_pci", BlockedReasons = ["VFIO migration is not supported in kernel"] }, MigrationWay.NotAtAll, true),
        new(new VirtioDisk { Target = "vda" }, Dialects.Upstream, new DeviceHostFacts { BlockedReasons = ["x"] }, MigrationWay.NotAtAll, true),
    ];

    [TestCaseSource(nameof(Ways))]
    public void A_device_migrates_as_the_facts_say(DomainDevice device, HostDialect dialect, DeviceHostFacts? facts, MigrationWay way, bool certain)
    {
        DeviceMigration migration = DeviceMigration.Judge(device, dialect, facts);

        Assert.That((migration.Way, migration.IsCertain), Is.EqualTo((way, certain)), string.Join("; ", migration.Evidence));
        Assert.That(migration.Evidence, Is.Not.Empty);
    }

    [Test]
    public void What_QEMU_says_is_the_first_evidence()
        => Assert.That(DeviceMigration.Judge(Generic, Dialects.Upstream, new() { BlockedReasons = ["non-migratable device: 0000:00:01.1:00.0/vhost-vdpa-device"] }).Evidence[0],
            Does.Contain("non-migratable device: 0000:00:01.1:00.0/vhost-vdpa-device"));

    [Test]
    public void An_attribute_that_the_host_drops_is_said()
        => Assert.That(DeviceMigration.Judge(Kae, Dialects.Upstream, null).Evidence, Has.Some.Contains("drops the migration attribute"));

    [Test]
    public void The_host_tells_VDUSE_and_virtio_functions_apart()
    {
        Assert.That(new DeviceHostFacts { ManagementDevice = "vduse" }.SchemeOf(Nic), Is.EqualTo(DeviceScheme.Vduse));
        Assert.That(new DeviceHostFacts { ManagementDevice = "vdpasim_net" }.SchemeOf(Nic), Is.EqualTo(DeviceScheme.KernelVdpa));
        Assert.That(new DeviceHostFacts { VendorId = 0x1af4 }.SchemeOf(Pci), Is.EqualTo(DeviceScheme.VirtioPassthrough));
        Assert.That(KaeFunction.SchemeOf(Pci), Is.EqualTo(DeviceScheme.Sriov));
    }
}
