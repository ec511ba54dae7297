using Libvirt.Xml;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Migration;

/// <summary>The documents that a migration hands to libvirt in the place of the source's own. Pure.</summary>
/// <param name="Destination">The running domain's; <see langword="null"/> when the source's goes as it is.</param>
/// <param name="Persistent">The definition's; <see langword="null"/> when the source's goes as it is, or none does.</param>
/// <param name="Diff">In what they differ from the source's.</param>
/// <param name="Strays">The devices that the definition alone has, and that would use on the destination what they used on the source.</param>
internal sealed record PlanDocuments(string? Destination, string? Persistent, IReadOnlyList<string> Diff, IReadOnlyList<string> Strays)
{
    internal static PlanDocuments Of(MigrationRequest request, PlanningFacts? source, IReadOnlyList<MappedDevice> devices, bool persistent)
    {
        var resources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (MappedDevice device in devices.Where(device => device.Destination is not null))
        {
            resources[device.Source] = device.Destination!;
        }

        // The definition keeps what the running domain gets again.
        MappedDevice[] detached = [.. devices.Where(device => device.Detachment is not null)];
        (string? live, IReadOnlyList<string> liveDiff) = Rewrite(
            source?.MigratableXml, Without(request.DestinationXml, detached), resources, [.. detached.Select(device => device.Source)], "source/domain.xml", "destination/domain.xml");
        (string? definition, IReadOnlyList<string> definitionDiff) = persistent
            ? Rewrite(source?.DefinitionXml, request.PersistentXml, resources, [], "source/definition.xml", "destination/definition.xml")
            : (null, []);
        return new(live, definition, [.. liveDiff, .. definitionDiff], persistent && source?.DefinitionXml is { } xml && request.PersistentXml is null ? StraysOf(xml, resources) : []);
    }

    private static (string? Document, IReadOnlyList<string> Diff) Rewrite(
        string? xml, string? given, IReadOnlyDictionary<string, string> resources, HashSet<string> detached, string before, string after)
    {
        if (given is not null)
        {
            return (given, xml is null ? [] : DocumentDiff.Of(Normal(xml), Normal(given), before, after));
        }

        if (xml is null || (detached.Count == 0 && resources.All(pair => pair.Key == pair.Value)))
        {
            return (null, []);
        }

        DomainDocument document = DomainDocument.Parse(xml);
        string unchanged = document.ToString();

        // libvirt's own document loses what libvirt detaches; of an argument of QEMU's it does not know that it is gone.
        bool hasArguments = Remove(document, detached);
        return document.SetHostResources(resources) == 0 && !hasArguments ? (null, []) : (document.ToString(), DocumentDiff.Of(unchanged, document.ToString(), before, after));
    }

    /// <summary>A document given for the destination without the devices that the guest will not have while it moves.</summary>
    private static string? Without(string? given, MappedDevice[] detached)
    {
        if (given is null || detached.Length == 0)
        {
            return given;
        }

        try
        {
            DomainDocument document = DomainDocument.Parse(given);
            Remove(document, [.. detached.Select(device => device.Destination).OfType<string>()]);
            return document.ToString();
        }
        catch (DomainDocumentException)
        {
            return given; // a check refuses it
        }
    }

    /// <returns>Whether arguments of QEMU's were among them.</returns>
    private static bool Remove(DomainDocument document, HashSet<string> resources)
    {
        PlacedDevice[] gone = [.. document.PlacedDevices.Where(placed => placed.Device.HostResource is { } resource && resources.Contains(resource))];
        foreach (PlacedDevice placed in gone)
        {
            document.Remove(placed.Device);
        }

        return gone.Any(placed => placed.Element is null);
    }

    private static string Normal(string xml)
    {
        try
        {
            return DomainDocument.Parse(xml).ToString();
        }
        catch (DomainDocumentException)
        {
            return xml; // a check refuses it
        }
    }

    private static IReadOnlyList<string> StraysOf(string definition, Dictionary<string, string> resources) =>
        [.. DeviceMapper.DevicesOf(DomainDocument.Parse(definition)).Where(device => !resources.ContainsKey(device.HostResource!)).Select(device => $"{device.HostResource} ({device.Kind})")];
}
