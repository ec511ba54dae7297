using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>What libvirt tells of another host's devices.</summary>
public sealed class NodeDevicesTests
{
    private const string Simulated = """
        <device><name>vdpa_vdpa0</name><path>/sys/devices/vdpa0</path><parent>computer</parent><driver><name>vhost_vdpa</name></driver>
        <capability type='vdpa'><chardev>/dev/vhost-vdpa-0</chardev></capability></device>
        """;

    private const string OnPci = """
        <device><name>vdpa_vpn_0</name><path>/sys/devices/pci0000:40/0000:40:01.0/0000:42:00.0/vpn-0</path><parent>pci_0000_42_00_0</parent>
        <driver><name>vhost_vdpa</name></driver><capability type='vdpa'><chardev>/dev/vhost-vdpa-5</chardev></capability></device>
        """;

    private const string OnScalableFunction = """
        <device><name>vdpa_sf0</name><path>/sys/devices/pci0000:40/0000:40:01.0/0000:42:00.0/mlx5_core.sf.2/sf0</path><parent>computer</parent>
        <capability type='vdpa'/></device>
        """;

    private const string Card = """
        <device><name>pci_0000_42_00_0</name><path>/sys/devices/pci0000:40/0000:40:01.0/0000:42:00.0</path><parent>pci_0000_40_01_0</parent>
        <capability type='pci'><domain>0</domain><bus>66</bus><slot>0</slot><function>0</function><numa node='1'/></capability></device>
        """;

    private const string Zip = """
        <device><name>pci_0000_31_00_0</name><driver><name>hisi_zip</name></driver>
        <capability type='pci'><class>0x120000</class><domain>0</domain><bus>49</bus><slot>0</slot><function>0</function>
        <product id='0xa250'>HiSilicon ZIP Engine</product><vendor id='0x19e5'>Huawei Technologies Co., Ltd.</vendor>
        <capability type='virt_functions' maxCount='63'><address domain='0x0000' bus='0x31' slot='0x00' function='0x1'/></capability>
        <iommuGroup number='9'><address domain='0x0000' bus='0x31' slot='0x00' function='0x0'/></iommuGroup><numa node='0'/></capability></device>
        """;

    private const string ZipFunction = """
        <device><name>pci_0000_31_00_1</name><driver><name>hisi_acc_vfio_pci</name></driver>
        <capability type='pci'><class>0x120000</class><domain>0</domain><bus>49</bus><slot>0</slot><function>1</function>
        <product id='0xa251'/><vendor id='0x19e5'>Huawei Technologies Co., Ltd.</vendor>
        <capability type='phys_function'><address domain='0x0000' bus='0x31' slot='0x00' function='0x0'/></capability>
        <iommuGroup number='10'><address domain='0x0000' bus='0x31' slot='0x00' function='0x1'/></iommuGroup><numa node='0'/></capability></device>
        """;

    [Test]
    public async Task Vdpa_devices_are_read_with_their_parents_and_users()
    {
        await using FakeHost host = Host(Simulated, OnPci, OnScalableFunction, Card);
        DeviceUsersTests.Add(host, "web1", DomainState.Running, "/dev/vhost-vdpa-5");
        IReadOnlyList<VdpaDevice> devices = await VdpaNodeDevices.ListAsync(host);
        Assert.That(
            devices.Select(device => (device.Name, device.CharDevice, device.Driver, device.PciParent, device.NumaNode, device.ScalableFunction)),
            Is.EqualTo(new[]
            {
                ("vdpa0", "/dev/vhost-vdpa-0", "vhost_vdpa", (string?)null, (int?)null, (string?)null),
                ("vpn-0", "/dev/vhost-vdpa-5", "vhost_vdpa", "0000:42:00.0", 1, null),
                ("sf0", (string?)null, (string?)null, "0000:42:00.0", 1, "mlx5_core.sf.2"),
            }));
        Assert.That(devices.Select(device => string.Join(" ", device.Users)), Is.EqualTo(new[] { "", "domain web1", "" }));
    }

    [Test]
    public async Task Functions_are_read_with_their_engines_and_users()
    {
        await using FakeHost host = Host(ZipFunction, Zip, Card, Simulated);
        DeviceUsersTests.Add(host, "db1", DomainState.Running, "0000:31:00.1");
        SriovInventory inventory = await SriovNodeDevices.ReadAsync(host);
        PhysicalFunction physical = inventory.PhysicalFunctions.Single();
        Assert.That(
            (physical.Address, physical.Id, physical.Engine, physical.Driver, physical.TotalVfs, physical.NumVfs, physical.NumaNode),
            Is.EqualTo(("0000:31:00.0", "19e5:a250", (AcceleratorEngine?)AcceleratorEngine.Zip, "hisi_zip", 63, 1, (int?)0)));
        VirtualFunction function = inventory.VirtualFunctions.Single();
        Assert.That(
            (function.Address, function.PhysicalFunction, function.Engine, function.Driver, function.IommuGroup, function.IommuGroupSize),
            Is.EqualTo(("0000:31:00.1", "0000:31:00.0", (AcceleratorEngine?)AcceleratorEngine.Zip, "hisi_acc_vfio_pci", (int?)10, 1)));
        Assert.That(function.Users, Is.EqualTo(new[] { new DeviceUser("db1", null, null) }));
    }

    [Test]
    public async Task A_function_whose_vdpa_device_a_domain_has_is_in_use()
    {
        const string Carried = """
            <device><name>vdpa_vpn0</name><path>/sys/devices/pci0000:30/0000:31:00.1/vpn0</path><parent>pci_0000_31_00_1</parent><driver><name>vhost_vdpa</name></driver>
            <capability type='vdpa'><chardev>/dev/vhost-vdpa-5</chardev></capability></device>
            """;
        await using FakeHost host = Host(ZipFunction, Zip, Carried);
        DeviceUsersTests.Add(host, "web1", DomainState.Running, "/dev/vhost-vdpa-5");
        Assert.That(
            (await SriovNodeDevices.ReadAsync(host)).VirtualFunctions.Single().Users,
            Is.EqualTo(new[] { new DeviceUser("web1", null, null), new DeviceUser(null, null, "its vDPA device vpn0, which vhost_vdpa has") }));
    }

    [Test]
    public async Task A_daemon_too_old_to_be_asked_for_vdpa_devices_lists_those_it_shows()
    {
        await using FakeHost host = Host(Simulated, Card);
        host.RefusesVdpaDevices = true;
        Assert.That((await VdpaNodeDevices.ListAsync(host)).Select(device => device.Name), Is.EqualTo(new[] { "vdpa0" }));
    }

    [Test]
    public async Task A_daemon_without_node_devices_tells_of_none()
    {
        await using FakeHost host = Host();
        Assert.That(await VdpaNodeDevices.ListAsync(host), Is.Empty);
        Assert.That((await SriovNodeDevices.ReadAsync(host)).PhysicalFunctions, Is.Empty);
    }

    [Test]
    public void What_a_document_does_not_say_is_not_made_up()
    {
        NodeDeviceDocument bare = NodeDeviceDocument.Parse("<device><name>x</name><capability type='pci'/></device>");
        Assert.That((bare.PciAddress, bare.VendorId, bare.NumaNode, bare.IommuGroup, bare.Driver, bare.MaxVirtualFunctions), Is.EqualTo(((PciAddress?)null, (int?)null, (int?)null, (int?)null, (string?)null, (int?)null)));
        NodeDeviceDocument wrong = NodeDeviceDocument.Parse("<device><capability type='pci'><domain>0</domain><bus>999</bus><slot>0</slot><function>0</function></capability></device>");
        Assert.That((wrong.Name, wrong.PciAddress, wrong.PhysicalFunction), Is.EqualTo(("", (PciAddress?)null, (PciAddress?)null)));
    }

    [TestCase("<domain/>")]
    [TestCase("<device>")]
    [TestCase("")]
    [TestCase("<!DOCTYPE device [<!ENTITY e 'x'>]><device><name>&e;</name></device>")]
    public void What_is_no_node_device_is_refused(string xml) => Assert.That(() => NodeDeviceDocument.Parse(xml), Throws.InstanceOf<FormatException>());

    private static FakeHost Host(params string[] documents)
    {
        var host = new FakeHost("node1", new ObserverClock(TimeProvider.System));
        host.NodeDevices.AddRange(documents);
        return host;
    }
}
