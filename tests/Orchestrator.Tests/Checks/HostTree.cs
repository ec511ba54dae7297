using Orchestrator.Hosts;

namespace Orchestrator.Tests.Checks;

/// <summary>A made tree of files in the place of a host's /sys, /proc, /dev and /etc, as the kernels of the facts lay them out.</summary>
internal sealed class HostTree : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orchestrator-host-").FullName;

    internal HostTree()
    {
        foreach (string folder in new[] { "/sys/module", "/sys/bus/pci/devices", "/sys/bus/pci/drivers", "/sys/kernel/iommu_groups", "/proc", "/dev", "/etc/libvirt", "/var/log/libvirt/qemu" })
        {
            Directory.CreateDirectory(_root + folder);
        }
    }

    internal HostFiles Files => new(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    internal HostTree File(string path, string text = "")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        System.IO.File.WriteAllText(_root + path, text + "\n");
        return this;
    }

    internal HostTree Folder(string path)
    {
        Directory.CreateDirectory(_root + path);
        return this;
    }

    /// <summary>A link whose target is the host's own absolute path.</summary>
    internal HostTree Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        System.IO.File.CreateSymbolicLink(_root + path, target);
        return this;
    }

    internal HostTree Remove(string path)
    {
        string real = _root + path;
        if (Directory.Exists(real) && new FileInfo(real).LinkTarget is null)
        {
            Directory.Delete(real, recursive: true);
        }
        else
        {
            System.IO.File.Delete(real);
        }

        return this;
    }

    internal HostTree Mode(string path, UnixFileMode mode)
    {
        System.IO.File.SetUnixFileMode(_root + path, mode);
        return this;
    }

    internal HostTree Module(string name, string? version = null, string? parameter = null)
    {
        Folder($"/sys/module/{name}");
        if (version is not null)
        {
            File($"/sys/module/{name}/version", version);
        }

        return parameter is null ? this : File($"/sys/module/{name}/parameters/pf_q_num", parameter);
    }

    internal HostTree Pci(string address, string id, string driver, int numa, string classId = "0x120000", string? physical = null, int? totalVfs = null)
    {
        string device = $"/sys/devices/pci0000:00/{address}";
        string[] ids = id.Split(':');
        File($"{device}/vendor", $"0x{ids[0]}").File($"{device}/device", $"0x{ids[1]}").File($"{device}/class", classId).File($"{device}/numa_node", $"{numa}");
        Link($"/sys/bus/pci/devices/{address}", device);
        if (driver.Length > 0)
        {
            Folder($"/sys/bus/pci/drivers/{driver}").Link($"{device}/driver", $"/sys/bus/pci/drivers/{driver}");
        }

        if (physical is not null)
        {
            Link($"{device}/physfn", $"/sys/devices/pci0000:00/{physical}");
        }

        return totalVfs is { } total ? File($"{device}/sriov_totalvfs", $"{total}") : this;
    }

    internal HostTree Vdpa(string name, string parent, int number, string driver = "vhost_vdpa")
    {
        string device = $"/sys/devices/{parent}/{name}";
        Folder($"/sys/bus/vdpa/drivers/{driver}").Folder(device).Link($"{device}/driver", $"/sys/bus/vdpa/drivers/{driver}").Link($"/sys/bus/vdpa/devices/{name}", device);
        return driver == "vhost_vdpa" ? File($"{device}/vhost-vdpa-{number}/dev", $"511:{number}").File($"/dev/vhost-vdpa-{number}") : this;
    }

    internal HostTree IommuGroup(int number) => Folder($"/sys/kernel/iommu_groups/{number}");

    /// <summary>An openEuler 22.03 LTS SP3 with a SmartNIC, three vDPA devices, and a daemon whose QEMUs may open them.</summary>
    internal static HostTree OpenEuler2203Vdpa()
    {
        HostTree tree = new HostTree()
            .File("/proc/sys/kernel/osrelease", "5.10.0-182.0.0.95.oe2203sp3.aarch64")
            .File("/sys/class/dmi/id/bios_vendor", "Huawei Corp.").File("/sys/class/dmi/id/bios_version", "1.79").File("/sys/class/dmi/id/product_name", "TaiShan 2280 V2")
            .Module("vdpa").Module("vhost_vdpa").Module("vhost").Module("vender_vdpa", "1.0").IommuGroup(0)
            .Pci("0000:08:00.0", "19e5:0222", "hinic3", 0, "0x020000", totalVfs: 120)
            .File("/etc/libvirt/qemu.conf", "user = \"qemu\"\ngroup = \"qemu\"\n")
            .File("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nqemu:x:107:107:qemu user:/:/sbin/nologin").File("/etc/group", "root:x:0:\nqemu:x:107:\nkvm:x:36:qemu")
            .File("/run/libvirtd.pid", "1234").File("/proc/1234/comm", "libvirtd")
            .File("/proc/1234/limits", "Limit                     Soft Limit           Hard Limit           Units     \nMax locked memory         67108864             67108864             bytes     ");
        for (int i = 0; i < 3; i++)
        {
            tree.Pci($"0000:08:01.{i}", "1af4:1000", "vender_vdpa", 0, "0x020000", physical: "0000:08:00.0").Vdpa($"vdpa{i}", $"pci0000:00/0000:08:01.{i}", i)
                .Mode($"/dev/vhost-vdpa-{i}", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        }

        return tree;
    }

    /// <summary>An openEuler 24.03 LTS SP3 with all engines of KAE and two virtual functions of each, ready for guests.</summary>
    internal static HostTree OpenEuler2403Kae()
    {
        HostTree tree = new HostTree()
            .File("/proc/sys/kernel/osrelease", "6.6.0-98.0.0.103.oe2403sp3.aarch64")
            .Module("uacce").Module("hisi_qm").Module("hisi_zip", "2.0", "32").Module("hisi_sec2", "2.0", "32").Module("hisi_hpre", "2.0", "32").Module("hisi_acc_vfio_pci")
            .Module("vfio_pci").IommuGroup(0).IommuGroup(1)
            .Folder("/sys/class/uacce/hisi_zip-0").Folder("/sys/class/uacce/hisi_sec2-1").Folder("/sys/class/uacce/hisi_hpre-2");
        foreach ((string bus, string physical, string virtuals, string driver) in new[] { ("31", "a250", "a251", "hisi_zip"), ("32", "a255", "a256", "hisi_sec2"), ("33", "a258", "a259", "hisi_hpre") })
        {
            tree.Pci($"0000:{bus}:00.0", $"19e5:{physical}", driver, 1, totalVfs: 63);
            for (int i = 1; i <= 2; i++)
            {
                tree.Pci($"0000:{bus}:00.{i}", $"19e5:{virtuals}", "hisi_acc_vfio_pci", 1, physical: $"0000:{bus}:00.0");
            }
        }

        return tree;
    }
}
