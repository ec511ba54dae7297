using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

public sealed class DeviceWritingTests
{
    private static readonly VdpaHostDevice Vdpa = new() { SourceDevice = "/dev/vhost-vdpa-4" };
    private static readonly PciHostDevice Kae = new() { Source = new(0, 0x31, 0, 1), Migration = true, DriverName = "vfio" };

    private static readonly TestCaseData[] Refused =
    [
        new(Vdpa, Dialects.Upstream, "<hostdev type='vdpa'>", (string[])["<interface type='vdpa'><source dev='/dev/vhost-vdpa-4'/>", "<disk type='vhostvdpa'", "\"vhostdev\":\"/dev/vhost-vdpa-4\""]),
        new(Vdpa with { Class = VirtioClass.Net }, Dialects.Upstream, "<hostdev type='vdpa'>", (string[])["<interface type='vdpa'>", "qemu:commandline"]),
        new(Vdpa with { Class = VirtioClass.Block }, Dialects.Upstream, "<hostdev type='vdpa'>", (string[])["<disk type='vhostvdpa'", "qemu:commandline"]),
        new(Kae, Dialects.Upstream, "migration='on'", (string[])["leave the attribute out", "<qemu:override>"]),
        new(Kae with { Migration = false }, Dialects.Upstream, "migration='off'", (string[])["<qemu:override>"]),
        new(Kae with { Managed = true }, Dialects.OpenEuler2403, "managed='yes'", (string[])["managed='no'"]),
        new(Kae with { NumaNode = 0 }, Dialects.OpenEuler2203, "<numa", (string[])["<numatune>"]),
        new(Kae with { DriverModel = "mlx5_vfio_pci" }, Dialects.OpenEuler2403, "mlx5_vfio_pci", (string[])["managed='no'"]),
        new(Kae with { Migration = null, IommuFd = 1 }, Dialects.Upstream, "iommufd", (string[])["<driver iommufd='yes'/>"]),
        new(new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-4" }, Dialects.OpenEuler2203, "<interface type='vdpa'>", (string[])["<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-4'/></hostdev>"]),
        new(new VhostVdpaDisk { SourceDevice = "/dev/vhost-vdpa-4", Target = "vda" }, Dialects.OpenEuler2403, "libblkio", (string[])["qemu-block-extra", "type='vdpa'"]),
        new(new VhostVdpaDisk { SourceDevice = "/dev/vhost-vdpa-4", Target = "vda" }, Dialects.OpenEuler2203, "<disk type='vhostvdpa'>", (string[])["type='vdpa'"]),
        new(new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-4" }, Dialects.Upstream with { GenericVdpaDevice = false }, "vhost-vdpa-device-pci", (string[])["<interface type='vdpa'>"]),
        new(new VdpaNetSimulation { NetworkId = "n" }, Dialects.Upstream, "reverted upstream", (string[])["patch", "vdpa_sim_net"]),
        new(new VhostUserDisk { Socket = "/s", Target = "vda" }, Dialects.OpenEuler2203, "7.1", Array.Empty<string>()),
        new(new RejectedVdpaDevice("<interface type='generic-vdpa'/>"), Dialects.OpenEuler2403, "generic-vdpa", (string[])["<interface type='vdpa'>"]),
    ];

    [TestCaseSource(nameof(Refused))]
    public void A_device_that_the_host_lacks_is_refused_with_what_to_write_instead(DomainDevice device, HostDialect dialect, string reason, string[] alternatives)
    {
        var e = Assert.Throws<DeviceRefusedException>(() => DeviceWriting.ForDialect(device, dialect))!;

        Assert.That(e.Device, Is.SameAs(device));
        Assert.That(e.Reason, Does.Contain(reason));
        Assert.That(e.Alternatives, Has.Count.EqualTo(alternatives.Length));
        foreach ((string found, string wanted) in e.Alternatives.Zip(alternatives))
        {
            Assert.That(found, Does.Contain(wanted));
            Assert.That(e.Message, Does.Contain(found));
        }
    }

    [Test]
    public void A_device_that_the_host_knows_is_written_as_it_is()
    {
        Assert.That(DeviceWriting.ForDialect(Vdpa, Dialects.OpenEuler2203), Is.EqualTo(Vdpa));
        Assert.That(DeviceWriting.ForDialect(Vdpa, Dialects.OpenEuler2403), Is.EqualTo(Vdpa));
        var nic = new VdpaInterface { SourceDevice = "/dev/vhost-vdpa-4" };
        Assert.That(DeviceWriting.ForDialect(nic, Dialects.Upstream), Is.EqualTo(nic));
        var simulation = new VdpaNetSimulation { NetworkId = "n" };
        Assert.That(DeviceWriting.ForDialect(simulation, Dialects.Upstream with { VdpaNetSimulation = true }), Is.EqualTo(simulation));
        var generic = new GenericVdpaDevice { SourceDevice = "/dev/vhost-vdpa-4" };
        Assert.That(DeviceWriting.ForDialect(generic, Dialects.Upstream with { GenericVdpaDevice = null }), Is.EqualTo(generic));
    }

    [Test]
    public void A_kae_function_is_not_managed_on_2403_and_left_to_the_default_on_2203()
    {
        Assert.That(DeviceWriting.ForDialect(Kae, Dialects.OpenEuler2403), Is.EqualTo(Kae with { Managed = false }));
        Assert.That(DeviceWriting.ForDialect(Kae, Dialects.OpenEuler2203), Is.EqualTo(Kae));
        Assert.That(DeviceWriting.ForDialect(Kae with { Migration = null }, Dialects.OpenEuler2403), Is.EqualTo(Kae with { Migration = null }));
    }

    [Test]
    public void The_problems_of_a_document_have_their_places()
    {
        DomainDocument document = DomainDocument.Parse(
            "<domain>\n<devices>\n<rng model='virtio'/>\n<hostdev type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>\n"
            + "<hostdev type='pci' migration='on'><source><address bus='0x31'/></source></hostdev></devices></domain>");

        Assert.That(DeviceWriting.DialectProblems(document, Dialects.Upstream).Select(problem => (problem.Path, problem.Line)),
            Is.EqualTo(new[] { ("/domain/devices/hostdev[1]", 4), ("/domain/devices/hostdev[2]", 5) }));
        Assert.That(DeviceWriting.DialectProblems(document, Dialects.OpenEuler2403), Is.Empty);
    }

    /// <summary>What is offered instead has to be right itself.</summary>
    [Test]
    public void The_alternatives_are_readable_and_taken_by_the_host()
    {
        IReadOnlyList<string> alternatives = DeviceWriting.Refusal(Vdpa, Dialects.Upstream)!.Alternatives;
        foreach (string alternative in alternatives)
        {
            string xml = alternative[alternative.IndexOf('<', StringComparison.Ordinal)..(alternative.LastIndexOf('>') + 1)];
            bool commandLine = xml.StartsWith("<qemu", StringComparison.Ordinal);
            DomainDocument document = DomainDocument.Parse("<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><memory>1</memory><memtune><hard_limit unit='TiB'>1</hard_limit></memtune>"
                + "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>" + (commandLine ? xml : $"<devices>{xml}</devices>") + "</domain>");

            Assert.That(document.Devices.Single().HostResource, Is.EqualTo("/dev/vhost-vdpa-4"));
            Assert.That(document.Check(), Is.Empty);
            Assert.That(DeviceWriting.DialectProblems(document, Dialects.Upstream), Is.Empty);
        }

        Assert.That(alternatives, Has.Count.EqualTo(3));
    }
}
