using System.Globalization;
using System.Text.Json;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Cli;

/// <summary>Runs for people.</summary>
internal static class RegressText
{
    /// <summary>The row of a list.</summary>
    internal static string[] Row(RunItem run) =>
    [
        run.Id, run.Plan, Time(run.Started), run.State switch { "ended" => Word(run.Verdict), "abandoned" => "environment broken: its process is gone", "elsewhere" => $"open, {run.Owner}", _ => "running" },
        run.State is "ended" or "abandoned" ? Words($"{run.ExitCode}") : "", string.Join(", ", run.Baselines), Labels(run.Labels),
    ];

    /// <summary>A whole run: its document with <c>--json</c>, else tables.</summary>
    internal static void Write(CliConsole console, RegressionRun run)
    {
        if (console.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(run, RunJson.Default.RegressionRun));
            return;
        }

        Line($"{run.Id} of {run.Plan}: {Word(run.Verdict)} (exit code {run.ExitCode})");
        Line($"began {Time(run.Started)}{(run.Ended is { } ended ? Words($", took {(ended - run.Started).TotalMinutes:0.0} min") : ", has not ended")}{(run.Labels.Count > 0 ? $", {Labels(run.Labels)}" : "")}");
        if (run.Baseline is { } baseline)
        {
            Line(baseline.IsNew ? $"is the new baseline {baseline.Name}" : $"compared with {baseline.Name}{(baseline.Name == baseline.RunId ? "" : $", the run {baseline.RunId}")}");
            foreach (string difference in baseline.Differences)
            {
                Line($"  unlike: {difference}");
            }
        }

        console.Out.WriteLine();
        TextTable.Write(
            console, ["scenario", "measure", "n", "median", "95 % interval", "p95", "max", "limits", "change", "verdict"],
            run.Scenarios.SelectMany(scenario => scenario.Measures.DefaultIfEmpty().Select(measure => Row(scenario, measure))));
        foreach ((ScenarioResult scenario, MeasureResult measure) in run.Scenarios.SelectMany(scenario => scenario.Measures.Select(measure => (scenario, measure))))
        {
            Line($"{scenario.Name} {measure.Name}, ms: {string.Join("  ", measure.Values.Select(value => Words($"{value.Ms:0.0}{(value.UncertaintyMs is { } doubt ? Words($"±{doubt:0.0}") : "±?")}")))}");
        }

        foreach (string reason in run.Scenarios.SelectMany(scenario => scenario.Reasons.Select(reason => $"{scenario.Name}: {reason}"))
            .Concat(run.Problems.Select(problem => $"{problem.Message}{(problem.Remedy is { } remedy ? $" {remedy}" : "")}")))
        {
            Line($"- {reason}");
        }

        foreach (string note in run.Notes)
        {
            Line($"note: {note}");
        }

        void Line(string text) => console.Out.WriteLine(CliConsole.Printable(text));
    }

    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A verdict as a heading.</summary>
    internal static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Passed => "passed",
        Verdict.Inconclusive => "inconclusive",
        Verdict.Environment => "environment broken",
        _ => "regression",
    };

    private static string[] Row(ScenarioResult scenario, MeasureResult? measure) => measure?.Statistics is not { } statistics
        ? [scenario.Name, measure?.Name ?? "", Words($"{measure?.Values.Count ?? 0} of {scenario.Repetitions}"), "", "", "", "", "", "", Word(scenario.Verdict)]
        :
        [
            scenario.Name, measure.Name, statistics.Count < scenario.Repetitions ? Words($"{statistics.Count} of {scenario.Repetitions}") : Words($"{statistics.Count}"),
            Words($"{statistics.Median:0.0}"), Words($"{statistics.MedianLow:0.0} to {statistics.MedianHigh:0.0}"), Words($"{statistics.P95:0.0}"), Words($"{statistics.Max:0.0}"),
            string.Join(", ", measure.Limits.Select(limit => Words($"{limit.Name} {limit.LimitMs:0.#}{(limit.Verdict switch { Verdict.Passed => "", Verdict.Regression => " exceeded", _ => " unclear" })}"))),
            measure.Change is { } change ? Words($"{change.ShiftMs:+0.0;-0.0;0} ({change.LowMs:0.0} to {change.HighMs:0.0})") : "",
            Word(scenario.Verdict),
        ];

    private static string Labels(IReadOnlyDictionary<string, string> labels) => string.Join(" ", labels.Select(label => $"{label.Key}={label.Value}"));

    private static string Words(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
