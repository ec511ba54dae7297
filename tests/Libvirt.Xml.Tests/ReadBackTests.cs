using System.Xml.Linq;

namespace Libvirt.Xml.Tests;

/// <summary>What libvirt adds, reorders or writes its own way is no loss; what it drops is one.</summary>
public sealed class ReadBackTests
{
    private const string Stored = """
        <domain type='kvm'>
          <name>a</name><memory unit='KiB'>1048576</memory><currentMemory unit='KiB'>1048576</currentMemory><vcpu placement='static'>2</vcpu>
          <memtune><hard_limit unit='KiB'>9437184</hard_limit></memtune>
          <features><acpi/></features>
          <devices>
            <controller type='usb' index='0'/>
            <controller type='pci' index='0' model='pcie-root'/>
            <hostdev mode='subsystem' type='pci' managed='no'>
              <driver name='vfio'/>
              <source><address domain='0x0000' bus='0x31' slot='0x00' function='0x1'/></source>
              <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>
            </hostdev>
            <hostdev mode='subsystem' type='pci' managed='no' migration='on'>
              <source><address domain='0x0000' bus='0x31' slot='0x00' function='0x2'/></source>
            </hostdev>
            <interface type='network'><mac address='52:54:00:aa:bb:cc'/><source network='default'/></interface>
          </devices>
        </domain>
        """;

    [TestCase("<domain><features><acpi/></features><name>a</name></domain>", TestName = "another order")]
    [TestCase("<domain id='3'><name>a</name></domain>", TestName = "the id of a running domain")]
    [TestCase("<domain><memory unit='GiB'>1</memory><memtune><hard_limit unit='GiB'>9</hard_limit></memtune></domain>", TestName = "another unit")]
    [TestCase("<domain><vcpu current='2'>2</vcpu></domain>", TestName = "a current count that is the maximum")]
    [TestCase("<domain><devices><hostdev type='pci'><source><address bus='49' slot='0' function='0x1'/></source></hostdev></devices></domain>", TestName = "numbers written another way")]
    [TestCase("<domain><devices><hostdev type='pci' migration='on'><source><address bus='0x31' function='2'/></source></hostdev></devices></domain>", TestName = "the second of two devices")]
    [TestCase("<domain><devices><interface type='network'><mac address='52:54:00:AA:BB:CC'/><source network='default' portid='x' bridge='b'/><target dev='vnet7'/><alias name='net0'/></interface></devices></domain>", TestName = "what only a running interface has")]
    [TestCase("<domain><metadata/><cpu/></domain>", TestName = "empty containers")]
    [TestCase("<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:commandline/></domain>", TestName = "an empty command line")]
    public void Is_no_loss(string asked) => Assert.That(Losses(asked), Is.Empty);

    [TestCase("<domain><devices><hostdev type='pci' migration='on'><source><address bus='0x31' function='1'/></source></hostdev></devices></domain>", "/domain/devices/hostdev/@migration", "on", null, TestName = "migration of the first of two devices")]
    [TestCase("<domain><devices><hostdev type='pci' managed='yes'><source><address bus='0x31' function='1'/></source></hostdev></devices></domain>", "/domain/devices/hostdev/@managed", "yes", "no", TestName = "another value in a host device")]
    [TestCase("<domain><features><acpi/><gic version='3'/></features></domain>", "/domain/features/gic", null, null, TestName = "an element")]
    [TestCase("<domain><features><apic/></features></domain>", "/domain/features/apic", null, null, TestName = "an empty element that is a switch")]
    [TestCase("<domain><devices><hostdev type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices></domain>", "/domain/devices/hostdev/@type", "vdpa", "pci", TestName = "a type")]
    [TestCase("<domain><devices><interface type='network'><alias name='ua-net'/></interface></devices></domain>", "/domain/devices/interface/alias", null, null, TestName = "an alias of the user's")]
    [TestCase("<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:commandline><qemu:arg value='-x'/></qemu:commandline></domain>", "/domain/qemu:commandline", null, null, TestName = "arguments for QEMU")]
    public void Is_a_loss(string asked, string path, string? value, string? stored) =>
        Assert.That(Losses(asked), Does.Contain(new ReadBackLoss(path, value, stored)));

    [Test]
    public void Of_several_devices_the_lost_one_is_named() => Assert.That(
        Losses("<domain><devices><interface type='network'><mac address='52:54:00:aa:bb:cc'/></interface><interface type='network'><mac address='52:54:00:aa:bb:dd'/></interface></devices></domain>"),
        Is.EqualTo(new[] { new ReadBackLoss("/domain/devices/interface[2]", null, null) }));

    [Test]
    public void A_loss_reads_well()
    {
        Assert.That($"{new ReadBackLoss("/domain/devices/hostdev/@migration", "on", null)}", Is.EqualTo("/domain/devices/hostdev/@migration ('on') was dropped"));
        Assert.That($"{new ReadBackLoss("/domain/devices/hostdev/@managed", "yes", "no")}", Is.EqualTo("/domain/devices/hostdev/@managed is 'no' instead of 'yes'"));
    }

    [TestCase("<domain><devices><disk><iotune><total_iops_sec>0</total_iops_sec></iotune></disk></devices></domain>", TestName = "a limit of none")]
    [TestCase("<domain><devices><memballoon><stats period='0'/></memballoon></devices></domain>", TestName = "a period of never")]
    public void Zero_is_what_nothing_means(string asked) => Assert.That(
        ReadBack.Compare(XElement.Parse(asked), XElement.Parse("<domain><devices><disk/><memballoon/></devices></domain>")), Is.Empty);

    [Test]
    public void Siblings_that_are_nested_deep_cost_no_more_than_they_are()
    {
        // Twice the work at each of 60 levels would not end in this century.
        XElement nested = Enumerable.Range(0, 60).Aggregate(new XElement("a"), (inner, _) => new XElement("a", new XElement("a"), inner));
        var asked = new XElement("domain", new XElement("features", nested));

        Assert.That(ReadBack.Compare(asked, new XElement(asked)), Is.Empty);
    }

    [Test]
    public void Metadata_is_kept_or_not_by_its_top()
    {
        XElement asked = XElement.Parse("<domain><metadata><x:a xmlns:x='urn:x'><x:b/></x:a><plain/></metadata></domain>");

        Assert.That(ReadBack.Compare(asked, XElement.Parse("<domain><metadata><y:a xmlns:y='urn:x'/></metadata></domain>")), Is.EqualTo(new[] { new ReadBackLoss("/domain/metadata/plain", null, null) }));
    }

    [Test]
    public void A_document_equals_itself() => Assert.That(Losses(Stored), Is.Empty);

    private static IReadOnlyList<ReadBackLoss> Losses(string asked) => ReadBack.Compare(XElement.Parse(asked), XElement.Parse(Stored));
}
