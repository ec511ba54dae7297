using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>
/// A vhost-user network card, <c>&lt;interface type='vhostuser'&gt;</c>: its data path is another process (OVS-DPDK), or with user-space vDPA hardware that this process sets up.
/// The two look the same to libvirt; an alias that begins with <see cref="UserVdpaAlias"/> says which it is, a convention of this library. Needs shared guest memory.
/// </summary>
public sealed record VhostUserInterface : InterfaceDevice
{
    /// <summary>How the alias of a user-space vDPA device begins.</summary>
    public const string UserVdpaAlias = "ua-vdpa-";

    /// <summary>The path of the socket.</summary>
    public required string Socket { get; init; }

    /// <summary>QEMU's end of the socket: <c>client</c> or <c>server</c>.</summary>
    public string? Mode { get; init; } = "client";

    /// <summary>The model; it has to be virtio.</summary>
    public string? Model { get; init; } = "virtio";

    /// <summary>The number of queue pairs; <see langword="null"/> for one.</summary>
    public uint? Queues { get; init; }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => SchemeOf(Alias);

    /// <inheritdoc/>
    public override string? HostResource => Socket;

    internal override string ElementType => "vhostuser";

    internal static DeviceScheme SchemeOf(string? alias)
        => alias?.StartsWith(UserVdpaAlias, StringComparison.Ordinal) == true ? DeviceScheme.UserVdpa : DeviceScheme.VhostUser;

    internal static VhostUserInterface Read(DeviceElement e)
    {
        if (e.Child("source") is not { } source)
        {
            e.Error("<source type='unix' path='…' mode='client'/> is missing");
        }
        else
        {
            // Connected to a passt process libvirt makes the socket itself.
            if (e.Child("backend")?.Attribute("type") != "passt")
            {
                HostPath.Check(source, "path", source.Attribute("path"));
                if (source.Attribute("mode") is not ("client" or "server"))
                {
                    source.Error($"'{source.Attribute("mode")}' is neither 'client' nor 'server'", source.Attribute("mode") is null ? null : "mode");
                }
            }
        }

        return new()
        {
            Socket = e.Child("source")?.Attribute("path") ?? "",
            Mode = e.Child("source")?.Attribute("mode"),
            Mac = e.Mac(),
            Model = VirtioModel(e),
            Queues = QueuesOf(e),
        };
    }

    private protected override void Write(XElement element)
    {
        base.Write(element);
        DocumentEdit.SetChildAttribute(element, "source", "type", "unix");
        DocumentEdit.SetChildAttribute(element, "source", "path", Socket);
        DocumentEdit.SetChildAttribute(element, "source", "mode", Mode);
        DocumentEdit.SetChildAttribute(element, "model", "type", Model);
        WriteQueues(element, Queues);
    }
}
