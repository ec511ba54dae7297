using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A virtio-blk disk that QEMU serves itself.</summary>
public sealed record VirtioDisk : DiskDevice
{
    /// <summary>What it is stored in: <c>file</c> or <c>block</c>; others (<c>network</c>, <c>volume</c>, <c>nvme</c>, <c>dir</c>) are read but not made.</summary>
    public string Type { get; init; } = "file";

    /// <summary>The file or block device; <see langword="null"/> for the other types.</summary>
    public string? Source { get; init; }

    /// <summary>The image's format: <c>raw</c>, <c>qcow2</c>.</summary>
    public string? Format { get; init; } = "raw";

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.Virtio;

    /// <inheritdoc/>
    public override string? HostResource => Source;

    internal override string ElementType => Type;

    private static string? SourceAttribute(string type) => type switch { "file" => "file", "block" => "dev", "dir" => "dir", _ => null };

    internal static VirtioDisk Read(DeviceElement e)
    {
        string type = e.Attribute("type") ?? "file";
        string? source = SourceAttribute(type) is { } attribute ? e.Child("source")?.Attribute(attribute) : null;
        if (SourceAttribute(type) is null && e.Child("source") is null)
        {
            e.Error($"the <source> of a disk of type '{type}' is missing");
        }

        return new() { Type = type, Source = source, Format = e.Child("driver")?.Attribute("type"), Target = TargetOf(e), Queues = QueuesOf(e) };
    }

    private protected override void Write(XElement element)
    {
        if (Format is not null && element.Element("driver")?.Attribute("name") is null)
        {
            DocumentEdit.SetChildAttribute(element, "driver", "name", "qemu");
        }

        DocumentEdit.SetChildAttribute(element, "driver", "type", Format);
        if (SourceAttribute(Type) is { } attribute && (Source is not null || element.Element("source") is not null))
        {
            DocumentEdit.SetChildAttribute(element, "source", attribute, Source);
        }

        base.Write(element);
    }
}
