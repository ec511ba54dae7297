using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

/// <summary>Each form as its origin writes it: openEuler's documentation, libvirt's own documentation, the vdpa-net document.</summary>
public sealed class DeviceReadingTests
{
    private static readonly PciAddress Zip = new(0, 0x31, 0, 1);

    private static readonly TestCaseData[] Forms =
    [
        new("<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>", new VdpaHostDevice { SourceDevice = "/dev/vhost-vdpa-0" }, DeviceScheme.KernelVdpa),
        new("<hostdev type='vdpa' managed='no' iommufd='7'><source dev='/dev/vhost-vdpa-12'/><boot order='1'/><alias name='ua-vdpa0'/>"
                + "<address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/></hostdev>",
            new VdpaHostDevice { SourceDevice = "/dev/vhost-vdpa-12", Managed = false, IommuFd = 7, BootOrder = 1, Alias = "ua-vdpa0", GuestAddress = new(0, 5, 0, 0) }, DeviceScheme.KernelVdpa),
        new("<hostdev mode='subsystem' type='pci' migration='on'><driver name='vfio'/><source><address bus='0x31' slot='0x00' function='0x1'/></source></hostdev>",
            new PciHostDevice { Source = Zip, Migration = true, DriverName = "vfio" }, DeviceScheme.Sriov),
        new("<hostdev mode='subsystem' type='pci' managed='no' migration='off'><source><address domain='0x0000' bus='49' slot='00' function='01'/></source><numa node='2'/></hostdev>",
            new PciHostDevice { Source = Zip, Managed = false, Migration = false, NumaNode = 2 }, DeviceScheme.Sriov),
        new("<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
            new MediatedHostDevice { Uuid = new("c2177883-f1bb-47f0-914d-32a22e3a8804"), Model = "vfio-pci" }, DeviceScheme.MediatedDevice),
        new("<interface type='vdpa'><mac address='52:54:00:00:00:01'/><source dev='/dev/vhost-vdpa-0'/><model type='virtio'/><driver queues='4'/></interface>",
            new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-0", Mac = "52:54:00:00:00:01", Queues = 4 }, DeviceScheme.KernelVdpa),
        new("<interface type='vhostuser'><source type='unix' path='/tmp/vhost1.sock' mode='server'/><model type='virtio'/></interface>",
            new VhostUserInterface { Socket = "/tmp/vhost1.sock", Mode = "server" }, DeviceScheme.VhostUser),
        new("<interface type='vhostuser'><source type='unix' path='/tmp/vhost1.sock' mode='client'/><model type='virtio'/><alias name='ua-vdpa-net0'/></interface>",
            new VhostUserInterface { Socket = "/tmp/vhost1.sock", Alias = "ua-vdpa-net0" }, DeviceScheme.UserVdpa),
        new("<interface type='hostdev' managed='yes'><source><address type='pci' domain='0' bus='0x31' slot='0' function='1'/></source><teaming type='transient' persistent='ua-b'/></interface>",
            new HostdevInterface { Source = Zip, Managed = true, Teaming = new() { Type = TeamingType.Transient, Persistent = "ua-b" } }, DeviceScheme.Sriov),
        new("<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>", new VirtioInterface { Type = "bridge", Source = "br0" }, DeviceScheme.VhostKernel),
        new("<interface type='bridge'><source bridge='br0'/><model type='virtio'/><driver name='qemu'/></interface>",
            new VirtioInterface { Type = "bridge", Source = "br0", DriverName = "qemu" }, DeviceScheme.Virtio),
        new("<interface type='user'><model type='virtio'/></interface>", new VirtioInterface { Type = "user" }, DeviceScheme.Virtio),
        new("<disk type='vhostvdpa' device='disk'><driver name='qemu' type='raw' cache='none'/><source dev='/dev/vhost-vdpa-0'/><target dev='vda' bus='virtio'/></disk>",
            new VhostVdpaDisk { SourceDevice = "/dev/vhost-vdpa-0", Target = "vda" }, DeviceScheme.KernelVdpa),
        new("<disk type='vhostuser' device='disk'><driver name='qemu' type='raw' queues='4'/><source type='unix' path='/tmp/blk.sock'><reconnect enabled='yes' timeout='10'/></source><target dev='vdf' bus='virtio'/></disk>",
            new VhostUserDisk { Socket = "/tmp/blk.sock", Target = "vdf", Queues = 4 }, DeviceScheme.VhostUser),
        new("<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a.qcow2'/><target dev='vda'/></disk>",
            new VirtioDisk { Source = "/a.qcow2", Format = "qcow2", Target = "vda" }, DeviceScheme.Virtio),
    ];

    [TestCaseSource(nameof(Forms))]
    public void A_form_is_read_as_its_device(string xml, DomainDevice expected, DeviceScheme scheme)
    {
        DomainDevice device = Domain.With(xml).Devices.Single();

        Assert.That(device, Is.EqualTo(expected));
        Assert.That(device.Scheme, Is.EqualTo(scheme));
    }

    [Test]
    public void A_guest_without_kvm_has_no_vhost()
        => Assert.That(DomainDocument.Parse("<domain type='qemu'><devices><interface type='bridge'><source bridge='b'/><model type='virtio'/></interface></devices></domain>").Devices.Single().Scheme,
            Is.EqualTo(DeviceScheme.Virtio));

    [TestCase("<interface type='user'><model type='e1000'/></interface>", DeviceScheme.Emulated, "e1000")]
    [TestCase("<disk type='file' device='disk'><target dev='hda' bus='ide'/></disk>", DeviceScheme.Emulated, "ide")]
    [TestCase("<interface type='user'/>", DeviceScheme.Emulated, "interface")]
    [TestCase("<hostdev mode='subsystem' type='usb'><source/></hostdev>", DeviceScheme.HostPassthrough, "usb")]
    [TestCase("<filesystem type='mount'><driver type='virtiofs'/></filesystem>", DeviceScheme.VhostUser, "filesystem")]
    [TestCase("<vsock model='virtio'/>", DeviceScheme.VhostKernel, "vsock")]
    [TestCase("<rng model='virtio'/>", DeviceScheme.Virtio, "rng")]
    [TestCase("<serial type='pty'/>", DeviceScheme.Other, "serial")]
    public void Other_devices_are_known_by_their_scheme(string xml, DeviceScheme scheme, string kind)
    {
        DomainDevice device = Domain.With(xml).Devices.Single();

        Assert.That(device.Scheme, Is.EqualTo(scheme));
        Assert.That(device.Kind, Does.Contain(kind));
    }

    [Test]
    public void A_scsi_disk_is_what_its_controller_is()
    {
        DomainDocument domain = Domain.With("<controller type='scsi' index='0' model='virtio-scsi'/><disk><target dev='sda' bus='scsi'/></disk>");

        Assert.That(domain.Devices.Select(device => device.Scheme), Is.EqualTo(new[] { DeviceScheme.Virtio, DeviceScheme.Virtio }));
    }

    [TestCase("vhost-vdpa-device-pci,vhostdev=/dev/vhost-vdpa-3,id=g,,0,bus=pci.2,queue-size=256", "g,0")]
    [TestCase("{\"driver\":\"vhost-vdpa-device-pci\",\"vhostdev\":\"/dev/vhost-vdpa-3\",\"id\":\"g,0\",\"bus\":\"pci.2\",\"queue-size\":256}", "g,0")]
    [TestCase("driver=vhost-vdpa-device-pci,vdpa-dev=/dev/vhost-vdpa-3,id=x,bus=pci.2,queue-size=256", "x")]
    public void A_generic_device_is_read_from_either_form(string argument, string id)
    {
        DomainDevice device = Domain.WithArguments("-device", argument).Devices.Single();

        Assert.That(device, Is.EqualTo(new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-3", Id = id, Bus = "pci.2", QueueSize = 256 }));
        Assert.That(device.Scheme, Is.EqualTo(DeviceScheme.GenericVdpa));
    }

    [Test]
    public void The_simulation_device_is_read_from_its_document()
    {
        DomainDocument domain = Domain.WithArguments(
            "-device", "intel-iommu,intremap=on,device-iotlb=on,aw-bits=48", "-netdev", "tap,id=hostnet1,script=no,downscript=no,vhost=off", "-device",
            "virtio-net-pci,netdev=hostnet1,id=net1,mac=56:4a:b7:4f:4d:a9,bus=pci.6,addr=0x0,iommu_platform=on,ats=on,vdpa=on");

        var device = new VdpaNetSimulation { NetworkId = "hostnet1", Id = "net1", Mac = "56:4a:b7:4f:4d:a9", Bus = "pci.6", Address = "0x0", WithIntelIommu = true };
        Assert.That(domain.Devices, Is.EqualTo(new[] { device }));
        Assert.That(device.Arguments, Is.EqualTo(domain.Root.Elements().Single(e => e.Name.LocalName == "commandline").Elements().Select(e => e.Attribute("value")!.Value)));
    }

    [Test]
    public void The_network_card_of_QEMU_alone_is_read()
        => Assert.That(Domain.WithArguments("-netdev", "type=vhost-vdpa,vhostdev=/dev/vhost-vdpa-0,id=vhostvdpa1", "-device", "virtio-net-pci,netdev=vhostvdpa1").Devices,
            Is.EqualTo(new[] { new VhostVdpaNetwork { SourceDevice = "/dev/vhost-vdpa-0", NetworkId = "vhostvdpa1" } }));

    [Test]
    public void A_device_shows_its_class_where_it_is_known()
    {
        Assert.That(new VdpaHostDevice { SourceDevice = "/dev/vhost-vdpa-0", Class = VirtioClass.Block }.Kind, Is.EqualTo("<hostdev type='vdpa'> (block)"));
        Assert.That(new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-0", Class = VirtioClass.Net }.Kind, Is.EqualTo("-device vhost-vdpa-device-pci (net)"));
        Assert.That(new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-0" }.Kind, Is.EqualTo("-device vhost-vdpa-device-pci"));
    }

    [Test]
    public void Devices_of_the_command_line_come_last()
    {
        DomainDocument domain = Domain.WithArguments("-device", "vhost-vdpa-device-pci,vhostdev=/dev/vhost-vdpa-3");
        domain.Add(new VdpaHostDevice { SourceDevice = "/dev/vhost-vdpa-0" });

        Assert.That(domain.Devices.Select(device => device.HostResource), Is.EqualTo(new[] { "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-3" }));
    }

    [Test]
    public void A_hundred_thousand_faulty_devices_are_read_promptly()
    {
        // Each one faulty, so that each one's path is made: that must not count all of its siblings.
        DomainDocument domain = Domain.With(string.Concat(Enumerable.Repeat("<hostdev type='vdpa'/>", 100_000)));

        Assert.That(domain.Check().Count(problem => problem.Severity == DeviceProblemSeverity.Error), Is.EqualTo(100_000));
    }

    [TestCase("auxiliary/mlx5_core.sf.4", true, "mlx5_core", 4)]
    [TestCase("auxiliary/mlx5_core.eth.4", false, null, 0)]
    [TestCase("pci/0000:08:01.1", false, null, 0)]
    [TestCase(null, false, null, 0)]
    public void A_scalable_function_is_known_by_its_management_device(string? name, bool known, string? driver, int index)
    {
        Assert.That(ScalableFunction.TryParse(name, out ScalableFunction function), Is.EqualTo(known));
        Assert.That((function.Driver, function.Index), Is.EqualTo((driver, index)));
        Assert.That(!known || function.ToString() == name, Is.True);
    }
}
