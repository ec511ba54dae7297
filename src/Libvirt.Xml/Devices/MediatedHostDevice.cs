using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A mediated device, <c>&lt;hostdev type='mdev'&gt;</c>: a part of a device that its host driver shares out.</summary>
public sealed record MediatedHostDevice : ElementDevice
{
    /// <summary>The device's UUID below <c>/sys/bus/mdev/devices</c>.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The model: <c>vfio-pci</c>, <c>vfio-ccw</c>, <c>vfio-ap</c>.</summary>
    public required string Model { get; init; }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.MediatedDevice;

    /// <inheritdoc/>
    public override string? HostResource => Uuid.ToString("D");

    internal override string ElementName => "hostdev";

    internal override string ElementType => "mdev";

    internal static MediatedHostDevice? Read(DeviceElement e)
    {
        string? model = e.Attribute("model");
        if (model is null)
        {
            e.Error("'model' is missing: vfio-pci, vfio-ccw or vfio-ap");
        }

        DeviceElement? address = e.Child("source")?.Child("address");
        if (!Guid.TryParse(address?.Attribute("uuid"), out Guid uuid))
        {
            (address ?? e).Error("<source><address uuid='…'/></source> is missing or not a UUID");
            return null;
        }

        return new() { Uuid = uuid, Model = model ?? "" };
    }

    internal override bool IsSameAs(DomainDevice other) => other is MediatedHostDevice mdev && mdev.Uuid == Uuid;

    private protected override void Write(XElement element)
    {
        element.SetAttributeValue("mode", "subsystem");
        element.SetAttributeValue("type", "mdev");
        element.SetAttributeValue("model", Model);
        XElement source = DocumentEdit.Container(element, "source");
        if (!Guid.TryParse(source.Element("address")?.Attribute("uuid")?.Value, out Guid present) || present != Uuid)
        {
            DocumentEdit.SetChildAttribute(source, "address", "uuid", Uuid.ToString("D"));
        }
    }
}
