using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Hosts;

namespace Orchestrator.Cli;

/// <summary>A line of <c>domain watch --json</c>.</summary>
internal sealed record WatchDocument(
    string Event, string Host, DateTimeOffset At, DefinitionDocument.DomainName? Domain, string? Detail, DateTimeOffset? Stamp, JsonElement? Data, long? Missed,
    IReadOnlyList<WatchDocument.Present>? Domains)
{
    internal static WatchDocument From(HostEvent told) => new(
        HostEventPattern.CodeOf(told.Kind),
        told.Host,
        told.Arrived,
        told.DomainUuid is { } uuid ? new(told.DomainName ?? "", uuid) : null,
        told.Detail,
        told.Stamp,
        told.Data is { } data ? DataOf(data) : null,
        told.Missed,
        told.Domains is { } domains ? [.. domains.Select(domain => new Present(domain.Name, domain.Uuid, domain.Describe()))] : null);

    private static JsonElement? DataOf(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null; // never seen of QEMU; the event itself counts
        }
    }

    internal sealed record Present(string Name, Guid Uuid, string State);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WatchDocument))]
[JsonSerializable(typeof(FailureDocument))]
internal sealed partial class WatchJson : JsonSerializerContext
{
    /// <summary>One line a document, names readable.</summary>
    internal static WatchJson Lines => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
