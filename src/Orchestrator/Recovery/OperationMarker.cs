using System.Globalization;
using System.Xml.Linq;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Recovery;

/// <summary>
/// An element in the metadata of a running domain that tells every machine of the operation that is being done to it, and travels with it to the destination.
/// Definitions have none. Pure.
/// </summary>
public sealed record OperationMarker
{
    /// <summary>The element's namespace.</summary>
    public const string Namespace = "urn:orchestrator:operation:1";

    /// <summary>The prefix of the namespace.</summary>
    public const string Prefix = "orchestrator";

    /// <summary>The operation's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>What is done: <c>migrate</c>.</summary>
    public string Kind { get; init; } = "migrate";

    /// <summary>Whose it is.</summary>
    public required OperationOwner Owner { get; init; }

    /// <summary>The source, without a password in its URI.</summary>
    public required HostAddress Source { get; init; }

    /// <summary>The destination, without a password in its URI.</summary>
    public required HostAddress Destination { get; init; }

    /// <summary>The source's host UUID; <see langword="null"/> when the mark does not have it.</summary>
    public Guid? SourceHostUuid { get; init; }

    /// <summary>The destination's host UUID; <see langword="null"/> when the mark does not have it.</summary>
    public Guid? DestinationHostUuid { get; init; }

    /// <summary>Who drives it: <c>p2p</c> or <c>direct</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>Whether the guest ran, and is to run afterwards.</summary>
    public bool WasRunning { get; init; }

    /// <summary>Whether the domain is to be persistent on the destination.</summary>
    public bool PersistentOnDestination { get; init; }

    /// <summary>Whether the source's definition is to be removed.</summary>
    public bool UndefinesSource { get; init; }

    /// <summary>The marker of an operation.</summary>
    /// <param name="operation">The operation.</param>
    public static OperationMarker Of(JournalOperation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        JournalIntent intent = operation.Intent;
        return new()
        {
            Id = operation.Id,
            Kind = intent.Kind,
            Owner = operation.Owner with { BootId = null, PidNamespace = null, StartTicks = null }, // a mark is for other machines, which could not see whether it lives
            Source = new(intent.SourceName, intent.SourceUri),
            Destination = new(intent.DestinationName, intent.DestinationUri),
            SourceHostUuid = intent.SourceHostUuid,
            DestinationHostUuid = intent.DestinationHostUuid,
            Mode = intent.Mode,
            Started = operation.Started,
            WasRunning = intent.WasRunning,
            PersistentOnDestination = intent.PersistentOnDestination,
            UndefinesSource = intent.UndefinesSource,
        };
    }

    /// <summary>Reads the marker of a domain; <see langword="null"/> when it has none, or none that can be read.</summary>
    /// <param name="xml">The domain's document.</param>
    public static OperationMarker? Read(string xml)
    {
        ArgumentNullException.ThrowIfNull(xml);
        if (!xml.Contains(Namespace, StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return DomainDocument.Parse(xml).Root.Elements("metadata").Elements(XName.Get("operation", Namespace)).Select(Read).FirstOrDefault();
        }
        catch (DomainDocumentException)
        {
            return null; // libvirt's own document: what we cannot read tells nothing
        }
    }

    /// <summary>The element as libvirt takes it, which adds the namespace.</summary>
    public string Write() => new XElement(
        "operation",
        new XAttribute("id", Id),
        new XAttribute("kind", Kind),
        new XAttribute("mode", Mode),
        new XAttribute("started", Text(Started)),
        new XAttribute("machine", Owner.MachineId),
        new XAttribute("host", Owner.HostName),
        new XAttribute("pid", Owner.Pid),
        new XAttribute("user", Owner.User),
        new XAttribute("from", Source.Name),
        new XAttribute("from-uri", HostAddress.Redact(Source.Uri)),
        SourceHostUuid is { } source ? new XAttribute("from-host", source) : null,
        new XAttribute("to", Destination.Name),
        new XAttribute("to-uri", HostAddress.Redact(Destination.Uri)),
        DestinationHostUuid is { } destination ? new XAttribute("to-host", destination) : null,
        new XAttribute("running", WasRunning),
        new XAttribute("persistent", PersistentOnDestination),
        new XAttribute("undefine", UndefinesSource)).ToString(SaveOptions.DisableFormatting);

    /// <summary>The document of a running domain with this marker, in the place of any other; as it is when it cannot be read.</summary>
    /// <param name="xml">The document.</param>
    internal string PutInto(string xml)
    {
        DomainDocument document;
        try
        {
            document = DomainDocument.Parse(xml);
        }
        catch (DomainDocumentException)
        {
            return xml; // libvirt refuses it
        }

        var written = XElement.Parse(Write());
        XElement? metadata = document.Root.Element("metadata");
        if (metadata is null)
        {
            document.Root.Add(metadata = new("metadata"));
        }

        metadata.Elements(XName.Get("operation", Namespace)).Remove();
        metadata.Add(new XElement(XName.Get("operation", Namespace), new XAttribute(XNamespace.Xmlns + Prefix, Namespace), written.Attributes()));
        return document.ToString();
    }

    private static OperationMarker? Read(XElement element) =>
        Guid.TryParse(Value(element, "id"), out Guid id)
        && Value(element, "mode") is { } mode
        && Time(element, "started") is { } started
        && Value(element, "machine") is { } machine
        && Value(element, "host") is { } host
        && int.TryParse(Value(element, "pid"), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
        && Value(element, "from") is { } from
        && Value(element, "from-uri") is { } fromUri
        && Value(element, "to") is { } to
        && Value(element, "to-uri") is { } toUri
            ? new()
            {
                Id = id,
                Kind = Value(element, "kind") ?? "migrate",
                Owner = new(machine, host, pid, Value(element, "user") ?? ""),
                Source = new(from, fromUri),
                Destination = new(to, toUri),
                SourceHostUuid = Uuid(element, "from-host"),
                DestinationHostUuid = Uuid(element, "to-host"),
                Mode = mode,
                Started = started,
                WasRunning = Value(element, "running") == "true",
                PersistentOnDestination = Value(element, "persistent") == "true",
                UndefinesSource = Value(element, "undefine") == "true",
            }
            : null;

    private static string? Value(XElement element, string attribute) => element.Attribute(attribute)?.Value;

    private static Guid? Uuid(XElement element, string attribute) => Guid.TryParse(Value(element, attribute), out Guid uuid) ? uuid : null;

    private static DateTimeOffset? Time(XElement element, string attribute) =>
        DateTimeOffset.TryParse(Value(element, attribute), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTimeOffset time) ? time : null;

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
