using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A device that is known by its element only: read, added and removed as it stands.</summary>
public abstract record UntypedDevice : ElementDevice
{
    private protected UntypedDevice(XElement element)
    {
        Element = new XElement(element);
        Element.DescendantsAndSelf().Where(inner => inner.HasElements).Nodes().OfType<XText>().Where(text => text is not XCData && string.IsNullOrWhiteSpace(text.Value)).Remove();
        Xml = Element.ToString(SaveOptions.DisableFormatting);
        var read = new DeviceElement(Element, "", null);
        Alias = read.Alias();
        GuestAddress = read.GuestAddress();
        BootOrder = read.BootOrder();
    }

    /// <summary>The element's text, without layout.</summary>
    public string Xml { get; }

    /// <inheritdoc/>
    public override string Kind => ElementType.Length > 0 ? $"<{ElementName} type='{ElementType}'>" : $"<{ElementName}>";

    /// <inheritdoc/>
    public override string? HostResource
        => ((string[])["dev", "file", "path", "bridge"]).Select(name => (string?)Element.Element("source")?.Attribute(name)).FirstOrDefault(value => value is not null);

    private protected XElement Element { get; }

    internal override string ElementName => Element.Name.LocalName;

    internal override string ElementType => (string?)Element.Attribute("type") ?? "";

    /// <summary>Two are equal when their elements' texts and their common properties are.</summary>
    /// <param name="other">The other one.</param>
    public virtual bool Equals(UntypedDevice? other) => base.Equals(other) && other.Xml == Xml;

    /// <inheritdoc/>
    public override int GetHashCode() => Xml.GetHashCode(StringComparison.Ordinal);

    internal override XElement ToElement()
    {
        var element = new XElement(Element);
        Update(element);
        return element;
    }

    internal override bool IsSameAs(DomainDevice other) => other is UntypedDevice untyped && untyped.Xml == Xml;

    private protected static XElement ReadElement(string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        return DocumentInput.Read(xml).Root!;
    }

    private protected override void Write(XElement element)
    {
    }
}
