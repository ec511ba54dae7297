using System.Globalization;

namespace Orchestrator.Hosts;

/// <summary>What the kernel writes into attributes and links of sysfs, as values; <see langword="null"/> for what is not there or says something else.</summary>
internal static class Sysfs
{
    internal const string PciDevices = "/sys/bus/pci/devices";
    internal const string VdpaDevices = "/sys/bus/vdpa/devices";

    /// <summary>The files of a host with all that is asked of its PCI functions read in one go.</summary>
    internal static HostFiles PciAhead(HostFiles files) => files.Ahead(
        PciDevices,
        "vendor", "device", "class", "driver", "driver_override", "numa_node", "physfn", "sriov_totalvfs", "sriov_numvfs", "iommu_group", "iommu_group/devices/", "vfio-dev/", "uacce/");

    /// <summary>The files of a host with what stands in its vDPA devices read in one go.</summary>
    internal static HostFiles VdpaAhead(HostFiles files) => files.Ahead(VdpaDevices, "./", "driver");

    /// <summary>A decimal number.</summary>
    internal static int? Number(HostFiles files, string path) =>
        int.TryParse(files.ReadText(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <summary>A number with 0x in front, as ids and classes are written.</summary>
    internal static int? Hex(HostFiles files, string path) =>
        files.ReadText(path) is ['0', 'x', .. var digits] && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <summary>The name of what a link leads to: a driver, a group, a parent.</summary>
    internal static string? LinkName(HostFiles files, string link) => Path.GetFileName(files.Resolve(link));

    /// <summary>The NUMA node of a device's folder. The kernel says -1 for none.</summary>
    internal static int? NumaNode(HostFiles files, string folder) => Number(files, $"{folder}/numa_node") is >= 0 and var node ? node : null;
}
