using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>What the virtio disks have in common. libvirt finds a disk again by its target.</summary>
public abstract record DiskDevice : ElementDevice
{
    private protected DiskDevice()
    {
    }

    /// <summary>The target, such as <c>vda</c>: the order of the disks, not a name in the guest.</summary>
    public required string Target { get; init; }

    /// <summary>The number of queues; <see langword="null"/> for QEMU's default.</summary>
    public uint? Queues { get; init; }

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => Devices.VirtioClass.Block;

    internal override string ElementName => "disk";

    internal override bool IsSameAs(DomainDevice other) => other is DiskDevice disk && disk.Target == Target;

    private protected static string TargetOf(DeviceElement e)
    {
        if (e.Child("target")?.Attribute("dev") is { Length: > 0 } target)
        {
            return target;
        }

        e.Error("<target dev='vdX' bus='virtio'/> is missing");
        return "";
    }

    private protected static uint? QueuesOf(DeviceElement e) => e.Child("driver")?.Positive("queues");

    private protected override void Write(XElement element)
    {
        element.SetAttributeValue("type", ElementType);
        element.SetAttributeValue("device", element.Attribute("device")?.Value ?? "disk");
        if (QueuesOf(new DeviceElement(element, "", null)) != Queues)
        {
            DocumentEdit.SetChildAttribute(element, "driver", "queues", Queues?.ToString(CultureInfo.InvariantCulture));
        }

        DocumentEdit.SetChildAttribute(element, "target", "dev", Target);
        DocumentEdit.SetChildAttribute(element, "target", "bus", "virtio");
    }
}
