using System.Text.RegularExpressions;
using System.Xml.Linq;
using Libvirt.Xml;

namespace Orchestrator.Devices;

/// <summary>The host's devices that a domain's document names, however it names them.</summary>
public static partial class DomainResources
{
    private static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    /// <summary>The character devices of vDPA devices (<c>/dev/vhost-vdpa-N</c>) and the addresses of PCI devices (<c>0000:31:00.1</c>) in a document.</summary>
    /// <param name="xml">The domain's document.</param>
    /// <exception cref="DomainDocumentException">It is no such document.</exception>
    public static IReadOnlySet<string> Of(string xml)
    {
        XElement root = DomainDocument.Parse(xml).Root;
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (XElement source in root.Elements("devices").Elements().Elements("source"))
        {
            // <hostdev type='vdpa'> and <interface type='vdpa'> have source/@dev, <disk type='vhostvdpa'> too.
            if ((string?)source.Attribute("dev") is { } node && CharDevice().IsMatch(node))
            {
                found.Add(node);
            }

            // <hostdev type='pci'> and <interface type='hostdev'>; a source of another kind (usb) has an address without a slot.
            if (source.Element("address") is { } address && address.Attribute("slot") is not null
                && PciAddress.TryParse($"{Hex(address, "domain")}:{Hex(address, "bus")}:{Hex(address, "slot")}.{Hex(address, "function")}", out PciAddress pci))
            {
                found.Add($"{pci}");
            }
        }

        // Devices that only QEMU knows: -device {"driver":"vhost-vdpa-device-pci","vhostdev":"/dev/vhost-vdpa-1"}, -device vfio-pci,host=31:00.1
        foreach (string argument in root.Elements(Qemu + "commandline").Elements(Qemu + "arg").Attributes("value").Select(value => value.Value))
        {
            found.UnionWith(CharDeviceInText().Matches(argument).Select(match => match.Value));
            found.UnionWith(PciInText().Matches(argument)
                .Select(match => PciAddress.TryParse(match.Groups["address"].Value, out PciAddress pci) ? $"{pci}" : null)
                .OfType<string>());
        }

        return found;
    }

    private static string Hex(XElement address, string part) => ((string?)address.Attribute(part) ?? "0").Replace("0x", "", StringComparison.Ordinal);

    [GeneratedRegex("^/dev/vhost-vdpa-[0-9]+\\z", RegexOptions.CultureInvariant)]
    private static partial Regex CharDevice();

    [GeneratedRegex("/dev/vhost-vdpa-[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex CharDeviceInText();

    [GeneratedRegex("(?:\\bhost=|\"host\" *: *\")(?<address>[0-9a-fA-F:.]+)", RegexOptions.CultureInvariant)]
    private static partial Regex PciInText();
}
