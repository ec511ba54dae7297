using System.Globalization;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>A made host: the part of sysfs, /proc and /dev that devices are read from, below a folder of its own.</summary>
internal sealed class HostTree : IDisposable
{
    private readonly List<string> _closed = [];

    internal HostTree() => Directory.CreateDirectory(Root);

    internal string Root { get; } = Path.Combine(Path.GetTempPath(), $"host-{Guid.NewGuid():n}");

    internal HostFiles Files => new(Root);

    /// <summary>Where a path of the host really is.</summary>
    internal string Real(string path) => Root + path;

    /// <summary>What stands in a file of the host; links on the way are followed inside the tree.</summary>
    internal string Read(string path) => Files.ReadText(path) ?? throw new FileNotFoundException(path);

    internal HostTree Folder(string path)
    {
        Directory.CreateDirectory(Real(path));
        return this;
    }

    internal HostTree File(string path, string text = "")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Real(path))!);
        System.IO.File.WriteAllText(Real(path), text);
        return this;
    }

    internal HostTree Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Real(path))!);
        System.IO.File.CreateSymbolicLink(Real(path), target);
        return this;
    }

    /// <summary>A process that has files open.</summary>
    internal HostTree Process(int pid, string command, string commandLine, params string[] open)
    {
        File($"/proc/{pid}/comm", command + "\n").File($"/proc/{pid}/cmdline", commandLine);
        for (int fd = 0; fd < open.Length; fd++)
        {
            Link(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd/{fd + 3}"), open[fd]);
        }

        return this;
    }

    /// <summary>A vDPA device: of a simulator, or of a parent below <c>/sys/devices</c>.</summary>
    internal HostTree Vdpa(string name, int? number, string parent = "", string? driver = "vhost_vdpa")
    {
        string folder = $"/sys/devices/{(parent.Length == 0 ? "" : parent + "/")}{name}";
        Folder(folder).Link($"/sys/bus/vdpa/devices/{name}", $"../../../devices/{(parent.Length == 0 ? "" : parent + "/")}{name}");
        if (driver is not null)
        {
            Folder($"/sys/bus/vdpa/drivers/{driver}").Link($"{folder}/driver", $"/sys/bus/vdpa/drivers/{driver}");
        }

        if (number is not null)
        {
            string node = string.Create(CultureInfo.InvariantCulture, $"vhost-vdpa-{number}");
            Folder($"{folder}/{node}").File($"/dev/{node}");
        }

        return this;
    }

    /// <summary>A PCI function.</summary>
    internal HostTree Pci(string address, string id, int node, string? driver)
    {
        Link($"/sys/bus/pci/devices/{address}", $"../../../devices/{address}")
            .File($"/sys/devices/{address}/vendor", $"0x{id[..4]}\n")
            .File($"/sys/devices/{address}/device", $"0x{id[5..]}\n")
            .File($"/sys/devices/{address}/numa_node", string.Create(CultureInfo.InvariantCulture, $"{node}\n"));
        if (driver is not null)
        {
            Link($"/sys/devices/{address}/driver", $"/sys/bus/pci/drivers/{driver}");
        }

        return this;
    }

    /// <summary>A physical function of a card.</summary>
    internal HostTree Physical(string address, string id, int total, int count, int node, string? driver)
    {
        return Pci(address, id, node, driver).File($"/sys/devices/{address}/sriov_totalvfs", $"{total}\n").File($"/sys/devices/{address}/sriov_numvfs", $"{count}\n");
    }

    /// <summary>A virtual function, alone in its IOMMU group unless that has others.</summary>
    internal HostTree Virtual(string address, string physical, string id, int group, int node, string? driver, string? driverOverride = null)
    {
        return Pci(address, id, node, driver).Link($"/sys/devices/{address}/physfn", $"../{physical}")
            .File($"/sys/devices/{address}/driver_override", $"{driverOverride ?? "(null)"}\n")
            .Folder($"/sys/kernel/iommu_groups/{group}/devices/{address}")
            .Link($"/sys/devices/{address}/iommu_group", $"/sys/kernel/iommu_groups/{group}");
    }

    /// <summary>A driver of the PCI bus, loaded.</summary>
    internal HostTree PciDriver(string name) => File($"/sys/bus/pci/drivers/{name}/unbind").File("/sys/bus/pci/drivers_probe");

    /// <summary>A Kunpeng host: each engine once on node 0 with two functions, ZIP also on node 1.</summary>
    internal static HostTree Kunpeng(string? vfDriver = "hisi_acc_vfio_pci")
    {
        var tree = new HostTree();
        foreach (string driver in new[] { "hisi_zip", "hisi_sec2", "hisi_hpre", "vfio-pci", "hisi_acc_vfio_pci" })
        {
            tree.PciDriver(driver);
        }

        tree.File("/proc/sys/kernel/osrelease", "6.6.0-98.0.0.103.oe2403sp3.aarch64\n").File("/sys/module/hisi_zip/parameters/pf_q_num", "32\n");
        tree.Physical("0000:31:00.0", "19e5:a250", 63, 2, 0, "hisi_zip").Folder("/sys/devices/0000:31:00.0/uacce/hisi_zip-0");
        tree.Physical("0000:35:00.0", "19e5:a255", 63, 2, 0, "hisi_sec2");
        tree.Physical("0000:39:00.0", "19e5:a258", 63, 2, 0, "hisi_hpre");
        tree.Physical("0000:b1:00.0", "19e5:a250", 63, 1, 1, "hisi_zip");
        int group = 10;
        foreach ((string physical, string id) in new[] { ("0000:31:00", "19e5:a251"), ("0000:35:00", "19e5:a256"), ("0000:39:00", "19e5:a259") })
        {
            tree.Virtual($"{physical}.1", $"{physical}.0", id, group++, 0, vfDriver, vfDriver);
            tree.Virtual($"{physical}.2", $"{physical}.0", id, group++, 0, vfDriver, vfDriver);
        }

        return tree.Virtual("0000:b1:00.1", "0000:b1:00.0", "19e5:a251", group, 1, vfDriver, vfDriver);
    }

    /// <summary>A folder that an ordinary user may not look into.</summary>
    internal HostTree Closed(string path)
    {
        Folder(path);
        System.IO.File.SetUnixFileMode(Real(path), UnixFileMode.None);
        _closed.Add(path);
        return this;
    }

    public void Dispose()
    {
        foreach (string path in _closed)
        {
            System.IO.File.SetUnixFileMode(Real(path), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Directory.Delete(Root, recursive: true);
    }
}
