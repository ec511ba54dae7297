using System.Text.RegularExpressions;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>
/// vDPA devices in sysfs. The number of <c>/dev/vhost-vdpa-N</c> is the lowest that was free and goes to another device later: it is looked up each time it is
/// needed, and never kept.
/// </summary>
public static partial class VdpaSysfs
{
    private const string Bus = Sysfs.VdpaDevices;

    /// <summary>The names of the devices.</summary>
    /// <param name="files">The host's files.</param>
    public static IReadOnlyList<string> Names(HostFiles files) => files.List(Bus);

    /// <summary>Whether there is a device.</summary>
    /// <param name="files">The host's files.</param>
    /// <param name="name">Its name.</param>
    public static bool Has(HostFiles files, string name) => Names(files).Contains(name);

    /// <summary>The character device of a vDPA device; <see langword="null"/> when there is no such device or vhost_vdpa does not have it.</summary>
    /// <param name="files">The host's files.</param>
    /// <param name="name">The device's name.</param>
    public static string? FindCharDevice(HostFiles files, string name) =>
        Has(files, name) && files.List($"{Bus}/{name}").FirstOrDefault(entry => CharDeviceFolder().IsMatch(entry)) is { } entry ? $"/dev/{entry}" : null;

    /// <summary>The name of the vDPA device behind a character device; <see langword="null"/> when there is none.</summary>
    /// <param name="files">The host's files.</param>
    /// <param name="charDevice">The path, <c>/dev/vhost-vdpa-N</c>.</param>
    public static string? FindName(HostFiles files, string charDevice) => Names(files).FirstOrDefault(name => FindCharDevice(files, name) == charDevice);

    /// <summary>Adds to a device what sysfs tells about it.</summary>
    internal static VdpaDevice Complete(HostFiles files, VdpaDevice device)
    {
        string folder = $"{Bus}/{device.Name}";
        string? parent = files.Resolve(folder) is { } real ? Path.GetDirectoryName(real) : null;
        return device with
        {
            Driver = Sysfs.LinkName(files, $"{folder}/driver"),
            CharDevice = FindCharDevice(files, device.Name),
            PciParent = PciAncestor(parent),
            NumaNode = Node(files, parent),
        };
    }

    /// <summary>Adds to a management device what sysfs tells about its parent.</summary>
    internal static VdpaManagementDevice Complete(HostFiles files, VdpaManagementDevice device)
    {
        string? folder = device.Name.Split('/') is [var bus and not "", var name and not ("" or "." or "..")] ? files.Resolve($"/sys/bus/{bus}/devices/{name}") : null;
        return folder is null ? device : device with { Driver = Sysfs.LinkName(files, $"{folder}/driver"), NumaNode = Node(files, folder) };
    }

    /// <summary>What of the host itself uses a device that virtio_vdpa has: a network interface that is up, a disk that is mounted.</summary>
    internal static IReadOnlyList<DeviceUser> HostUsers(HostFiles files, string name)
    {
        string[] mounts = [.. (files.ReadText("/proc/mounts") ?? "").Split('\n').Select(line => line.Split(' ')[0])];
        var users = new List<DeviceUser>();
        foreach (string virtio in files.List($"{Bus}/{name}").Where(entry => VirtioFolder().IsMatch(entry)).Select(entry => $"{Bus}/{name}/{entry}"))
        {
            users.AddRange(files.List($"{virtio}/net").Where(link => files.ReadText($"{virtio}/net/{link}/operstate") is not (null or "down"))
                .Select(link => new DeviceUser(null, null, $"this host's network interface {link}")));
            users.AddRange(files.List($"{virtio}/block").Where(disk => mounts.Any(mount => mount.StartsWith($"/dev/{disk}", StringComparison.Ordinal)))
                .Select(disk => new DeviceUser(null, null, $"this host's disk {disk}, which is mounted")));
        }

        return users;
    }

    /// <summary>The address of the nearest PCI device in a folder of <c>/sys/devices</c>, the folder itself included.</summary>
    internal static string? PciAncestor(string? folder) => folder?.Split('/').LastOrDefault(part => PciAddress.TryParse(part, out _));

    /// <summary>The nearest NUMA node on the way up: a scalable function has none of its own, its PCI parent does.</summary>
    private static int? Node(HostFiles files, string? folder)
    {
        for (; folder?.StartsWith("/sys/devices/", StringComparison.Ordinal) == true; folder = Path.GetDirectoryName(folder))
        {
            if (Sysfs.NumaNode(files, folder) is { } node)
            {
                return node;
            }
        }

        return null;
    }

    [GeneratedRegex("^vhost-vdpa-[0-9]+\\z", RegexOptions.CultureInvariant)]
    private static partial Regex CharDeviceFolder();

    [GeneratedRegex("^virtio[0-9]+\\z", RegexOptions.CultureInvariant)]
    private static partial Regex VirtioFolder();
}
