using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>A host's SMBIOS information: its firmware and its model.</summary>
/// <param name="BiosVendor">Who made the firmware.</param>
/// <param name="BiosVersion">The firmware's version.</param>
/// <param name="BiosDate">The firmware's date, as it tells it.</param>
/// <param name="Manufacturer">Who made the machine.</param>
/// <param name="Product">The machine's model.</param>
public sealed record SysinfoDocument(string? BiosVendor, string? BiosVersion, string? BiosDate, string? Manufacturer, string? Product)
{
    /// <summary>Reads a <c>&lt;sysinfo&gt;</c> document.</summary>
    /// <param name="xml">What <c>virConnectGetSysinfo</c> returned.</param>
    /// <exception cref="FormatException">It is no such document.</exception>
    public static SysinfoDocument Parse(string xml)
    {
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            XElement root = XElement.Load(reader);
            return root.Name == "sysinfo"
                ? new(Entry("bios", "vendor"), Entry("bios", "version"), Entry("bios", "date"), Entry("system", "manufacturer"), Entry("system", "product"))
                : throw new FormatException($"An SMBIOS document begins with <sysinfo>, not with <{root.Name}>.");

            string? Entry(string group, string name) =>
                root.Elements(group).Elements("entry").FirstOrDefault(entry => (string?)entry.Attribute("name") == name)?.Value.Trim() is { Length: > 0 } value ? value : null;
        }
        catch (XmlException e)
        {
            throw new FormatException($"The SMBIOS document is not well-formed: {e.Message}", e);
        }
    }
}
