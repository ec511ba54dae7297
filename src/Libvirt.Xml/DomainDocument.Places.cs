using System.Xml.Linq;
using Libvirt.Xml.Devices;

namespace Libvirt.Xml;

public sealed partial class DomainDocument
{
    /// <summary>The devices as in <see cref="Devices"/>, each with its elements of this document.</summary>
    public IReadOnlyList<PlacedDevice> PlacedDevices => [.. DeviceSlot.ReadAll(Root, null).Select(slot => new PlacedDevice(slot.Device, slot.Elements))];

    /// <summary>The names by which QEMU knows what this document gives it: libvirt's aliases, and the ids of devices on its command line.</summary>
    public IReadOnlySet<string> QemuIds =>
        new HashSet<string>(
            Root.Elements("devices").Elements().Elements("alias").Attributes("name").Select(name => name.Value)
                .Concat(CommandLineReader.DeviceIds(Root)),
            StringComparer.Ordinal);

    /// <summary>
    /// The root ports behind which nothing stands in this document, the last one first: libvirt fills them from the first on. The document of a running domain has their
    /// aliases. What was plugged in past libvirt is not seen here: QEMU has to be asked.
    /// </summary>
    public IReadOnlyList<PciPort> FreePorts()
    {
        HashSet<int> used = [.. Root.Elements("devices").Elements().Elements("address")
            .Where(address => (string?)address.Attribute("type") == "pci" && (string?)address.Attribute("bus") is not null)
            .Select(address => (int?)DeviceElement.CNumber((string)address.Attribute("bus")!))
            .OfType<int>()];
        return [.. from controller in Root.Elements("devices").Elements("controller")
                   where (string?)controller.Attribute("type") == "pci" && (string?)controller.Attribute("model") == "pcie-root-port"
                       && (string?)controller.Element("target")?.Attribute("hotplug") != "off"
                   let index = (int?)DeviceElement.CNumber((string?)controller.Attribute("index") ?? "")
                   let alias = (string?)controller.Element("alias")?.Attribute("name")
                   where index is not null && alias is not null && !used.Contains(index.Value)
                   orderby index descending
                   select new PciPort(alias, index.Value)];
    }
}
