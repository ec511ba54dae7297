using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Migration;
using Orchestrator.Migration.Checks;

namespace Orchestrator.Cli;

/// <summary>What <c>migrate --check --json</c> and <c>--dry-run --json</c> print. Its schema is <c>schemas/migrate-plan.schema.json</c>.</summary>
internal sealed record PlanDocument(
    bool Refused, string Domain, Guid Uuid, string Source, string Destination, string Mode, IReadOnlyList<string> Flags,
    IReadOnlyDictionary<string, string> Parameters, IReadOnlyList<Check> Checks, IReadOnlyList<PlanDocument.DeviceDocument> Devices,
    IReadOnlyList<PlanDocument.ConsentDocument> Consents, string? DestinationXml, string? PersistentXml, IReadOnlyList<string> Diff)
{
    /// <summary>A host device, and what it becomes.</summary>
    internal sealed record DeviceDocument(
        string Source, string? Destination, string Scheme, string Kind, string? GuestAddress, string? Alias, string Why, bool ByHand, IReadOnlyList<string> Unchecked, string? Creates, DetachDocument? Detached);

    /// <summary>How a device is detached before, and attached again after.</summary>
    internal sealed record DetachDocument(string Why, string? QemuId, string SourceXml, string? DestinationXml);

    /// <summary>A consent that is made use of.</summary>
    internal sealed record ConsentDocument(string Flag, string Check, string What);

    internal static PlanDocument Of(MigrationPlan plan) => new(
        plan.IsRefused, plan.Domain.Name, plan.Domain.Uuid, plan.Source.Name, plan.Destination.Name, plan.Mode == MigrationMode.P2P ? "p2p" : "direct",
        plan.Call.Flags.ToString().Split(", "), plan.Call.DescribeParameters(), plan.Checks,
        [
            .. plan.Devices.Select(device => new DeviceDocument(
                device.Source, device.Destination, JsonNamingPolicy.SnakeCaseLower.ConvertName($"{device.Scheme}"), device.Kind, device.GuestAddress, device.Alias, device.Why, device.IsByHand, device.Unchecked, device.Creation?.ToString(),
                device.Detachment is { } detached ? new(detached.Why, detached.QemuId, detached.SourceXml, detached.DestinationXml) : null)),
        ],
        [.. plan.Consents.Select(consent => new ConsentDocument(consent.Flag, consent.Check, consent.What))],
        plan.DestinationXml, plan.PersistentXml, plan.Diff);
}

/// <summary>What <c>explain --json</c> prints.</summary>
internal sealed record ExplainDocument(IReadOnlyList<ExplainDocument.CheckDocument> Checks)
{
    /// <summary>A check, explained.</summary>
    internal sealed record CheckDocument(string Id, string Subject, string Means, string Why, string Remedy, string? Consent);

    internal static CheckDocument Of(CheckExplanation check) => new(check.Id, NameOf(check.Subject), check.Means, check.Why, check.Remedy, check.Consent);

    internal static string NameOf(CheckSubject subject) => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{subject}");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(PlanDocument))]
[JsonSerializable(typeof(ExplainDocument))]
internal sealed partial class PlanJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: URIs and documents stay readable.</summary>
    internal static PlanJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
