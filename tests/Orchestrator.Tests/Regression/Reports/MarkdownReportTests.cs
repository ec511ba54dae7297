using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Tests.Regression.Reports;

public sealed class MarkdownReportTests
{
    [Test]
    public void The_verdict_comes_first_and_names_scenario_phase_and_amount()
    {
        string[] lines = RunReports.Write(ReportFormat.Markdown, RunSamples.Regression()).Split('\n');
        Assert.That(lines[0], Is.EqualTo("# ▲ Regression: lab"));
        Assert.That(lines[2], Does.StartWith("**idle: downtime").And.Contain("60.80 ms").And.Contain("blackout: resume: ").And.Contain("60.20 ms"));
    }

    [Test]
    public void Each_heading_stands_there_when_something_stands_under_it()
    {
        Assert.That(Headings(RunSamples.Regression()), Is.EqualTo(new[] { "▲ Regression", "■ Environment broken", "◆ Inconclusive", "Figures", "Another environment than the baseline's", "Notes" }));
        Assert.That(Headings(RunSamples.Passed()), Is.EqualTo(new[] { "Figures" }));
        Assert.That(Headings(RunSamples.Nothing()), Is.EqualTo(new[] { "◆ Inconclusive" }));
    }

    [Test]
    public void Every_row_of_the_table_has_its_columns_whatever_names_hold()
    {
        string[] rows = [.. RunReports.Write(ReportFormat.Markdown, RunSamples.HostileNames()).Split('\n').Where(line => line.StartsWith('|'))];
        Assert.That(rows, Has.Length.GreaterThan(5));
        Assert.That(rows.Select(row => row.Replace("\\|", "", StringComparison.Ordinal).Count(c => c == '|')).Distinct(), Is.EqualTo(new[] { 10 }));
    }

    [Test]
    public void Names_are_no_markup()
    {
        string text = RunReports.Write(ReportFormat.Markdown, RunSamples.HostileNames());
        Assert.That(text, Does.Not.Contain("<script>").And.Not.Contain("[x]("));
        Assert.That(text.Split('\n'), Has.None.StartsWith("# h"), "a name's line break begins no heading");
    }

    [Test]
    public void A_change_in_one_direction_alone_names_it_everywhere()
    {
        ReportInput input = RunSamples.Regression();
        ScenarioResult idle = input.Run.Scenarios[0];
        MeasureResult measure = idle.Measures[0] with { Change = idle.Measures[0].Change! with { Direction = "north → south" } };
        input = input with { Run = input.Run with { Scenarios = [idle with { Measures = [measure] }] } };
        string markdown = RunReports.Write(ReportFormat.Markdown, input);
        Assert.That(markdown, Does.Contain("idle: downtime north → south ").And.Match("\\| .*north → south \\|"));
        Assert.That(RunReports.Write(ReportFormat.Html, input), Does.Contain("change north → south against"));
        Assert.That(RunReports.Write(ReportFormat.Junit, input), Does.Contain("change north → south "));
    }

    private static IEnumerable<string> Headings(ReportInput input) =>
        RunReports.Write(ReportFormat.Markdown, input).Split('\n').Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line[3..]);
}
