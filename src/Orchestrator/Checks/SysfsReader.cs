using System.Globalization;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>Reads a host's kernel, PCI functions and vDPA devices from its sysfs.</summary>
internal static class SysfsReader
{
    private const string PciDevices = "/sys/bus/pci/devices";
    private const string VdpaDevices = "/sys/bus/vdpa/devices";

    internal static KernelFacts? Kernel(HostFiles files) => !files.Exists("/sys/module") ? null : new()
    {
        Release = files.ReadText("/proc/sys/kernel/osrelease"),
        Modules = files.List("/sys/module").Where(Matters).ToDictionary(name => name, name => Module(files, $"/sys/module/{name}")),
        VdpaBus = files.Exists("/sys/bus/vdpa"),
        VdpaDrivers = files.List("/sys/bus/vdpa/drivers"),
        Uacce = files.List("/sys/class/uacce"),
        AppArmor = files.ReadText("/sys/module/apparmor/parameters/enabled") == "Y",
    };

    internal static int? IommuGroups(HostFiles files) => files.Exists("/sys/kernel") ? files.List("/sys/kernel/iommu_groups").Count : null;

    internal static FirmwareFacts? Firmware(HostFiles files)
    {
        var firmware = new FirmwareFacts(Dmi("bios_vendor"), Dmi("bios_version"), Dmi("bios_date"), Dmi("product_name"));
        return firmware.Version is null && firmware.Vendor is null ? null : firmware;

        string? Dmi(string name) => files.ReadText($"/sys/class/dmi/id/{name}") is { Length: > 0 } text ? text : null;
    }

    internal static IReadOnlyList<PciFunctionFacts>? PciFunctions(HostFiles files)
    {
        if (!files.Exists("/sys/bus"))
        {
            return null;
        }

        var functions = new List<PciFunctionFacts>();
        foreach (string name in files.List(PciDevices))
        {
            string folder = $"{PciDevices}/{name}";
            if (PciAddress.TryParse(name, out PciAddress address)
                && Hex(files.ReadText($"{folder}/vendor")) is { } vendor && Hex(files.ReadText($"{folder}/device")) is { } device)
            {
                functions.Add(new()
                {
                    Address = address,
                    Vendor = (ushort)vendor,
                    Device = (ushort)device,
                    Class = Hex(files.ReadText($"{folder}/class")) ?? 0,
                    Driver = LinkName(files, $"{folder}/driver"),
                    NumaNode = Number(files.ReadText($"{folder}/numa_node")) is { } node and >= 0 ? node : null, // -1: the firmware tells none
                    TotalVirtualFunctions = Number(files.ReadText($"{folder}/sriov_totalvfs")),
                    PhysicalFunction = PciAddress.TryParse(LinkName(files, $"{folder}/physfn"), out PciAddress parent) ? parent : null,
                });
            }
        }

        return functions;
    }

    internal static IReadOnlyList<VdpaDeviceFacts>? Vdpa(HostFiles files)
    {
        if (!files.Exists("/sys/bus"))
        {
            return null;
        }

        var devices = new List<VdpaDeviceFacts>();
        foreach (string name in files.List(VdpaDevices))
        {
            string? node = files.List($"{VdpaDevices}/{name}").FirstOrDefault(entry => entry.StartsWith("vhost-vdpa-", StringComparison.Ordinal));
            string? parent = files.Resolve($"{VdpaDevices}/{name}") is { } real ? Path.GetFileName(Path.GetDirectoryName(real)) : null;
            devices.Add(new()
            {
                Name = name,
                Driver = LinkName(files, $"{VdpaDevices}/{name}/driver"),
                CharDevice = node is null ? null : $"/dev/{node}",
                Access = node is null ? null : files.Owner($"/dev/{node}"),
                Parent = PciAddress.TryParse(parent, out PciAddress address) ? address : null,
            });
        }

        return devices;
    }

    private static bool Matters(string module) =>
        module.Contains("vdpa", StringComparison.Ordinal) || module.StartsWith("vfio", StringComparison.Ordinal) || module.StartsWith("hisi", StringComparison.Ordinal)
        || module is "uacce" or "ifcvf" or "vduse";

    private static ModuleFacts Module(HostFiles files, string folder) => new(
        files.ReadText($"{folder}/version"), files.ReadText($"{folder}/srcversion"), Number(files.ReadText($"{folder}/parameters/pf_q_num")));

    private static string? LinkName(HostFiles files, string link) => files.Resolve(link) is { } target ? Path.GetFileName(target) : null;

    private static int? Hex(string? text) =>
        int.TryParse(text?.StartsWith("0x", StringComparison.Ordinal) == true ? text[2..] : text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            ? value : null;

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null;
}
