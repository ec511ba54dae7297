using System.Text.RegularExpressions;
using System.Xml.Linq;
using Libvirt.Xml.Devices;

namespace Libvirt.Xml;

public sealed partial class DomainDocument
{
    /// <summary>
    /// Makes devices use other things of a host: their nodes, functions and sockets, and nothing else of the document. All are looked up before the first is changed, so
    /// that two devices can change places.
    /// </summary>
    /// <param name="resources">For a device's <see cref="DomainDevice.HostResource"/> what it becomes.</param>
    /// <returns>How many devices were changed.</returns>
    /// <exception cref="FormatException">A PCI function is to become what is no PCI address.</exception>
    public int SetHostResources(IReadOnlyDictionary<string, string> resources)
    {
        ArgumentNullException.ThrowIfNull(resources);
        (PlacedDevice Placed, string To)[] changes =
        [
            .. from placed in PlacedDevices
               where placed.Device.HostResource is { } resource && resources.TryGetValue(resource, out string? to) && to != resource
               select (placed, resources[placed.Device.HostResource!]),
        ];
        foreach ((PlacedDevice placed, string to) in changes)
        {
            SetResource(placed, to);
        }

        return changes.Length;
    }

    private static void SetResource(PlacedDevice placed, string to)
    {
        if (placed.Device is CommandLineDevice)
        {
            // Its options may hold what no kind of ours has: the text of the node alone is changed.
            string pattern = $"{Regex.Escape(placed.Device.HostResource!)}(?![0-9])";
            foreach (XAttribute value in placed.Elements.Attributes("value"))
            {
                value.Value = Regex.Replace(value.Value, pattern, to.Replace("$", "$$", StringComparison.Ordinal), RegexOptions.CultureInvariant);
            }

            return;
        }

        XElement source = placed.Elements[0].Element("source")!;
        if (placed.Device is PciHostDevice or HostdevInterface)
        {
            PciAddress.Parse(to).WriteTo(source.Element("address")!);
        }
        else
        {
            source.SetAttributeValue(source.Attribute("path") is not null ? "path" : "dev", to);
        }
    }
}
