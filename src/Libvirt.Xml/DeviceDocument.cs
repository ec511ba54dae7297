using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>The document of one device, as libvirt attaches and detaches it: an element that could stand in a domain's <c>&lt;devices&gt;</c>.</summary>
public sealed class DeviceDocument
{
    private DeviceDocument(XElement element) => Element = element;

    /// <summary>The device's element.</summary>
    public XElement Element { get; }

    /// <summary>Reads a document.</summary>
    /// <param name="xml">The text.</param>
    /// <exception cref="DomainDocumentException">As for <see cref="DomainDocument.Parse"/>, or it is no device.</exception>
    public static DeviceDocument Parse(string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        return From(DocumentInput.Read(xml));
    }

    /// <summary>Reads a document in the encoding that it declares; UTF-8 when it declares none.</summary>
    /// <param name="stream">The bytes. Left open.</param>
    /// <exception cref="DomainDocumentException">As for <see cref="Parse"/>; also bytes that the encoding doesn't have.</exception>
    public static DeviceDocument Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return From(DocumentInput.Read(stream));
    }

    /// <summary>A copy of a domain to which this device was added, for what is judged by document; the device's lines and columns stay those of its own text.</summary>
    /// <param name="domain">The domain.</param>
    public DomainDocument AddedTo(DomainDocument domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        DomainDocument copy = domain.Copy();
        Element.Remove(); // an element that has no parent is added as it is, with its place in the text; another one as a copy without
        DocumentEdit.Append(DocumentEdit.Container(copy.Root, "devices"), Element);
        return copy;
    }

    /// <summary>The device's text.</summary>
    public override string ToString() => Element.ToString(SaveOptions.DisableFormatting);

    private static DeviceDocument From(XDocument document)
    {
        XElement root = document.Root!;
        return root.Name.NamespaceName.Length > 0 || root.Name.LocalName is "domain" or "domainsnapshot" or "network" or "pool" or "device"
            ? throw new DomainDocumentException($"a device document begins with a device (<hostdev>, <interface>, <disk>, …), not <{root.Name.LocalName}>")
            : new(root);
    }
}
