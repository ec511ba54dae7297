using System.Xml.Linq;
using Libvirt.Xml.Devices;

namespace Libvirt.Xml;

/// <summary>A device and what it is made of in its document.</summary>
/// <param name="Device">The device.</param>
/// <param name="Elements">The document's own elements: one of <c>&lt;devices&gt;</c>, or arguments of QEMU's command line.</param>
public sealed record PlacedDevice(DomainDevice Device, IReadOnlyList<XElement> Elements)
{
    /// <summary>The element that libvirt attaches and detaches; <see langword="null"/> for a device of QEMU's command line, of which libvirt knows nothing.</summary>
    public XElement? Element => Device is ElementDevice ? Elements[0] : null;
}

/// <summary>A PCI Express root port of a running domain: what a device is plugged into.</summary>
/// <param name="Alias">Its name in libvirt and in QEMU, and the name of the bus behind it, such as <c>pci.3</c>.</param>
/// <param name="Index">The number of the bus in the document's addresses.</param>
public sealed record PciPort(string Alias, int Index);
