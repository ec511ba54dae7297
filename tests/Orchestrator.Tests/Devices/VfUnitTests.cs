using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VfUnitTests
{
    [Test]
    public async Task A_number_is_kept()
    {
        using HostTree host = HostTree.Kunpeng();
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        string unit = VfUnit.ForCount(inventory.PhysicalFunctions[0], 3);
        Assert.That(unit, Does.Contain("# Save as /etc/systemd/system/vf-count-0000-31-00.0.service").And.Contain("options hisi_zip pf_q_num=32"));
        Assert.That(Commands(unit), Is.EqualTo(new[] { "/bin/sh -c 'grep -qx 3 /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs || echo 3 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs'" }));
    }

    [Test]
    public async Task Drivers_are_kept_with_their_functions_and_modules()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip").File("/lib/modules/6.6.0-98.0.0.103.oe2403sp3.aarch64/extra/hisi-acc-vfio-pci.ko");
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        string unit = VfUnit.ForBind(host.Files, inventory, [.. inventory.VirtualFunctions.Take(1)], "hisi_acc_vfio_pci");
        Assert.That(Commands(unit), Is.EqualTo(new[]
        {
            "/bin/sh -c 'grep -qx 2 /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs || echo 2 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs'",
            "-/bin/sh -c 'insmod /lib/modules/$$(uname -r)/extra/hisi-acc-vfio-pci.ko'",
            "/bin/sh -c 'if [ -e /sys/bus/pci/devices/0000:31:00.1/driver ]; then echo 0000:31:00.1 > /sys/bus/pci/devices/0000:31:00.1/driver/unbind; fi'",
            "/bin/sh -c 'echo hisi_acc_vfio_pci > /sys/bus/pci/devices/0000:31:00.1/driver_override'",
            "/bin/sh -c 'echo 0000:31:00.1 > /sys/bus/pci/drivers_probe'",
        }));
        Assert.That(unit, Does.Contain("Before=libvirtd.service").And.Contain("WantedBy=multi-user.target").And.Contain("RemainAfterExit=yes"));
    }

    [Test]
    public async Task The_older_releases_migration_module_is_kept_too()
    {
        using HostTree host = HostTree.Kunpeng("vfio-pci").File("/lib/modules/6.6.0-98.0.0.103.oe2403sp3.aarch64/kernel/drivers/crypto/hisilicon/hisi_migration.ko");
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        string[] commands = Commands(VfUnit.ForBind(host.Files, inventory, [inventory.VirtualFunctions[0]], "vfio-pci"));
        Assert.That(commands.Skip(1).Take(2), Is.EqualTo(new[] { "-/bin/sh -c 'modprobe vfio-pci'", "-/bin/sh -c 'modprobe hisi_migration'" }));
    }

    private static string[] Commands(string unit) =>
        [.. unit.Split('\n').Where(line => line.StartsWith("ExecStart=", StringComparison.Ordinal)).Select(line => line["ExecStart=".Length..])];
}
