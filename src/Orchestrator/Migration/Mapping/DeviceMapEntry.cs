namespace Orchestrator.Migration.Mapping;

/// <summary>A device that a person mapped by hand.</summary>
/// <param name="Source">The device on the source: a node or socket, a PCI address, an alias, a MAC address, or the name of a vDPA device.</param>
/// <param name="Destination">The device on the destination, in the same words, or <c>MGMTDEV/new</c> to have one made on a management device.</param>
public sealed record DeviceMapEntry(string Source, string Destination)
{
    private const string New = "/new";

    /// <summary>The management device on which a device is to be made; <see langword="null"/> when it is to be one that is there.</summary>
    public string? ManagementDevice => Destination.EndsWith(New, StringComparison.Ordinal) ? Destination[..^New.Length] : null;

    /// <summary>Reads <c>SRC=DST</c>.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static DeviceMapEntry Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string source = equals < 0 ? "" : text[..equals].Trim();
        string destination = equals < 0 ? "" : text[(equals + 1)..].Trim();
        return source.Length > 0 && destination.Length > 0 && destination != New && !text.Any(char.IsControl)
            ? new(source, destination)
            : throw new FormatException($"'{text}' is no mapping: write SRC=DST, such as /dev/vhost-vdpa-0=/dev/vhost-vdpa-3, 0000:31:00.1=0000:31:00.4 or vdpa0=pci/0000:08:01.1/new");
    }

    /// <summary>As it is written: <c>SRC=DST</c>.</summary>
    public override string ToString() => $"{Source}={Destination}";
}
