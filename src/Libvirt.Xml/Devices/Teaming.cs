namespace Libvirt.Xml.Devices;

/// <summary>The part of a device in a team of two (virtio's STANDBY feature): the guest uses the passed-through one and falls back to the other while it is away.</summary>
public enum TeamingType
{
    /// <summary>The virtio interface that stays. Its alias is named by the other one.</summary>
    Persistent,

    /// <summary>The passed-through function, which QEMU unplugs for a migration and plugs again after it.</summary>
    Transient,
}

/// <summary>libvirt's <c>&lt;teaming&gt;</c>: since 6.1 on interfaces, since 7.1 on plain host devices; QEMU 4.2.</summary>
public sealed record Teaming
{
    /// <summary>The device's part.</summary>
    public required TeamingType Type { get; init; }

    /// <summary>For a transient device the alias (<c>ua-…</c>) of the persistent one.</summary>
    public string? Persistent { get; init; }

    internal static void Write(System.Xml.Linq.XElement device, Teaming? teaming)
    {
        if (new DeviceElement(device, "", null).Teaming() == teaming)
        {
            return;
        }

        DocumentEdit.SetChildAttribute(device, "teaming", "persistent", teaming?.Persistent);
        DocumentEdit.SetChildAttribute(device, "teaming", "type", teaming is null ? null : teaming.Type == TeamingType.Transient ? "transient" : "persistent");
    }
}
