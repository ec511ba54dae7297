namespace Libvirt.Xml.Tests;

/// <summary>What a migration changes of a document, and what it leaves as it was.</summary>
public sealed class HostResourcesTests
{
    private const string Guest = """
        <domain type="kvm" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">
          <name>web1</name><!-- kept -->
          <devices>
            <disk type="vhostuser" device="disk"><source type="unix" path="/run/a.sock"/><target dev="vda" bus="virtio"/></disk>
            <disk type="vhostvdpa" device="disk"><source dev="/dev/vhost-vdpa-5"/><target dev="vdb" bus="virtio"/></disk>
            <hostdev mode="subsystem" type="vdpa" managed="no" iommufd="2"><source dev="/dev/vhost-vdpa-0"/><address type="pci" domain="0x0000" bus="0x05" slot="0x00" function="0x0"/></hostdev>
            <hostdev mode="subsystem" type="pci" migration="on"><source><address domain="0x0000" bus="0x31" slot="0x00" function="0x1"/></source><address type="pci" domain="0x0000" bus="0x06" slot="0x00" function="0x0"/></hostdev>
            <interface type="vdpa"><mac address="52:54:00:00:00:01"/><source dev="/dev/vhost-vdpa-1"/></interface>
            <interface type="hostdev"><mac address="52:54:00:00:00:02"/><source><address type="pci" domain="0x0000" bus="0x41" slot="0x01" function="0x0"/></source></interface>
          </devices>
          <qemu:commandline>
            <qemu:arg value="-device"/>
            <qemu:arg value="{&quot;driver&quot;:&quot;vhost-vdpa-device-pci&quot;,&quot;vhostdev&quot;:&quot;/dev/vhost-vdpa-7&quot;,&quot;x-own&quot;:1}"/>
          </qemu:commandline>
        </domain>
        """;

    [Test]
    public void Only_what_a_device_uses_of_its_host_changes()
    {
        var document = DomainDocument.Parse(Guest);
        string before = document.ToString();
        var changes = new Dictionary<string, string>
        {
            ["/run/a.sock"] = "/run/b.sock",
            ["/dev/vhost-vdpa-5"] = "/dev/vhost-vdpa-50",
            ["/dev/vhost-vdpa-0"] = "/dev/vhost-vdpa-3",
            ["0000:31:00.1"] = "0000:b1:00.4",
            ["/dev/vhost-vdpa-1"] = "/dev/vhost-vdpa-0",
            ["0000:41:01.0"] = "0001:42:02.1",
            ["/dev/vhost-vdpa-7"] = "/dev/vhost-vdpa-1",
        };
        Assert.That(document.SetHostResources(changes), Is.EqualTo(7));
        string expected = before
            .Replace("/run/a.sock", "/run/b.sock", StringComparison.Ordinal).Replace("/dev/vhost-vdpa-5", "/dev/vhost-vdpa-50", StringComparison.Ordinal)
            .Replace("/dev/vhost-vdpa-0", "/dev/vhost-vdpa-3", StringComparison.Ordinal).Replace("/dev/vhost-vdpa-1", "/dev/vhost-vdpa-0", StringComparison.Ordinal)
            .Replace("/dev/vhost-vdpa-7", "/dev/vhost-vdpa-1", StringComparison.Ordinal)
            .Replace("bus=\"0x31\" slot=\"0x00\" function=\"0x1\"", "bus=\"0xb1\" slot=\"0x00\" function=\"0x4\"", StringComparison.Ordinal)
            .Replace("domain=\"0x0000\" bus=\"0x41\" slot=\"0x01\" function=\"0x0\"", "domain=\"0x0001\" bus=\"0x42\" slot=\"0x02\" function=\"0x1\"", StringComparison.Ordinal);
        Assert.That(document.ToString(), Is.EqualTo(expected));
    }

    [Test]
    public void Two_devices_change_places()
    {
        var document = DomainDocument.Parse(Guest);
        Assert.That(document.SetHostResources(new Dictionary<string, string> { ["/dev/vhost-vdpa-0"] = "/dev/vhost-vdpa-1", ["/dev/vhost-vdpa-1"] = "/dev/vhost-vdpa-0" }), Is.EqualTo(2));
        Assert.That(
            document.Devices.Select(device => device.HostResource),
            Is.EqualTo(new[] { "/run/a.sock", "/dev/vhost-vdpa-5", "/dev/vhost-vdpa-1", "0000:31:00.1", "/dev/vhost-vdpa-0", "0000:41:01.0", "/dev/vhost-vdpa-7" }));
    }

    [Test]
    public void What_stays_is_no_change()
    {
        var document = DomainDocument.Parse(Guest);
        string before = document.ToString();
        Assert.That(document.SetHostResources(new Dictionary<string, string> { ["/dev/vhost-vdpa-0"] = "/dev/vhost-vdpa-0", ["/dev/vhost-vdpa-9"] = "/dev/vhost-vdpa-1" }), Is.Zero);
        Assert.That(document.ToString(), Is.EqualTo(before));
    }

    [Test]
    public void A_function_becomes_no_node() => Assert.That(
        () => DomainDocument.Parse(Guest).SetHostResources(new Dictionary<string, string> { ["0000:31:00.1"] = "/dev/vhost-vdpa-3" }), Throws.InstanceOf<FormatException>());
}
