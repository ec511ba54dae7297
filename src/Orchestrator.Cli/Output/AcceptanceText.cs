using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Acceptance;

namespace Orchestrator.Cli;

/// <summary>Acceptance plans and runs for people, and plans as a document.</summary>
internal static class AcceptanceText
{
    /// <summary>The cases of a plan that would be run.</summary>
    internal static void Show(CliConsole console, AcceptancePlan plan, IReadOnlyList<PlannedCase> cases, IReadOnlyList<string>? hosts)
    {
        if (console.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(
                new AcceptancePlanSummary(plan.Name, plan.Description, hosts, [.. cases.Select(PlannedCaseItem.Of)]), AcceptancePlanJson.Readable.AcceptancePlanSummary));
            return;
        }

        console.Out.WriteLine(CliConsole.Printable($"{plan.Name}: {plan.Description ?? $"{cases.Count} cases"}"));
        TextTable.Write(console, ["case", "group", "severity", "setup", "name"], cases.Select(planned => new[]
        {
            planned.Id, ErrorDocument.CodeOf(planned.Case.Group), ErrorDocument.CodeOf(planned.Case.Severity), planned.Setup, planned.Case.Name,
        }));
        if (hosts is not null)
        {
            console.Out.WriteLine(CliConsole.Printable($"Guests would be made on {hosts[0]} and sent to {hosts[1]}. Nothing was changed."));
        }
    }

    /// <summary>A run: its document with <c>--json</c>, else a table.</summary>
    internal static void Write(CliConsole console, AcceptanceRun run)
    {
        if (console.Json)
        {
            console.Out.Write(run.ToJson());
            return;
        }

        TextTable.Write(console, ["case", "setup", "checks", "s", "downtimes, ms", "verdict", "why"], run.Cases.Select(result => new[]
        {
            result.Id, result.Setup, Words($"{result.Checks.Count}"), Words($"{result.TookMs / 1000:0.0}"),
            string.Join(" ", result.Downtimes.Select(downtime => downtime.ValueMs is { } value ? Words($"{value:0.0}") : "?")), Word(result.Verdict), result.Reason ?? "",
        }));
        console.Out.WriteLine(CliConsole.Printable($"{run.Id} of {run.Plan}: {string.Join(", ", Enum.GetValues<CaseVerdict>().Select(verdict => Words($"{run.Count(verdict)} {Word(verdict)}")))} (exit code {run.ExitCode})"));
    }

    internal static string Word(CaseVerdict verdict) => ErrorDocument.CodeOf(verdict).Replace('_', ' ');

    private static string Words(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Shows how far an acceptance is: a line for each step, NDJSON for programs.</summary>
internal sealed class AcceptanceProgressView(CliConsole console) : IProgress<AcceptanceProgress>
{
    public void Report(AcceptanceProgress value)
    {
        if (console.Json)
        {
            console.Error.WriteLine(JsonSerializer.Serialize(new AcceptanceProgressLine(value.Number, value.Of, value.Case, value.Message), AcceptanceProgressJson.Default.AcceptanceProgressLine));
        }
        else
        {
            console.Note($"{value.Number}/{value.Of} {value.Case}: {(value.Result is { } result ? $"{AcceptanceText.Word(result.Verdict)}{(result.Reason is { } reason ? $": {reason}" : "")}" : value.Message)}");
        }
    }
}

/// <summary>A case of a plan.</summary>
internal sealed record PlannedCaseItem(
    string Id, string Case, CaseGroup Group, string Name, string ChineseName, string Covers, CaseSeverity Severity, IReadOnlyList<string> Preconditions, string Setup)
{
    internal static PlannedCaseItem Of(PlannedCase planned) => new(
        planned.Id, planned.Case.Id, planned.Case.Group, planned.Case.Name, planned.Case.ChineseName, planned.Case.Covers, planned.Case.Severity, planned.Case.Preconditions, planned.Setup);
}

/// <summary>What <c>acceptance list --json</c> and <c>acceptance run --dry-run --json</c> print.</summary>
internal sealed record AcceptancePlanSummary(string Plan, string? Description, IReadOnlyList<string>? Hosts, IReadOnlyList<PlannedCaseItem> Cases);

/// <summary>A line of progress for programs.</summary>
internal sealed record AcceptanceProgressLine(int Number, int Of, string Case, string Stage);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(AcceptancePlanSummary))]
internal sealed partial class AcceptancePlanJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: Chinese stays readable.</summary>
    internal static AcceptancePlanJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AcceptanceProgressLine))]
internal sealed partial class AcceptanceProgressJson : JsonSerializerContext;
