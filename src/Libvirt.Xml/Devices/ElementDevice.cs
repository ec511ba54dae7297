using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A device that is an element of <c>&lt;devices&gt;</c>.</summary>
public abstract record ElementDevice : DomainDevice
{
    private protected ElementDevice()
    {
    }

    internal abstract string ElementName { get; }

    /// <summary>The value of the element's <c>type</c>.</summary>
    internal abstract string ElementType { get; }

    /// <inheritdoc/>
    public override string Kind => $"<{ElementName} type='{ElementType}'>";

    internal override void AddTo(XElement domain)
    {
        XElement element = ToElement();
        DocumentEdit.Append(DocumentEdit.Container(domain, "devices"), element);
    }

    /// <summary>The device as an element of its own, without layout.</summary>
    internal virtual XElement ToElement()
    {
        var element = new XElement(ElementName);
        Update(element);
        return element;
    }

    /// <summary>Makes an element, which may hold more than is known here, say what this device says; the rest stays.</summary>
    internal void Update(XElement element)
    {
        Write(element);
        var read = new DeviceElement(element, "", null);
        if (read.BootOrder() != BootOrder)
        {
            DocumentEdit.SetChildAttribute(element, "boot", "order", BootOrder?.ToString(CultureInfo.InvariantCulture));
        }

        if (read.Alias() != Alias)
        {
            DocumentEdit.SetChildAttribute(element, "alias", "name", Alias);
        }

        if (read.GuestAddress() != GuestAddress)
        {
            if (GuestAddress is { } address)
            {
                XElement place = DocumentEdit.Container(element, "address");
                place.SetAttributeValue("type", "pci");
                address.WriteTo(place);
            }
            else if (element.Element("address") is { } place)
            {
                DocumentEdit.Remove(place);
            }
        }
    }

    private protected abstract void Write(XElement element);
}
