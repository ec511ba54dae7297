using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Hosts;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Cli;

/// <summary>What <c>regress check --json</c> and <c>regress run --dry-run --json</c> print.</summary>
internal sealed record PlanSummary(
    string Plan, string File, string? Description, bool Lab, string? Source, string? Destination, IReadOnlyDictionary<string, string> HostSettings, IReadOnlyList<ScenarioSummary> Scenarios, bool DryRun)
{
    internal static PlanSummary Of(string file, RegressionPlan plan, (string From, string To)? hosts, bool isDryRun) => new(
        plan.Name, file, plan.Description, plan.UsesLab && hosts is null, hosts is { } named ? HostAddress.Redact(named.From) : null, hosts is { } both ? HostAddress.Redact(both.To) : null,
        plan.HostSettings, [.. plan.Scenarios.Select(ScenarioSummary.Of)], isDryRun);
}

/// <summary>A scenario of a plan.</summary>
internal sealed record ScenarioSummary(
    string Name, string Kind, string Guest, string? Policy, int WarmUps, int Repetitions, double? EachMs, double? MedianMs, [property: JsonPropertyName("p95_ms")] double? P95Ms, double? MaxMs)
{
    internal static ScenarioSummary Of(Scenario scenario) => new(
        scenario.Name, RegressionPlanDocument.WordOf(scenario.Kind), scenario.Guest, scenario.Kind == ScenarioKind.Migrate ? scenario.Policy.Name : null, scenario.WarmUps, scenario.Repetitions,
        scenario.Limits.EachMs, scenario.Limits.MedianMs, scenario.Limits.P95Ms, scenario.Limits.MaxMs);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(PlanSummary))]
internal sealed partial class PlanSummaryJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs.</summary>
    internal static PlanSummaryJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
