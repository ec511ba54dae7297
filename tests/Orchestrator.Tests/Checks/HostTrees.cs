using Orchestrator.Tests.Devices;

namespace Orchestrator.Tests.Checks;

/// <summary>Made trees in the place of whole hosts' /sys, /proc, /dev and /etc, as the kernels of the facts lay them out.</summary>
internal static class HostTrees
{
    private static readonly string[] Folders =
        ["/sys/module", "/sys/bus/pci/devices", "/sys/bus/pci/drivers", "/sys/kernel/iommu_groups", "/proc", "/dev", "/etc/libvirt", "/var/log/libvirt/qemu"];

    /// <summary>A host that has nothing.</summary>
    internal static HostTree Empty() => Folders.Aggregate(new HostTree(), (tree, folder) => tree.Folder(folder));

    internal static HostTree Remove(this HostTree tree, string path)
    {
        string real = tree.Real(path);
        if (Directory.Exists(real) && new FileInfo(real).LinkTarget is null)
        {
            Directory.Delete(real, recursive: true);
        }
        else
        {
            File.Delete(real);
        }

        return tree;
    }

    internal static HostTree Mode(this HostTree tree, string path, UnixFileMode mode)
    {
        File.SetUnixFileMode(tree.Real(path), mode);
        return tree;
    }

    /// <summary>An openEuler 22.03 LTS SP3 with a SmartNIC, three vDPA devices, and a daemon whose QEMUs may open them.</summary>
    internal static HostTree OpenEuler2203Vdpa()
    {
        HostTree tree = Empty()
            .File("/proc/sys/kernel/osrelease", "5.10.0-182.0.0.95.oe2203sp3.aarch64")
            .File("/sys/class/dmi/id/bios_vendor", "Huawei Corp.").File("/sys/class/dmi/id/bios_version", "1.79").File("/sys/class/dmi/id/product_name", "TaiShan 2280 V2")
            .Module("vdpa").Module("vhost_vdpa").Module("vhost").Module("vender_vdpa", "1.0").PciDriver("vender_vdpa").PciDriver("hinic3")
            .Physical("0000:08:00.0", "19e5:0222", 120, 3, 0, "hinic3").Class("0000:08:00.0", "0x020000")
            .File("/etc/libvirt/qemu.conf", "user = \"qemu\"\ngroup = \"qemu\"\n")
            .File("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nqemu:x:107:107:qemu user:/:/sbin/nologin").File("/etc/group", "root:x:0:\nqemu:x:107:\nkvm:x:36:qemu")
            .File("/run/libvirtd.pid", "1234").File("/proc/1234/comm", "libvirtd")
            .File("/proc/1234/limits", "Limit                     Soft Limit           Hard Limit           Units     \nMax locked memory         67108864             67108864             bytes     ");
        for (int i = 0; i < 3; i++)
        {
            string function = $"0000:08:01.{i}";
            tree.Virtual(function, "0000:08:00.0", "1af4:1000", 0, 0, "vender_vdpa").Class(function, "0x020000").Vdpa($"vdpa{i}", i, function)
                .Mode($"/dev/vhost-vdpa-{i}", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        }

        return tree;
    }

    /// <summary>An openEuler 24.03 LTS SP3 with all engines of KAE and two virtual functions of each, ready for guests.</summary>
    internal static HostTree OpenEuler2403Kae()
    {
        HostTree tree = Empty()
            .File("/proc/sys/kernel/osrelease", "6.6.0-98.0.0.103.oe2403sp3.aarch64").PciDriver("hisi_acc_vfio_pci")
            .Module("uacce").Module("hisi_qm").Module("hisi_acc_vfio_pci").Module("vfio_pci")
            .Folder("/sys/class/uacce/hisi_zip-0").Folder("/sys/class/uacce/hisi_sec2-1").Folder("/sys/class/uacce/hisi_hpre-2");
        foreach ((string bus, string physical, string virtuals, string driver) in new[] { ("31", "a250", "a251", "hisi_zip"), ("32", "a255", "a256", "hisi_sec2"), ("33", "a258", "a259", "hisi_hpre") })
        {
            string address = $"0000:{bus}:00.0";
            tree.Module(driver, "2.0").File($"/sys/module/{driver}/parameters/pf_q_num", "32").PciDriver(driver).Physical(address, $"19e5:{physical}", 63, 2, 1, driver).Class(address, "0x120000");
            for (int i = 1; i <= 2; i++)
            {
                string function = $"0000:{bus}:00.{i}";
                tree.Virtual(function, address, $"19e5:{virtuals}", i, 1, "hisi_acc_vfio_pci", "hisi_acc_vfio_pci").Class(function, "0x120000");
            }
        }

        return tree;
    }

    private static HostTree Class(this HostTree tree, string address, string classId) => tree.File($"/sys/devices/{address}/class", classId);

    private static HostTree Module(this HostTree tree, string name, string? version = null) =>
        version is null ? tree.Folder($"/sys/module/{name}") : tree.File($"/sys/module/{name}/version", version);
}
