using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Libvirt.Xml;

namespace Orchestrator.Checks;

/// <summary>Reads PCI functions and vDPA devices from libvirt's documents of a host's devices: the only sight of a host that is not this machine. Pure.</summary>
internal static class NodeDeviceReader
{
    private static readonly string[] AddressParts = ["domain", "bus", "slot", "function"];

    internal static (IReadOnlyList<PciFunctionFacts> Pci, IReadOnlyList<VdpaDeviceFacts> Vdpa, int IommuGroups) Read(IEnumerable<string> documents)
    {
        var pci = new List<PciFunctionFacts>();
        var vdpa = new List<VdpaDeviceFacts>();
        var groups = new HashSet<int>();
        foreach (string document in documents)
        {
            using XmlReader reader = XmlReader.Create(new StringReader(document), new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            XElement device = XElement.Load(reader);
            if (Capability(device, "pci") is { } function && PciOf(function, (string?)device.Element("driver")?.Element("name")) is { } facts)
            {
                pci.Add(facts);
                if ((int?)function.Element("iommuGroup")?.Attribute("number") is { } group)
                {
                    groups.Add(group);
                }
            }
            else if (Capability(device, "vdpa") is { } bus)
            {
                vdpa.Add(new()
                {
                    Name = ((string?)device.Element("path"))?.Split('/')[^1] ?? (string?)device.Element("name") ?? "?",
                    Driver = (string?)device.Element("driver")?.Element("name"),
                    CharDevice = (string?)bus.Element("chardev"),
                    Parent = ParentOf((string?)device.Element("parent")),
                });
            }
        }

        return (pci, vdpa, groups.Count);
    }

    private static PciFunctionFacts? PciOf(XElement function, string? driver) =>
        AddressOf(function) is { } address && Hex((string?)function.Element("vendor")?.Attribute("id")) is { } vendor && Hex((string?)function.Element("product")?.Attribute("id")) is { } device
            ? new()
            {
                Address = address,
                Vendor = (ushort)vendor,
                Device = (ushort)device,
                Class = Hex((string?)function.Element("class")) ?? 0,
                Driver = driver,
                NumaNode = (int?)function.Element("numa")?.Attribute("node"),
                TotalVirtualFunctions = Capability(function, "virt_functions") is { } virtuals ? (int?)virtuals.Attribute("maxCount") ?? virtuals.Elements("address").Count() : null,
                PhysicalFunction = Capability(function, "phys_function")?.Element("address") is { } parent ? AddressOf(parent, attributes: true) : null,
            }
            : null;

    private static XElement? Capability(XElement element, string type) => element.Elements("capability").FirstOrDefault(capability => (string?)capability.Attribute("type") == type);

    // Decimal elements in a device's own capability, hexadecimal attributes in <address>.
    private static PciAddress? AddressOf(XElement element, bool attributes = false)
    {
        int?[] parts = [.. AddressParts.Select(name => attributes ? Hex((string?)element.Attribute(name)) : (int?)element.Element(name))];
        // Behind a VMD controller are domains beyond 0xffff, which are no guest's business.
        return parts is [{ } domain, { } bus, { } slot, { } function] && PciAddress.TryParse($"{domain:x}:{bus:x}:{slot:x}.{function:x}", out PciAddress address) ? address : null;
    }

    // pci_0000_08_01_1 is the parent's name; a simulator hangs below the computer.
    private static PciAddress? ParentOf(string? name) =>
        name?.Split('_') is ["pci", var domain, var bus, var slot, var function] && PciAddress.TryParse($"{domain}:{bus}:{slot}.{function}", out PciAddress address) ? address : null;

    private static int? Hex(string? text) =>
        text is not null && int.TryParse(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            ? value : null;
}
