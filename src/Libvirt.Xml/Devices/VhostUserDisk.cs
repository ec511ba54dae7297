using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A vhost-user disk, <c>&lt;disk type='vhostuser'&gt;</c> (SPDK): since libvirt 7.1. User-space vDPA as for <see cref="VhostUserInterface"/>. Needs shared guest memory.</summary>
public sealed record VhostUserDisk : DiskDevice
{
    /// <summary>The path of the socket.</summary>
    public required string Socket { get; init; }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => VhostUserInterface.SchemeOf(Alias);

    /// <inheritdoc/>
    public override string? HostResource => Socket;

    internal override string ElementType => "vhostuser";

    internal static VhostUserDisk Read(DeviceElement e)
    {
        if (e.Child("source") is { } source)
        {
            HostPath.Check(source, "path", source.Attribute("path"));
        }
        else
        {
            e.Error("<source type='unix' path='…'/> is missing");
        }

        if (e.Child("target") is { } target && target.Attribute("bus") is { } bus and not "virtio")
        {
            target.Error($"'{bus}': a vhost-user disk is on the bus 'virtio'", "bus");
        }

        return new() { Socket = e.Child("source")?.Attribute("path") ?? "", Target = TargetOf(e), Queues = QueuesOf(e) };
    }

    private protected override void Write(XElement element)
    {
        if (element.Element("driver") is null)
        {
            DocumentEdit.SetChildAttribute(element, "driver", "name", "qemu");
            DocumentEdit.SetChildAttribute(element, "driver", "type", "raw");
        }

        DocumentEdit.SetChildAttribute(element, "source", "type", "unix");
        DocumentEdit.SetChildAttribute(element, "source", "path", Socket);
        base.Write(element);
    }
}
