using System.Globalization;

namespace Orchestrator.Hosts;

/// <summary>What the kernel writes into attributes and links of sysfs, as values; <see langword="null"/> for what is not there or says something else.</summary>
internal static class Sysfs
{
    internal const string PciDevices = "/sys/bus/pci/devices";
    internal const string VdpaDevices = "/sys/bus/vdpa/devices";

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
