using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VfUnitTests
{
    [Test]
    public async Task A_number_is_kept()
    {
        using HostTree host = HostTree.Kunpeng();
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        string unit = VfUnit.ForCount(host.Files, inventory.PhysicalFunctions[0], 3);
        Assert.That(unit, Does.Contain("# Save as /etc/systemd/system/vf-count-0000-31-00.0.service").And.Contain("options hisi_zip pf_q_num=32"));
        Assert.That(Commands(unit), Is.EqualTo(new[] { "-/bin/sh -c 'modprobe hisi_zip pf_q_num=32'", "/bin/sh -c 'grep -qx 3 /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs || echo 3 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs'" }));
    }

    [Test]
    public async Task Drivers_are_kept_with_their_functions_and_modules()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip").File("/lib/modules/6.6.0-98.0.0.103.oe2403sp3.aarch64/extra/hisi-acc-vfio-pci.ko");
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        string unit = VfUnit.ForBind(host.Files, inventory, [.. inventory.VirtualFunctions.Take(1)], "hisi_acc_vfio_pci");
        Assert.That(Commands(unit), Is.EqualTo(new[]
        {
            "-/bin/sh -c 'modprobe hisi_zip pf_q_num=32'",
            "/bin/sh -c 'grep -qx 2 /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs || echo 2 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs'",
            "-/bin/sh -c 'modprobe vfio-pci'",
            "-/bin/sh -c 'insmod /lib/modules/$$(uname -r)/extra/hisi-acc-vfio-pci.ko'",
            "/bin/sh -c 'if [ -e /sys/bus/pci/devices/0000:31:00.1/driver ]; then echo 0000:31:00.1 > /sys/bus/pci/devices/0000:31:00.1/driver/unbind; fi'",
            "/bin/sh -c 'echo hisi_acc_vfio_pci > /sys/bus/pci/devices/0000:31:00.1/driver_override'",
            "/bin/sh -c 'echo 0000:31:00.1 > /sys/bus/pci/drivers_probe'",
        }));
        Assert.That(unit, Does.Contain("Before=libvirtd.service").And.Contain("WantedBy=multi-user.target").And.Contain("RemainAfterExit=yes"));
    }

    [Test]
    public async Task The_vendors_build_is_loaded_piece_by_piece()
    {
        const string Extra = "/lib/modules/6.6.0-98.0.0.103.oe2403sp3.aarch64/extra";
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        foreach (string module in new[] { "uacce", "hisi_qm", "hisi_zip", "hisi_sec2", "hisi_hpre", "hisi-acc-vfio-pci" })
        {
            host.File($"{Extra}/{module}.ko");
        }

        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        string[] commands = Commands(VfUnit.ForBind(host.Files, inventory, [inventory.VirtualFunctions[0], inventory.VirtualFunctions[2]], "hisi_acc_vfio_pci"));
        string[] loads = [.. commands.Where(command => command.Contains("insmod", StringComparison.Ordinal)).Select(command => command.Split("/extra/")[1].TrimEnd('\''))];
        Assert.That(loads, Is.EqualTo(new[] { "uacce.ko", "hisi_qm.ko", "hisi_zip.ko pf_q_num=32", "hisi_sec2.ko", "hisi-acc-vfio-pci.ko" }));
        Assert.That(Array.FindIndex(commands, command => command.Contains("sriov_numvfs", StringComparison.Ordinal)), Is.EqualTo(4), "after the engines");
    }

    [Test]
    public async Task Units_of_other_functions_stand_beside_each_other()
    {
        using HostTree host = HostTree.Kunpeng();
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        Assert.That(File(inventory.VirtualFunctions[0]), Is.EqualTo("# Save as /etc/systemd/system/vf-bind-0000-31-00.1.service"));
        Assert.That(File(inventory.VirtualFunctions[0], inventory.VirtualFunctions[2]), Is.EqualTo("# Save as /etc/systemd/system/vf-bind-0000-31-00.1_0000-35-00.1.service"));
        VirtualFunction[] many = [.. Enumerable.Range(0, 63).Select(number => inventory.VirtualFunctions[0] with { Address = $"0000:31:{number / 8:x2}.{number % 8}" })];
        Assert.That(File(many), Is.EqualTo("# Save as /etc/systemd/system/vf-bind-0000-31-00.0_to_0000-31-07.6_63.service"));

        string File(params VirtualFunction[] functions) => VfUnit.ForBind(host.Files, inventory, functions, "vfio-pci").Split(',')[0];
    }

    [Test]
    public async Task The_older_releases_migration_module_is_kept_too()
    {
        using HostTree host = HostTree.Kunpeng("vfio-pci").File("/lib/modules/6.6.0-98.0.0.103.oe2403sp3.aarch64/kernel/drivers/crypto/hisilicon/hisi_migration.ko");
        SriovInventory inventory = await SriovSysfs.ReadAsync(host.Files);
        string[] commands = Commands(VfUnit.ForBind(host.Files, inventory, [inventory.VirtualFunctions[0]], "vfio-pci"));
        Assert.That(commands.Skip(2).Take(2), Is.EqualTo(new[] { "-/bin/sh -c 'modprobe vfio-pci'", "-/bin/sh -c 'modprobe hisi_migration'" }));
    }

    private static string[] Commands(string unit) =>
        [.. unit.Split('\n').Where(line => line.StartsWith("ExecStart=", StringComparison.Ordinal)).Select(line => line["ExecStart=".Length..])];
}
