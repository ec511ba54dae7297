using Libvirt.Interop;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

public sealed class SriovSysfsTests
{
    [Test]
    public async Task The_engines_of_a_kunpeng_host_are_read()
    {
        using HostTree host = HostTree.Kunpeng();
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        Assert.That(
            inventory.PhysicalFunctions.Select(function => (function.Address, function.Engine, function.Driver, function.TotalVfs, function.NumVfs, function.NumaNode)),
            Is.EqualTo(new[]
            {
                ("0000:31:00.0", (AcceleratorEngine?)AcceleratorEngine.Zip, "hisi_zip", 63, 2, (int?)0),
                ("0000:35:00.0", AcceleratorEngine.Sec, "hisi_sec2", 63, 2, 0),
                ("0000:39:00.0", AcceleratorEngine.Hpre, "hisi_hpre", 63, 2, 0),
                ("0000:b1:00.0", AcceleratorEngine.Zip, "hisi_zip", 63, 1, 1),
            }));
        Assert.That((inventory.PhysicalFunctions[0].PfQNum, inventory.PhysicalFunctions[0].Uacce, inventory.PhysicalFunctions[1].PfQNum), Is.EqualTo(((int?)32, "hisi_zip-0", (int?)null)));
        VirtualFunction function = inventory.VirtualFunctions[0];
        Assert.That(
            (function.Address, function.Id, function.PhysicalFunction, function.Engine, function.Driver, function.DriverOverride, function.IommuGroup, function.IommuGroupSize, function.NumaNode),
            Is.EqualTo(("0000:31:00.1", "19e5:a251", "0000:31:00.0", (AcceleratorEngine?)AcceleratorEngine.Zip, "hisi_acc_vfio_pci", "hisi_acc_vfio_pci", (int?)10, 1, (int?)0)));
    }

    [Test]
    public async Task Other_cards_are_no_accelerators()
    {
        using HostTree host = HostTree.Kunpeng().PciDriver("igb");
        host.Physical("0000:41:00.0", "8086:10c9", 7, 1, 1, "igb").Virtual("0000:41:10.0", "0000:41:00.0", "8086:10ca", 30, 1, null);
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        VirtualFunction other = inventory.VirtualFunctions.Single(function => function.Address == "0000:41:10.0");
        Assert.That((other.Engine, other.Driver, other.DriverOverride), Is.EqualTo(((AcceleratorEngine?)null, (string?)null, (string?)null)));
        SriovInventory accelerators = inventory.AcceleratorsOnly();
        Assert.That((accelerators.PhysicalFunctions.Count, accelerators.VirtualFunctions.Count), Is.EqualTo((4, 7)));
    }

    [Test]
    public async Task An_accelerator_without_sriov_is_listed_and_another_card_is_not()
    {
        using HostTree host = new HostTree().Physical("0000:31:00.0", "19e5:a250", 0, 0, 0, "hisi_zip").Physical("0000:41:00.0", "8086:10c9", 0, 0, 0, "igb");
        File.Delete(host.Real("/sys/devices/0000:31:00.0/sriov_totalvfs"));
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        Assert.That(inventory.PhysicalFunctions.Select(function => (function.Address, function.TotalVfs)), Is.EqualTo(new[] { ("0000:31:00.0", 0) }));
    }

    [Test]
    public async Task Users_are_found_by_group_by_device_by_uacce_and_by_domain()
    {
        await using var libvirt = new FakeHost("node1", new ObserverClock(TimeProvider.System));
        DeviceUsersTests.Add(libvirt, "db1", DomainState.Running, "0000:35:00.2");
        using HostTree host = HostTree.Kunpeng()
            .Process(100, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vfio/10")
            .Folder("/sys/devices/0000:31:00.2/vfio-dev/vfio3").Process(101, "qemu-kvm", "qemu\0-name\0guest=web2\0", "/dev/vfio/devices/vfio3")
            .Folder("/sys/devices/0000:35:00.1/uacce/hisi_sec2-5").Process(102, "nginx", "nginx\0", "/dev/hisi_sec2-5");
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files, libvirt);
        Assert.That(
            inventory.VirtualFunctions.Where(function => function.Users.Count > 0).Select(function => $"{function.Address} {string.Join(" ", function.Users)}"),
            Is.EqualTo(new[]
            {
                "0000:31:00.1 domain web1 (qemu-kvm, pid 100)", "0000:31:00.2 domain web2 (qemu-kvm, pid 101)", "0000:35:00.1 nginx, pid 102", "0000:35:00.2 domain db1",
            }));
        Assert.That(inventory.Filter([AcceleratorEngine.Zip], null, free: true).VirtualFunctions.Select(function => function.Address), Is.EqualTo(new[] { "0000:b1:00.1" }));
    }

    [Test]
    public async Task A_function_whose_vdpa_device_is_in_a_guest_is_in_use()
    {
        await using var libvirt = new FakeHost("node1", new ObserverClock(TimeProvider.System));
        DeviceUsersTests.Add(libvirt, "db1", DomainState.Running, "/dev/vhost-vdpa-4");
        using HostTree host = Carriers().Process(100, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vhost-vdpa-3");
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files, libvirt);
        Assert.That(
            inventory.VirtualFunctions.Select(function => $"{function.Address[^4..]}: {string.Join("; ", function.Users)}"),
            Is.EqualTo(new[]
            {
                "10.0: domain web1 (qemu-kvm, pid 100); its vDPA device vpn0, which vhost_vdpa has",
                "10.1: domain db1; its vDPA device vpn1, which vhost_vdpa has",
                "10.2: this host's network interface eth9; its vDPA device vpn2, which virtio_vdpa has",
                "10.3: ",
            }));
    }

    [Test]
    public async Task A_function_that_carries_a_bound_vdpa_device_is_neither_bound_nor_taken_away()
    {
        using HostTree host = Carriers();
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        Assert.That(inventory.Filter([], null, free: true).VirtualFunctions.Select(function => function.Address), Is.EqualTo(new[] { "0000:41:10.3" }));
        HostDeviceException bind = Assert.Throws<HostDeviceException>(() => VfSetup.PlanBind(inventory, ["0000:41:10.0"], "vfio-pci"))!;
        Assert.That((bind.Problem, bind.Message), Is.EqualTo((HostDeviceProblem.InUse, "0000:41:10.0 is in use by its vDPA device vpn0, which vhost_vdpa has: it cannot get another driver now")));
        Assert.That(Assert.Throws<HostDeviceException>(() => VfSetup.PlanCount(inventory, "0000:41:00.0", 0))!.Problem, Is.EqualTo(HostDeviceProblem.InUse));
    }

    [Test]
    public async Task A_filter_takes_engine_and_node()
    {
        using HostTree host = HostTree.Kunpeng();
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        SriovInventory zip = inventory.Filter([AcceleratorEngine.Zip], 1, free: false);
        Assert.That((zip.PhysicalFunctions.Single().Address, zip.VirtualFunctions.Single().Address), Is.EqualTo(("0000:b1:00.0", "0000:b1:00.1")));
        Assert.That(inventory.Filter([], null, free: false).VirtualFunctions, Has.Count.EqualTo(7));
    }

    [Test]
    public async Task A_machine_without_pci_has_no_functions()
    {
        using var host = new HostTree();
        Assert.That((await SriovSysfs.ReadAsync(host.Files)).PhysicalFunctions, Is.Empty);
    }

    /// <summary>A card with four functions: two carry vDPA devices for guests, one the host's own, one a device that no driver has.</summary>
    private static HostTree Carriers()
    {
        HostTree host = new HostTree().PciDriver("virtio-pci").PciDriver("vp-vdpa").PciDriver("vfio-pci").Physical("0000:41:00.0", "1af4:1041", 7, 4, 1, "virtio-pci");
        for (int number = 0; number < 4; number++)
        {
            host.Virtual($"0000:41:10.{number}", "0000:41:00.0", "1af4:1041", 30 + number, 1, "vp-vdpa");
        }

        return host.Vdpa("vpn0", 3, "0000:41:10.0").Vdpa("vpn1", 4, "0000:41:10.1").Vdpa("vpn2", null, "0000:41:10.2", "virtio_vdpa").Vdpa("vpn3", null, "0000:41:10.3", null)
            .File("/sys/devices/0000:41:10.2/vpn2/virtio7/net/eth9/operstate", "up\n");
    }
}
