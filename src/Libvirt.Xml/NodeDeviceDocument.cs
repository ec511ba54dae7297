using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>What a node device document tells: a device of a host, as its libvirt sees it. What a document does not say is <see langword="null"/>.</summary>
public sealed class NodeDeviceDocument
{
    private readonly XElement _root;

    private NodeDeviceDocument(XElement root) => _root = root;

    /// <summary>libvirt's name of the device, such as <c>pci_0000_31_00_1</c> or <c>vdpa_vdpa0</c>; characters that are neither letter nor digit are <c>_</c> in it.</summary>
    public string Name => Text(_root, "name") ?? "";

    /// <summary>The device's folder in sysfs.</summary>
    public string? Path => Text(_root, "path");

    /// <summary>libvirt's name of the parent; <c>computer</c> for a device without one.</summary>
    public string? Parent => Text(_root, "parent");

    /// <summary>The bound driver.</summary>
    public string? Driver => _root.Element("driver") is { } driver ? Text(driver, "name") : null;

    /// <summary>Whether it is a vDPA device.</summary>
    public bool IsVdpa => Capability("vdpa") is not null;

    /// <summary>The character device of a vDPA device that vhost_vdpa has.</summary>
    public string? VdpaCharDevice => Capability("vdpa") is { } vdpa ? Text(vdpa, "chardev") : null;

    /// <summary>A PCI device's address; <see langword="null"/> for another device.</summary>
    public PciAddress? PciAddress => Capability("pci") is { } pci ? Address(part => Text(pci, part)) : null;

    /// <summary>A PCI device's vendor id.</summary>
    public int? VendorId => Number((string?)Capability("pci")?.Element("vendor")?.Attribute("id"));

    /// <summary>A PCI device's product id.</summary>
    public int? ProductId => Number((string?)Capability("pci")?.Element("product")?.Attribute("id"));

    /// <summary>A PCI device's class: base class, subclass and interface, a byte each; <see langword="null"/> also from a libvirt that does not tell it.</summary>
    public int? PciClass => Capability("pci") is { } pci ? Number(Text(pci, "class")) : null;

    /// <summary>The NUMA node of a PCI device.</summary>
    public int? NumaNode => Number((string?)Capability("pci")?.Element("numa")?.Attribute("node"));

    /// <summary>The IOMMU group of a PCI device.</summary>
    public int? IommuGroup => Number((string?)Capability("pci")?.Element("iommuGroup")?.Attribute("number"));

    /// <summary>How many devices, itself included, are in a PCI device's IOMMU group; 0 when it has none.</summary>
    public int IommuGroupSize => Capability("pci")?.Element("iommuGroup")?.Elements("address").Count() ?? 0;

    /// <summary>How many virtual functions a physical function can have; <see langword="null"/> for a device that can have none.</summary>
    public int? MaxVirtualFunctions => Number((string?)PciCapability("virt_functions")?.Attribute("maxCount"));

    /// <summary>The virtual functions that a physical function has.</summary>
    public IReadOnlyList<PciAddress> VirtualFunctions => Addresses("virt_functions");

    /// <summary>The physical function that a virtual function belongs to; <see langword="null"/> for any other device.</summary>
    public PciAddress? PhysicalFunction => Addresses("phys_function") is [var address, ..] ? address : null;

    /// <summary>Reads a node device document.</summary>
    /// <param name="xml">What <c>virNodeDeviceGetXMLDesc</c> returned.</param>
    /// <exception cref="FormatException">It is no such document.</exception>
    public static NodeDeviceDocument Parse(string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            XElement root = XElement.Load(reader);
            return root.Name == "device" ? new(root) : throw new FormatException($"A node device document begins with <device>, not with <{root.Name}>.");
        }
        catch (XmlException e)
        {
            throw new FormatException($"The node device document is not well-formed: {e.Message}", e);
        }
    }

    private static string? Text(XElement element, string name) => element.Element(name)?.Value.Trim() is { Length: > 0 } text ? text : null;

    /// <summary>libvirt writes numbers here in decimal or with 0x in front.</summary>
    private static int? Number(string? text) =>
        text is null ? null
        : text.StartsWith("0x", StringComparison.Ordinal)
            ? int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int hex) ? hex : null
            : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static PciAddress? Address(Func<string, string?> part) =>
        Number(part("domain")) is { } domain && Number(part("bus")) is { } bus && Number(part("slot")) is { } slot && Number(part("function")) is { } function
        && (domain, bus, slot, function) is ( >= 0 and <= 0xffff, >= 0 and <= 0xff, >= 0 and <= 0x1f, >= 0 and <= 7)
            ? new PciAddress(domain, bus, slot, function)
            : null;

    private XElement? Capability(string type) => _root.Elements("capability").FirstOrDefault(capability => (string?)capability.Attribute("type") == type);

    private XElement? PciCapability(string type) =>
        Capability("pci")?.Elements("capability").FirstOrDefault(capability => (string?)capability.Attribute("type") == type);

    private List<PciAddress> Addresses(string type) =>
        [.. PciCapability(type)?.Elements("address").Select(address => Address(part => (string?)address.Attribute(part))).OfType<PciAddress>() ?? []];
}
