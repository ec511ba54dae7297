using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

/// <summary>One device of every kind that can be made, with as much of it set as there is.</summary>
internal static class EveryDevice
{
    internal static IReadOnlyList<DomainDevice> All { get; } =
    [
        new VdpaHostDevice
        {
            SourceDevice = "/dev/vhost-vdpa-91", Managed = false, IommuFd = 3, Alias = "ua-vdpa91", BootOrder = 91, GuestAddress = new(0, 9, 1, 0),
        },
        new PciHostDevice
        {
            Source = new(0xffff, 0xfe, 0x1f, 7), Managed = false, Migration = true, DriverName = "vfio", DriverModel = "hisi_acc_vfio_pci", NumaNode = 1, IommuFd = 4, Alias = "ua-zip",
        },
        new PciHostDevice { Source = new(0xffff, 0xfe, 0x1e, 7), Teaming = new() { Type = TeamingType.Transient, Persistent = "ua-stays" } },
        new MediatedHostDevice { Uuid = new("6ad1a2d5-1bd4-4a57-8a0d-4f4a1f9f3c11"), Model = "vfio-pci" },
        new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-92", Mac = "52:54:00:e4:e4:92", Queues = 4 },
        new VhostUserInterface { Socket = "/run/a b/net.sock", Mode = "server", Mac = "52:54:00:e4:e4:93", Queues = 2, Alias = "ua-vdpa-net" },
        new HostdevInterface
        {
            Source = new(0xffff, 0xfd, 0x1f, 6), Managed = true, Mac = "52:54:00:e4:e4:94", DriverName = "vfio", Teaming = new() { Type = TeamingType.Transient, Persistent = "ua-stays" },
        },
        new VirtioInterface { Type = "bridge", Source = "br-every", Mac = "52:54:00:e4:e4:95", DriverName = "vhost", Queues = 8, Teaming = new() { Type = TeamingType.Persistent }, Alias = "ua-stays" },
        new VirtioInterface { Type = "user", Mac = "52:54:00:e4:e4:96" },
        new VirtioDisk { Type = "block", Source = "/dev/every", Target = "vdzx", Queues = 2, BootOrder = 92 },
        new VhostUserDisk { Socket = "/run/blk.sock", Target = "vdzy" },
        new VhostVdpaDisk { SourceDevice = "/dev/vhost-vdpa-93", Target = "vdzz" },
        new EmulatedDevice("<interface type='user'><mac address='52:54:00:e4:e4:97'/><model type='e1000'/></interface>"),
        new OtherDevice("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"),
        new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-94", Id = "every0", Bus = "pcie.0", Address = "0x1f", QueueSize = 256, BootOrder = 93 },
        new VhostVdpaNetwork { SourceDevice = "/dev/vhost-vdpa-95", NetworkId = "every,vdpa", Mac = "52:54:00:e4:e4:98", Queues = 2, ShadowVirtqueue = true, Id = "every1", Bus = "pcie.0", Address = "0x1e" },
        new VdpaNetSimulation { NetworkId = "every-net", Id = "every-nic", Mac = "56:4a:b7:4f:4d:a9", Bus = "pci.6", Address = "0x0" },
    ];
}
