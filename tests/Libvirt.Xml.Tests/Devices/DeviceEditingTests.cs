using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

public sealed class DeviceEditingTests
{
    private static readonly VdpaHostDevice Vdpa = new() { SourceDevice = "/dev/vhost-vdpa-0" };

    [Test]
    public void A_device_is_laid_out_as_its_document_is()
    {
        DomainDocument domain = DomainDocument.Parse("<domain>\n\t<name>a</name>\n</domain>");
        domain.Add(Vdpa with { Alias = "ua-a" });

        Assert.That(domain.ToString(), Is.EqualTo(
            "<domain>\n\t<name>a</name>\n\t<devices>\n\t\t<hostdev mode=\"subsystem\" type=\"vdpa\">\n\t\t\t<source dev=\"/dev/vhost-vdpa-0\" />\n\t\t\t<alias name=\"ua-a\" />\n\t\t</hostdev>\n\t</devices>\n</domain>"));
    }

    [Test]
    public void A_vdpa_device_is_found_by_its_node_alone()
    {
        DomainDocument domain = Domain.With("<hostdev type='vdpa' managed='yes'><source dev='/dev/vhost-vdpa-0'/><alias name='hostdev0'/></hostdev>");

        Assert.That(domain.Remove(Vdpa with { SourceDevice = "/dev/./vhost-vdpa-0" }), Is.False);
        Assert.That(domain.Remove(Vdpa with { Alias = "ua-other" }), Is.True);
        Assert.That(domain.Devices, Is.Empty);
    }

    [Test]
    public void An_interface_is_found_by_its_mac_address_in_any_case()
    {
        DomainDocument domain = Domain.With("<interface type='vdpa'><mac address='52:54:00:AA:BB:CC'/><source dev='/dev/vhost-vdpa-0'/></interface>");

        Assert.That(domain.Remove(new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-0", Mac = "52:54:00:aa:bb:cd" }), Is.False);
        Assert.That(domain.Remove(new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-9", Mac = "52:54:00:aa:bb:cc" }), Is.True);
    }

    [Test]
    public void An_interface_made_without_a_mac_address_is_found_by_its_node()
        => Assert.That(Domain.With("<interface type='vdpa'><mac address='52:54:00:AA:BB:CC'/><source dev='/dev/vhost-vdpa-0'/></interface>").Remove(new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-0" }), Is.True);

    [Test]
    public void Replacing_keeps_what_the_device_does_not_know()
    {
        DomainDocument domain = Domain.With(
            "<hostdev mode='subsystem' type='pci' managed='no' v='1'>\n      <!-- why -->\n      <source writeFiltering='no'>\n        <address domain='0' bus='49' slot='0' function='1'/>\n      </source>\n      <rom bar='off'/>\n"
            + "      <address type='pci' bus='0x06' multifunction='on'/>\n    </hostdev>");
        var device = (PciHostDevice)domain.Devices.Single();

        Assert.That(domain.Replace(device, device with { Source = new(0, 0x32, 1, 2), Migration = true }), Is.True);
        Assert.That(Canonical.Of(domain.ToString()), Is.EqualTo(Canonical.Of(Domain.With(
            "<hostdev mode='subsystem' type='pci' managed='no' v='1' migration='on'>\n      <!-- why -->\n      <source writeFiltering='no'>\n        <address domain='0x0000' bus='0x32' slot='0x01' function='0x2'/>\n      </source>\n      <rom bar='off'/>\n"
            + "      <address type='pci' bus='0x06' multifunction='on'/>\n    </hostdev>").ToString())));
    }

    [Test]
    public void Replacing_by_itself_changes_nothing()
    {
        foreach (DomainDevice device in EveryDevice.All)
        {
            DomainDocument domain = DomainDocument.Parse("<domain type='kvm'>\n  <name>a</name>\n</domain>");
            domain.Add(device);
            string before = domain.ToString();

            Assert.That(domain.Replace(domain.Devices.Single(), domain.Devices.Single()), Is.True, device.Kind);
            Assert.That(domain.ToString(), Is.EqualTo(before));
        }
    }

    [Test]
    public void Replacing_by_another_kind_keeps_the_place()
    {
        DomainDocument domain = Domain.With("<rng model='virtio'/>\n    <hostdev type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>\n    <memballoon model='none'/>");

        domain.Replace(Vdpa, new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-1" });
        Assert.That(domain.Devices.Select(device => device.Kind), Is.EqualTo(new[] { "<rng>", "<interface type='vdpa'>", "<memballoon>" }));
    }

    [Test]
    public void Replacing_what_is_not_there_changes_nothing() => Assert.That(Domain.With("<rng/>").Replace(Vdpa, Vdpa), Is.False);

    private static readonly DomainDevice[] Bad =
    [
        Vdpa with { SourceDevice = "" },
        Vdpa with { SourceDevice = "/dev/vhost-vdpa-" },
        Vdpa with { SourceDevice = "/dev/../vhost-vdpa-0" },
        Vdpa with { SourceDevice = "/dev/vhost-vdpa-0\0" },
        Vdpa with { IommuFd = 0 },
        Vdpa with { Alias = "a\0b" },
        Vdpa with { BootOrder = 0 },
        new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-0", Mac = "x" },
        new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-0", Queues = 0 },
        new VhostUserInterface { Socket = "relative" },
        new VirtioDisk { Type = "network", Target = "vda" },
        new VirtioInterface { Type = "bridge" },
        new VirtioInterface { Type = "vdpa" },
        new PciHostDevice { Source = default, NumaNode = -1 },
        new PciHostDevice { Source = default, Teaming = new() { Type = TeamingType.Transient } },
        new PciHostDevice { Source = default, DriverName = "vdpa" },
        new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-0", Driver = "e1000" },
        new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-0", GuestAddress = new(0, 1, 0, 0) },
        new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-0", Id = "\uD800" },
        new VdpaNetSimulation { NetworkId = "n", BootOrder = 1 },
        new OtherDevice("<rng model='virtio'/>") { Alias = "a\0b" },
        new RejectedVdpaDevice("<gvdpa><source dev='/dev/vhost-vdpa-0'/></gvdpa>"),
    ];

    [TestCaseSource(nameof(Bad))]
    public void A_device_that_no_libvirt_takes_whole_is_refused(DomainDevice device)
    {
        DomainDocument domain = Domain.With("<rng/>");
        string before = domain.ToString();

        var e = Assert.Throws<DeviceInvalidException>(() => domain.Add(device))!;
        Assert.That(e.Device, Is.SameAs(device));
        Assert.That(e.Problems, Is.Not.Empty);
        Assert.That(domain.ToString(), Is.EqualTo(before));
    }

    [Test]
    public void A_second_iommu_is_refused()
    {
        DomainDocument domain = Domain.With("<iommu model='intel'/>");
        var simulation = new VdpaNetSimulation { NetworkId = "n", WithIntelIommu = true };

        Assert.That(() => domain.Add(simulation), Throws.TypeOf<DeviceInvalidException>());
        Assert.That(() => domain.Add(simulation with { WithIntelIommu = false }), Throws.Nothing);
    }

    [Test]
    public void The_iommu_that_came_with_a_simulation_goes_with_it()
    {
        DomainDocument domain = DomainDocument.Parse("<domain><name>a</name></domain>");
        string before = domain.ToString();
        var simulation = new VdpaNetSimulation { NetworkId = "n", WithIntelIommu = true };
        domain.Add(simulation);
        domain.Remove(simulation);

        Assert.That(domain.ToString(), Is.EqualTo(before));
    }

    [Test]
    public void A_copy_knows_what_was_made_here()
    {
        DomainDocument domain = DomainDocument.Parse("<domain>\n  <name>a</name>\n</domain>");
        string before = domain.ToString();
        domain.Add(Vdpa);
        DomainDocument copy = domain.Copy();
        copy.Remove(Vdpa);

        Assert.That(copy.ToString(), Is.EqualTo(before));
        Assert.That(domain.Devices, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_generic_device_is_written_as_json()
        => Assert.That(new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-0", Id = "vd1", Bus = "pci.3" }.Arguments,
            Is.EqualTo(new[] { "-device", "{\"driver\":\"vhost-vdpa-device-pci\",\"id\":\"vd1\",\"vhostdev\":\"/dev/vhost-vdpa-0\",\"bus\":\"pci.3\"}" }));
}
