using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>What all kinds of <c>&lt;interface&gt;</c> have. libvirt finds one again by its MAC address.</summary>
public abstract record InterfaceDevice : ElementDevice
{
    private protected InterfaceDevice()
    {
    }

    /// <summary>The MAC address; <see langword="null"/> lets libvirt make one up.</summary>
    public string? Mac { get; init; }

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => Devices.VirtioClass.Net;

    internal override string ElementName => "interface";

    internal override bool IsSameAs(DomainDevice other)
        => other is InterfaceDevice nic && nic.ElementType == ElementType && (Mac is null ? UsesSame(nic) : string.Equals(Mac, nic.Mac, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether two interfaces of a kind use the same thing on the host; decides when this one has no MAC address.</summary>
    private protected virtual bool UsesSame(InterfaceDevice other) => other.HostResource == HostResource;

    private protected override void Write(XElement element)
    {
        element.SetAttributeValue("type", ElementType);
        DocumentEdit.SetChildAttribute(element, "mac", "address", Mac);
    }

    /// <summary>The model that is virtio, or nothing; other models don't go with the kinds that ask.</summary>
    private protected static string? VirtioModel(DeviceElement e)
    {
        DeviceElement? model = e.Child("model");
        if (model?.Attribute("type") is { } type && !IsVirtio(type))
        {
            model.Error($"the model '{type}' doesn't go with <interface type='{e.Attribute("type")}'>: it has to be virtio", "type");
        }

        return model?.Attribute("type");
    }

    /// <summary>Whether a device model is virtio, of either generation.</summary>
    internal static bool IsVirtio(string model) => model is "virtio" or "virtio-transitional" or "virtio-non-transitional" or "virtio-net-pci";

    private protected static uint? QueuesOf(DeviceElement e) => e.Child("driver")?.Positive("queues");

    private protected static void WriteQueues(XElement element, uint? queues)
    {
        if (QueuesOf(new DeviceElement(element, "", null)) != queues)
        {
            DocumentEdit.SetChildAttribute(element, "driver", "queues", queues?.ToString(CultureInfo.InvariantCulture));
        }
    }
}
