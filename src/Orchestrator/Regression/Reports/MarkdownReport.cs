using System.Text;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>A summary in Markdown, for a merge request or a chat: the verdict first, then why, then the figures.</summary>
internal static class MarkdownReport
{
    // All that means something to Markdown, HTML among it: names are the user's.
    private const string Special = @"\`*_{}[]<>()#+!|~&";

    public static string Write(RegressionRun run)
    {
        var findings = RunFindings.Of(run);
        var text = new StringBuilder();
        Line($"# {ReportText.Sign(run.Verdict)} {ReportText.Word(run.Verdict)}: {Escape(run.Plan)}");
        Line();
        Line($"**{Escape(findings.Headline)}**");
        Line();
        Line(string.Join(" · ", Facts(run)));
        foreach (Heading heading in findings.Headings.Where(heading => heading.Verdict != Verdict.Passed))
        {
            Line();
            Line($"## {ReportText.Sign(heading.Verdict)} {ReportText.Word(heading.Verdict)}");
            Line();
            Line(ReportText.Advice(heading.Verdict));
            Line();
            foreach (Finding finding in heading.Findings)
            {
                Line($"- **{Escape(finding.Scenario ?? "the run")}**: {string.Join("; ", finding.Reasons.DefaultIfEmpty("no reason is given").Select(reason => Escape(reason.TrimEnd('.'))))}");
            }
        }

        if (run.Scenarios.Any(scenario => scenario.Measures.Count > 0))
        {
            Line();
            Line("## Figures");
            Line();
            Line("| | scenario | measure | n | median ms | p95 ms | max ms | limits ms | change ms |");
            Line("|---|---|---|--:|--:|--:|--:|---|---|");
            foreach (ScenarioResult scenario in run.Scenarios)
            {
                foreach (MeasureResult measure in scenario.Measures)
                {
                    Line(Row(scenario, measure));
                }
            }
        }

        Items("Another environment than the baseline's", run.Baseline?.Differences ?? []);
        Items("Notes", run.Notes);
        return text.ToString();

        void Items(string title, IReadOnlyList<string> items)
        {
            if (items.Count == 0)
            {
                return;
            }

            Line();
            Line($"## {title}");
            Line();
            foreach (string item in items)
            {
                Line($"- {Escape(item)}");
            }
        }

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    private static IEnumerable<string> Facts(RegressionRun run)
    {
        yield return Escape(run.Id);
        yield return run.Ended is { } ended ? $"{ReportText.Time(run.Started)}, {ReportText.Duration(ended - run.Started)}" : $"{ReportText.Time(run.Started)}, not ended";
        if (run.Environment.Hosts.Count > 0)
        {
            yield return Escape(string.Join(" → ", run.Environment.Hosts));
        }

        foreach ((string name, string value) in run.Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            yield return $"{Escape(name)} {Escape(value)}";
        }

        if (run.Baseline is { } baseline)
        {
            yield return baseline.IsNew ? $"now the baseline {Escape(baseline.Name)}" : $"against the baseline {Escape(baseline.Name)} ({Escape(baseline.RunId)})";
        }

        yield return $"exit code {ReportText.Count(run.ExitCode)}";
    }

    private static string Row(ScenarioResult scenario, MeasureResult measure)
    {
        SampleStatistics? s = measure.Statistics;
        string limits = string.Join(", ", measure.Limits.Select(limit => $"{Mark(limit.Verdict)}{Escape(limit.Name)} ≤ {ReportText.Limit(limit.LimitMs)}"));
        string change = measure.Change is { } c ? $"{Mark(c.Verdict)}{ReportText.Signed(c.ShiftMs)} ({ReportText.Signed(c.LowMs)} … {ReportText.Signed(c.HighMs)}){(c.Direction is { } direction ? $" {Escape(direction)}" : "")}" : "–";
        return $"| {ReportText.Sign(RunFindings.VerdictOf(scenario, measure))} | {Escape(scenario.Name)} | {Escape(measure.Name)} | {ReportText.Count(measure.Values.Count)} "
            + $"| {ReportText.Number(s?.Median)} | {ReportText.Number(s?.P95)} | {ReportText.Number(s?.Max)} | {(limits.Length > 0 ? limits : "–")} | {change} |";
    }

    private static string Mark(Verdict verdict) => verdict == Verdict.Passed ? "" : $"{ReportText.Sign(verdict)} ";

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in ReportText.Line(text))
        {
            _ = c switch
            {
                '<' => escaped.Append("&lt;"),
                '&' => escaped.Append("&amp;"),
                _ when Special.Contains(c, StringComparison.Ordinal) => escaped.Append('\\').Append(c),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }
}
