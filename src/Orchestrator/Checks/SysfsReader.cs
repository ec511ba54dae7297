using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>Reads a host's kernel, PCI functions and vDPA devices from its sysfs.</summary>
internal static class SysfsReader
{
    internal static KernelFacts? Kernel(HostFiles files) => !files.Exists("/sys/module") ? null : Of(files.Ahead("/sys/module", "version", "srcversion", "parameters/pf_q_num"));

    private static KernelFacts Of(HostFiles files) => new()
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

    internal static IReadOnlyList<PciFunctionFacts>? PciFunctions(HostFiles files) =>
        files.Exists("/sys/bus") && Sysfs.PciAhead(files) is var seen ? [.. seen.List(Sysfs.PciDevices).Select(name => PciFunction(seen, name)).OfType<PciFunctionFacts>()] : null;

    internal static IReadOnlyList<VdpaDeviceFacts>? Vdpa(HostFiles files) => files.Exists("/sys/bus") && Sysfs.VdpaAhead(files) is var seen
        ?
        [
            .. VdpaSysfs.Names(seen).Select(name => VdpaSysfs.Complete(seen, new VdpaDevice { Name = name }))
                .Select(device => VdpaDeviceFacts.Of(device, device.CharDevice is { } node ? files.Owner(node) : null)),
        ]
        : null;

    private static PciFunctionFacts? PciFunction(HostFiles files, string name)
    {
        string folder = $"{Sysfs.PciDevices}/{name}";
        return PciAddress.TryParse(name, out PciAddress address) && Sysfs.Hex(files, $"{folder}/vendor") is { } vendor && Sysfs.Hex(files, $"{folder}/device") is { } device
            ? new()
            {
                Address = address,
                Vendor = (ushort)vendor,
                Device = (ushort)device,
                Class = Sysfs.Hex(files, $"{folder}/class") ?? 0,
                Driver = Sysfs.LinkName(files, $"{folder}/driver"),
                NumaNode = Sysfs.NumaNode(files, folder),
                TotalVirtualFunctions = Sysfs.Number(files, $"{folder}/sriov_totalvfs"),
                PhysicalFunction = PciAddress.TryParse(Sysfs.LinkName(files, $"{folder}/physfn"), out PciAddress parent) ? parent : null,
            }
            : null;
    }

    private static bool Matters(string module) =>
        module.Contains("vdpa", StringComparison.Ordinal) || module.StartsWith("vfio", StringComparison.Ordinal) || module.StartsWith("hisi", StringComparison.Ordinal)
        || module is "uacce" or "ifcvf" or "vduse";

    private static ModuleFacts Module(HostFiles files, string folder) => new(
        files.ReadText($"{folder}/version"), files.ReadText($"{folder}/srcversion"), Sysfs.Number(files, $"{folder}/parameters/pf_q_num"));
}
