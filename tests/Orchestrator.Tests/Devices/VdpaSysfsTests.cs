using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VdpaSysfsTests
{
    private const string Parent = "pci0000:40/0000:40:01.0/0000:42:00.0";

    [Test]
    public void A_name_leads_to_its_character_device_and_back()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 5).Vdpa("vdpa1", 0);
        Assert.That(VdpaSysfs.FindCharDevice(host.Files, "vdpa0"), Is.EqualTo("/dev/vhost-vdpa-5"));
        Assert.That(VdpaSysfs.FindName(host.Files, "/dev/vhost-vdpa-0"), Is.EqualTo("vdpa1"));
        Assert.That(VdpaSysfs.FindName(host.Files, "/dev/vhost-vdpa-1"), Is.Null);
    }

    [TestCase("vdpa1")]
    [TestCase("../vdpa0")]
    [TestCase("")]
    [TestCase(".")]
    public void A_name_of_no_device_leads_nowhere(string name)
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 5);
        Assert.That(VdpaSysfs.FindCharDevice(host.Files, name), Is.Null);
    }

    [Test]
    public void A_number_that_was_given_on_is_looked_up_anew()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 0);
        Assert.That(VdpaSysfs.FindCharDevice(host.Files, "vdpa0"), Is.EqualTo("/dev/vhost-vdpa-0"));
        Directory.Delete(host.Real("/sys/devices/vdpa0"), recursive: true);
        File.Delete(host.Real("/sys/bus/vdpa/devices/vdpa0"));
        host.Vdpa("vdpa1", 0);
        Assert.That((VdpaSysfs.FindCharDevice(host.Files, "vdpa0"), VdpaSysfs.FindCharDevice(host.Files, "vdpa1")), Is.EqualTo(((string?)null, "/dev/vhost-vdpa-0")));
    }

    [Test]
    public void A_device_has_the_node_and_address_of_its_parent()
    {
        using HostTree host = new HostTree().Vdpa("vpn0", 5, Parent).File($"/sys/devices/{Parent}/numa_node", "1\n");
        VdpaDevice device = VdpaSysfs.Complete(host.Files, new VdpaDevice { Name = "vpn0" });
        Assert.That((device.Driver, device.CharDevice, device.PciParent, device.NumaNode), Is.EqualTo(("vhost_vdpa", "/dev/vhost-vdpa-5", "0000:42:00.0", (int?)1)));
    }

    [Test]
    public void A_scalable_functions_device_has_those_of_the_card()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 0, $"{Parent}/mlx5_core.sf.2").File($"/sys/devices/{Parent}/numa_node", "0\n");
        VdpaDevice device = VdpaSysfs.Complete(host.Files, new VdpaDevice { Name = "vdpa0" });
        Assert.That((device.PciParent, device.NumaNode), Is.EqualTo(("0000:42:00.0", (int?)0)));
    }

    [Test]
    public void A_simulators_device_has_no_parent_and_a_node_of_minus_one_is_none()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 0).Vdpa("vpn0", 1, Parent).File($"/sys/devices/{Parent}/numa_node", "-1\n");
        VdpaDevice simulated = VdpaSysfs.Complete(host.Files, new VdpaDevice { Name = "vdpa0" });
        Assert.That((simulated.PciParent, simulated.NumaNode), Is.EqualTo(((string?)null, (int?)null)));
        Assert.That(VdpaSysfs.Complete(host.Files, new VdpaDevice { Name = "vpn0" }).NumaNode, Is.Null);
    }

    [Test]
    public void A_device_of_the_hosts_own_driver_has_no_character_device()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", null, driver: "virtio_vdpa").Vdpa("vdpa1", null, driver: null);
        Assert.That(VdpaSysfs.Complete(host.Files, new VdpaDevice { Name = "vdpa0" }), Is.EqualTo(new VdpaDevice { Name = "vdpa0", Driver = "virtio_vdpa" }).Using<VdpaDevice>(Same));
        Assert.That(VdpaSysfs.Complete(host.Files, new VdpaDevice { Name = "vdpa1" }).Driver, Is.Null);

        static bool Same(VdpaDevice a, VdpaDevice b) => (a.Name, a.Driver, a.CharDevice) == (b.Name, b.Driver, b.CharDevice);
    }

    [Test]
    public void What_the_host_itself_uses_is_in_use()
    {
        using HostTree host = new HostTree()
            .Vdpa("vdpa0", null, driver: "virtio_vdpa").File("/sys/devices/vdpa0/virtio3/net/eth1/operstate", "up\n")
            .Vdpa("vdpa1", null, driver: "virtio_vdpa").File("/sys/devices/vdpa1/virtio4/net/eth2/operstate", "down\n")
            .Vdpa("vblk0", null, driver: "virtio_vdpa").Folder("/sys/devices/vblk0/virtio5/block/vdb")
            .File("/proc/mounts", "proc /proc proc rw 0 0\n/dev/vdb1 /srv ext4 rw 0 0\n");
        Assert.That(VdpaSysfs.HostUsers(host.Files, "vdpa0").Single().ToString(), Is.EqualTo("this host's network interface eth1"));
        Assert.That(VdpaSysfs.HostUsers(host.Files, "vdpa1"), Is.Empty);
        Assert.That(VdpaSysfs.HostUsers(host.Files, "vblk0").Single().ToString(), Does.Contain("disk vdb"));
    }

    [Test]
    public void A_management_device_has_its_parents_driver()
    {
        using HostTree host = new HostTree()
            .Folder("/sys/bus/pci/drivers/vp-vdpa")
            .Link("/sys/bus/pci/devices/0000:42:00.0", $"../../../devices/{Parent}")
            .Link($"/sys/devices/{Parent}/driver", "/sys/bus/pci/drivers/vp-vdpa")
            .File($"/sys/devices/{Parent}/numa_node", "1\n");
        VdpaManagementDevice device = VdpaSysfs.Complete(host.Files, new VdpaManagementDevice { Name = "pci/0000:42:00.0" });
        Assert.That((device.Driver, device.NumaNode), Is.EqualTo(("vp-vdpa", (int?)1)));
        Assert.That(VdpaSysfs.Complete(host.Files, new VdpaManagementDevice { Name = "vdpasim_net" }).Driver, Is.Null);
    }
}
