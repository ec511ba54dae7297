using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A device and the elements of the document that it is made of.</summary>
internal sealed record DeviceSlot(DomainDevice Device, DeviceElement Place, IReadOnlyList<XElement> Elements)
{
    /// <summary>All devices of a domain in the document's order, those of QEMU's command line last.</summary>
    internal static List<DeviceSlot> ReadAll(XElement domain, ICollection<DeviceProblem>? problems)
    {
        List<XElement> elements = [.. domain.Elements("devices").Elements().Where(element => element.Name.NamespaceName.Length == 0 && element.Name.LocalName != "emulator")];

        // XPath counts the siblings of a name; once here, because asking each element would take the square of their number.
        Dictionary<string, int> totals = elements.CountBy(element => element.Name.LocalName).ToDictionary();
        var counts = new Dictionary<string, int>();
        var slots = new List<DeviceSlot>(elements.Count);
        foreach (XElement element in elements)
        {
            string name = element.Name.LocalName;
            int index = counts[name] = counts.GetValueOrDefault(name) + 1;
            string path = totals[name] == 1 ? $"/domain/devices/{name}" : string.Create(CultureInfo.InvariantCulture, $"/domain/devices/{name}[{index}]");
            var place = new DeviceElement(element, path, problems);
            slots.Add(new(Read(place), place, [element]));
        }

        slots.AddRange(CommandLineReader.Read(domain, problems));
        return slots;
    }

    /// <summary>Reads one element of <c>&lt;devices&gt;</c>.</summary>
    internal static DomainDevice Read(DeviceElement e)
    {
        if (RejectedVdpaDevice.Is(e.Xml))
        {
            return RejectedVdpaDevice.Read(e);
        }

        DomainDevice device = (e.Xml.Name.LocalName, Type(e)) switch
        {
            ("hostdev", "vdpa") => VdpaHostDevice.Read(e),
            ("hostdev", "pci") => PciHostDevice.Read(e),
            ("hostdev", "mdev") => MediatedHostDevice.Read(e),
            ("interface", "vdpa") => VdpaInterface.Read(e),
            ("interface", "vhostuser") => VhostUserInterface.Read(e),
            ("interface", "hostdev") => HostdevInterface.Read(e),
            ("interface", _) when IsVirtioInterface(e) => VirtioInterface.Read(e),
            ("disk", "vhostvdpa") => VhostVdpaDisk.Read(e),
            ("disk", "vhostuser") => VhostUserDisk.Read(e),
            ("disk", _) when Bus(e) == "virtio" => VirtioDisk.Read(e),
            _ => (DomainDevice?)null,
        } ?? (EmulatedDevice.Is(e.Xml) ? new EmulatedDevice(e.Xml) : new OtherDevice(e.Xml));
        return device with { Alias = e.Alias(), GuestAddress = e.GuestAddress(), BootOrder = e.BootOrder() };
    }

    private static string? Type(DeviceElement e)
        => e.Xml.Name.LocalName == "hostdev" && e.Attribute("mode") is { } mode and not "subsystem" ? $"{mode}-{e.Attribute("type")}" : e.Attribute("type");

    private static bool IsVirtioInterface(DeviceElement e)
    {
        if (e.Child("model")?.Attribute("type") is { } model)
        {
            return InterfaceDevice.IsVirtio(model);
        }

        // What libvirt makes of a card without a model: virtio on the architectures that never had an ISA bus, rtl8139 on x86.
        return (string?)e.Xml.Document?.Root?.Element("os")?.Element("type")?.Attribute("arch") is "aarch64" or "riscv64" or "loongarch64" or "s390x";
    }

    private static string? Bus(DeviceElement e)
        => e.Child("target")?.Attribute("bus") ?? (e.Child("target")?.Attribute("dev")?.StartsWith("vd", StringComparison.Ordinal) == true ? "virtio" : null);
}
