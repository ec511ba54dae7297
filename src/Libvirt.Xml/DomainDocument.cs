using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>
/// A domain document as libvirt reads and writes it. What is not understood here — elements, attributes, namespaces, comments, order — is kept as it was.
/// Setters change the document in place; <see cref="Parse"/> and <see cref="Copy"/> give documents of their own.
/// </summary>
public sealed partial class DomainDocument
{
    private readonly XDocument _document;

    private DomainDocument(XDocument document)
    {
        _document = document;
        TraceArguments = new TraceArguments(document.Root!);
    }

    /// <summary>The <c>domain</c> element.</summary>
    public XElement Root => _document.Root!;

    /// <summary>The domain's name; empty if the document has none.</summary>
    public string Name
    {
        get => Root.Element("name")?.Value ?? "";
        set => SetElement("name", value);
    }

    /// <summary>The domain's UUID; <see langword="null"/> when there is none (libvirt makes one up then) or it can't be read.</summary>
    public Guid? Uuid
    {
        get => Guid.TryParse(Root.Element("uuid")?.Value.Trim(), out var uuid) ? uuid : null;
        set => SetElement("uuid", value?.ToString("D"));
    }

    /// <summary>The hypervisor type of the root element, such as <c>kvm</c> or <c>qemu</c>.</summary>
    public string? HypervisorType => Root.Attribute("type")?.Value;

    /// <summary>The guest's architecture, such as <c>x86_64</c> or <c>aarch64</c>.</summary>
    public string? Architecture => OsType?.Attribute("arch")?.Value;

    /// <summary>The machine type, such as <c>pc-q35-10.0</c>.</summary>
    public string? Machine => OsType?.Attribute("machine")?.Value;

    /// <summary>The path of the emulator's binary.</summary>
    public string? Emulator => Root.Element("devices")?.Element("emulator")?.Value.Trim();

    /// <summary>The kinds (<c>type</c> attributes) of the host devices, such as <c>pci</c> or <c>vdpa</c>, one entry per device, in the document's order.</summary>
    public IReadOnlyList<string> HostDeviceKinds
        => [.. Root.Elements("devices").Elements("hostdev").Select(device => device.Attribute("type")?.Value ?? "")];

    /// <summary>The trace patterns that QEMU is told on its command line.</summary>
    public TraceArguments TraceArguments { get; }

    private XElement? OsType => Root.Element("os")?.Element("type");

    /// <summary>Reads a document.</summary>
    /// <param name="xml">The text, as from libvirt or a user's file.</param>
    /// <exception cref="DomainDocumentException">
    /// The text is not XML, holds a document type definition, is longer than 4 MiB or nested deeper than 256 elements (libvirt's own limits), or is not a domain; it says where.
    /// </exception>
    public static DomainDocument Parse(string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        return FromDomain(DocumentInput.Read(xml));
    }

    /// <summary>Reads a document in the encoding that it declares; UTF-8 when it declares none.</summary>
    /// <param name="stream">The bytes; at most a little more than 4 MiB of them are read. Left open.</param>
    /// <exception cref="DomainDocumentException">As for <see cref="Parse"/>; also bytes that the encoding doesn't have.</exception>
    public static DomainDocument Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return FromDomain(DocumentInput.Read(stream));
    }

    /// <summary>Reads a file in the encoding that it declares; UTF-8 when it declares none.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DomainDocumentException">As for <see cref="Parse"/>; also bytes that the encoding doesn't have.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static DomainDocument LoadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream file = File.OpenRead(path);
        return Load(file);
    }

    /// <summary>A document of its own with the same content.</summary>
    public DomainDocument Copy()
    {
        var copy = new XDocument(_document);
        DocumentEdit.CopyAnnotations(_document, copy);
        return new(copy);
    }

    /// <summary>The document's text, with nothing changed that wasn't set. Without an XML declaration: the encoding it names isn't that of a string.</summary>
    public override string ToString()
    {
        using var text = new StringWriter();
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, NewLineHandling = NewLineHandling.Entitize };
        using (var writer = XmlWriter.Create(text, settings))
        {
            _document.Save(writer);
        }

        return text.ToString();
    }

    private static DomainDocument FromDomain(XDocument document)
    {
        XElement root = document.Root!;
        if (root is { Name.LocalName: "domain", Name.NamespaceName: "" })
        {
            return new DomainDocument(document);
        }

        IXmlLineInfo at = root;
        throw new DomainDocumentException(
            $"a domain document begins with <domain>, not <{root.Name.LocalName}>{(root.Name.NamespaceName is "" ? "" : " of the namespace " + root.Name.NamespaceName)}",
            null, at.LineNumber, at.LinePosition, "/" + root.Name.LocalName);
    }

    private void SetElement(string name, string? value)
    {
        var element = Root.Element(name);
        if (value is null)
        {
            element?.Remove();
        }
        else if (element is not null)
        {
            element.Value = value;
        }
        else
        {
            Root.AddFirst(new XElement(name, value));
        }
    }
}
