using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>Stock libvirt's vDPA disk, <c>&lt;disk type='vhostvdpa'&gt;</c>: since libvirt 9.8, with a QEMU that has libblkio. Needs shared guest memory.</summary>
public sealed record VhostVdpaDisk : DiskDevice
{
    /// <summary>The node, such as <c>/dev/vhost-vdpa-0</c>.</summary>
    public required string SourceDevice { get; init; }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.KernelVdpa;

    /// <inheritdoc/>
    public override string? HostResource => SourceDevice;

    internal override string ElementType => "vhostvdpa";

    internal static VhostVdpaDisk Read(DeviceElement e)
    {
        if (e.Child("source") is { } source)
        {
            HostPath.CheckVdpaNode(source, "dev", source.Attribute("dev"));
        }
        else
        {
            e.Error("<source dev='/dev/vhost-vdpa-N'/> is missing");
        }

        if (e.Child("driver") is { } driver && driver.Attribute("type") is { } format and not "raw")
        {
            driver.Error($"'{format}': a vhostvdpa disk is raw", "type");
        }

        if (e.Child("driver")?.Attribute("cache") is not ("none" or "directsync"))
        {
            (e.Child("driver") ?? e).Error("a vhostvdpa disk needs <driver name='qemu' type='raw' cache='none'/> (or 'directsync'): nothing of the host's cache stands before it");
        }

        return new() { SourceDevice = e.Child("source")?.Attribute("dev") ?? "", Target = TargetOf(e), Queues = QueuesOf(e) };
    }

    private protected override void Write(XElement element)
    {
        if (element.Element("driver") is null)
        {
            DocumentEdit.SetChildAttribute(element, "driver", "name", "qemu");
            DocumentEdit.SetChildAttribute(element, "driver", "type", "raw");
            DocumentEdit.SetChildAttribute(element, "driver", "cache", "none");
        }

        DocumentEdit.SetChildAttribute(element, "source", "dev", SourceDevice);
        base.Write(element);
    }
}
