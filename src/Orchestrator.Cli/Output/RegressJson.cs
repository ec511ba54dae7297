using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli;

/// <summary>A run in <c>regress list --json</c>.</summary>
internal sealed record RunItem(
    string Id, string Plan, DateTimeOffset Started, DateTimeOffset? Ended, string State, Verdict Verdict, int ExitCode, IReadOnlyDictionary<string, string> Labels,
    IReadOnlyList<string> Baselines, string Owner)
{
    internal static RunItem From(RunEntry run, IReadOnlyList<Baseline> baselines) => new(
        run.Id, run.Plan, run.Started, run.Ended, ErrorDocument.CodeOf(run.State), run.Verdict, run.ExitCode, run.Labels,
        [.. baselines.Where(baseline => baseline.Plan == run.Plan).DistinctBy(baseline => baseline.Name).Where(baseline => baseline.RunId == run.Id).Select(baseline => baseline.Name)],
        $"{run.Owner}");
}

/// <summary>What <c>regress list --json</c> prints.</summary>
internal sealed record RegressListDocument(string Store, IReadOnlyList<RunItem> Runs);

/// <summary>A baseline.</summary>
internal sealed record BaselineItem(string Plan, string Name, bool Holds, string Run, string Reason, string By, DateTimeOffset Accepted)
{
    internal static BaselineItem From(Baseline baseline, bool holds) => new(baseline.Plan, baseline.Name, holds, baseline.RunId, baseline.Reason, baseline.By, baseline.At);
}

/// <summary>What <c>regress baselines --json</c> prints.</summary>
internal sealed record RegressBaselinesDocument(string Store, IReadOnlyList<BaselineItem> Baselines);

/// <summary>What <c>regress accept --json</c> prints.</summary>
internal sealed record RegressAcceptDocument(BaselineItem Baseline, string? Before);

/// <summary>A run that <c>regress gc</c> removed.</summary>
internal sealed record RemovedRun(string Id, string Plan, DateTimeOffset Started);

/// <summary>What <c>regress gc --json</c> prints.</summary>
internal sealed record RegressGcDocument(bool DryRun, IReadOnlyList<RemovedRun> Removed, IReadOnlyList<string> Problems);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(RegressListDocument))]
[JsonSerializable(typeof(RegressBaselinesDocument))]
[JsonSerializable(typeof(RegressAcceptDocument))]
[JsonSerializable(typeof(RegressGcDocument))]
internal sealed partial class RegressJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: names and reasons stay readable.</summary>
    internal static RegressJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
