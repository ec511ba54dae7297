using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Notification;

/// <summary>What a webhook gets, and a command on its standard input: see <c>docs/regression-reports.md</c>.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="RunId">The run.</param>
/// <param name="Verdict">The heading that it stands under.</param>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Headline">What became of it, in a sentence.</param>
/// <param name="Reasons">Why, each with its heading and scenario.</param>
/// <param name="Started">When it began.</param>
/// <param name="Labels">What tells it apart.</param>
/// <param name="Baseline">The baseline's name, if it was compared.</param>
/// <param name="RunJson">The run's file; not told to a webhook, whose machine has no such file.</param>
internal sealed record NotificationDocument(
    string Plan, string RunId, Verdict Verdict, int ExitCode, string Headline, IReadOnlyList<NotificationDocument.Reason> Reasons,
    DateTimeOffset Started, IReadOnlyDictionary<string, string> Labels, string? Baseline, string? RunJson)
{
    public static NotificationDocument Of(RegressionRun run, string? runJson)
    {
        var findings = RunFindings.Of(run);
        return new(
            run.Plan, run.Id, run.Verdict, run.ExitCode, findings.Headline,
            [
                .. findings.Headings.Where(heading => heading.Verdict != Verdict.Passed).SelectMany(heading => heading.Findings)
                    .SelectMany(finding => finding.Reasons.Select(reason => new Reason(finding.Verdict, finding.Scenario, reason))),
            ],
            run.Started, run.Labels, run.Baseline?.Name, runJson);
    }

    public string ToJson() => JsonSerializer.Serialize(this, NotificationJson.Readable.NotificationDocument);

    /// <summary>One reason.</summary>
    /// <param name="Verdict">The heading.</param>
    /// <param name="Scenario">The scenario; <see langword="null"/> for the run as a whole.</param>
    /// <param name="Message">Why, in a sentence.</param>
    internal sealed record Reason(Verdict Verdict, string? Scenario, string Message);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NotificationDocument))]
internal sealed partial class NotificationJson : JsonSerializerContext
{
    internal static NotificationJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
