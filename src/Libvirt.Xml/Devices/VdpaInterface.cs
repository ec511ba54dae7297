using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>Stock libvirt's vDPA network card, <c>&lt;interface type='vdpa'&gt;</c>: since libvirt 6.9 and QEMU 5.1. libvirt opens the node itself and hands QEMU a descriptor.</summary>
public sealed record VdpaInterface : InterfaceDevice
{
    /// <summary>The node, such as <c>/dev/vhost-vdpa-0</c>.</summary>
    public required string SourceDevice { get; init; }

    /// <summary>The model; absent is virtio.</summary>
    public string? Model { get; init; } = "virtio";

    /// <summary>The number of queue pairs; <see langword="null"/> for one.</summary>
    public uint? Queues { get; init; }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.KernelVdpa;

    /// <inheritdoc/>
    public override string? HostResource => SourceDevice;

    internal override string ElementType => "vdpa";

    internal static VdpaInterface Read(DeviceElement e)
    {
        if (e.Child("source") is { } source)
        {
            HostPath.CheckVdpaNode(source, "dev", source.Attribute("dev"));
        }
        else
        {
            e.Error("<source dev='/dev/vhost-vdpa-N'/> is missing; libvirt says \"Missing 'dev' attribute for element <source>\"");
        }

        return new() { SourceDevice = e.Child("source")?.Attribute("dev") ?? "", Mac = e.Mac(), Model = VirtioModel(e), Queues = QueuesOf(e) };
    }

    private protected override void Write(XElement element)
    {
        base.Write(element);
        DocumentEdit.SetChildAttribute(element, "source", "dev", SourceDevice);
        DocumentEdit.SetChildAttribute(element, "model", "type", Model);
        WriteQueues(element, Queues);
    }
}
