using System.Globalization;
using System.Text;
using System.Xml;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>
/// JUnit's XML, in the part of it that Jenkins and GitLab both read. A suite per scenario, a test per measure; a regression is a failure, a broken environment an error, and what
/// is inconclusive was skipped. Names never hold a value, so that a server recognises a test in the next night. A test's time is its measure's median, so that the
/// server's own curve of durations is the trend.
/// </summary>
internal static class JunitReport
{
    public static string Write(RegressionRun run)
    {
        List<Suite> suites = [Whole(run), .. run.Scenarios.Select(scenario => SuiteOf(run, scenario))];
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new() { Indent = true, NewLineChars = "\n", OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("testsuites");
            Attribute(xml, "name", run.Plan);
            Counts(xml, [.. suites.SelectMany(suite => suite.Cases)], Length(run));
            foreach (Suite suite in suites)
            {
                Write(xml, suite, run);
            }

            xml.WriteEndElement();
        }

        return $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n";
    }

    // What belongs to no scenario is a test of its own, also when nothing is wrong: servers compare with the night before.
    private static Suite Whole(RegressionRun run)
    {
        List<string> problems = [.. RunFindings.Of(run).Headings.SelectMany(heading => heading.Findings).Where(finding => finding.Scenario is null).SelectMany(finding => finding.Reasons)];
        Verdict verdict = problems.Count == 0 ? Verdict.Passed : run.Problems.Count > 0 || run.Ended is null ? Verdict.Environment : run.Verdict;
        var properties = new List<(string, string)> { ("run", run.Id), ("verdict", ReportText.Code(run.Verdict)), ("exit_code", ReportText.Count(run.ExitCode)), ("tool", run.Environment.Tool) };
        properties.AddRange(run.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => ($"label.{label.Key}", label.Value)));
        properties.AddRange(run.Environment.Hosts.Select((host, i) => (i == 0 ? "source" : i == 1 ? "destination" : $"host.{ReportText.Count(i)}", host)));
        properties.AddRange(Facts("source", run.Environment.Source));
        properties.AddRange(Facts("destination", run.Environment.Destination));
        if (run.Baseline is { } baseline)
        {
            properties.Add(("baseline", baseline.Name));
            properties.Add(("baseline.run", baseline.RunId));
            properties.AddRange(baseline.Differences.Select(difference => ("baseline.difference", difference)));
        }

        var whole = new Case(run.Plan, "run", verdict, problems, null, string.Join('\n', run.Notes));
        return new(run.Plan, Length(run), run.Started, properties, [whole]);
    }

    private static IEnumerable<(string, string)> Facts(string host, IReadOnlyDictionary<string, string> facts) =>
        facts.OrderBy(fact => fact.Key, StringComparer.Ordinal).Select(fact => ($"{host}.{fact.Key}", fact.Value));

    private static Suite SuiteOf(RegressionRun run, ScenarioResult scenario)
    {
        // Without values a scenario has the tests all the same that it would have had: one that is missing looks as if it had been removed.
        IReadOnlyList<MeasureResult> measures = scenario.Measures.Count > 0 ? scenario.Measures : [.. Expected(scenario.Kind).Select(name => new MeasureResult { Name = name })];
        var properties = new List<(string, string)> { ("kind", scenario.Kind) };
        Add("setup", scenario.Setup);
        Add("policy", scenario.Policy);
        foreach (MeasureResult measure in measures)
        {
            Add($"{measure.Name}.values_ms", string.Join(' ', measure.Values.Select(value => Exact(value.Ms))));
            Add($"{measure.Name}.uncertainties_ms", string.Join(' ', measure.Values.Select(value => value.UncertaintyMs is { } doubt ? Exact(doubt) : "unknown")));
            if (measure.Statistics is { } statistics)
            {
                Add($"{measure.Name}.median_ms", Exact(statistics.Median));
                Add($"{measure.Name}.p95_ms", Exact(statistics.P95));
                Add($"{measure.Name}.max_ms", Exact(statistics.Max));
            }

            properties.AddRange(measure.Limits.Select(limit => ($"{measure.Name}.limit.{limit.Name}_ms", Exact(limit.LimitMs))));
            if (measure.Change is { } change)
            {
                Add($"{measure.Name}.change_ms", Exact(change.ShiftMs));
            }
        }

        List<string> reasons = [.. RunFindings.Of(run with { Scenarios = [scenario] }).Headings.SelectMany(heading => heading.Findings).First(finding => finding.Scenario is not null).Reasons];
        return new(
            scenario.Name,
            scenario.RepetitionsMade.Sum(repetition => repetition.TookMs),
            scenario.RepetitionsMade.Count > 0 ? scenario.RepetitionsMade[0].Started : run.Started,
            properties,
            [.. measures.Select(measure => new Case(
                $"{Segment(run.Plan)}.{Segment(scenario.Name)}", measure.Name, RunFindings.VerdictOf(scenario, measure), reasons, measure.Statistics?.Median, Words(measure)))]);

        void Add(string name, string? value)
        {
            if (value is { Length: > 0 })
            {
                properties.Add((name, value));
            }
        }
    }

    private static string[] Expected(string kind) => kind switch { "lifecycle" => ["start", "stop"], "hot-plug" => ["attach", "detach"], _ => ["downtime"] };

    // Servers take the part before the last dot for a package.
    private static string Segment(string name) => name.Replace('.', '_');

    private static string Words(MeasureResult measure)
    {
        var lines = new List<string>();
        lines.AddRange(measure.Values.Select((value, i) => $"{ReportText.Count(i + 1)}. {ReportText.WithDoubt(value.Ms, value.UncertaintyMs)}"));
        if (measure.Statistics is { } s)
        {
            lines.Add($"median {ReportText.Number(s.Median)} ms (95 % between {ReportText.Number(s.MedianLow)} and {ReportText.Number(s.MedianHigh)}), p95 {ReportText.Number(s.P95)} ms, max {ReportText.Number(s.Max)} ms, n = {ReportText.Count(s.Count)}");
        }

        lines.AddRange(measure.Limits.Select(limit => $"limit {limit.Name} {ReportText.Limit(limit.LimitMs)} ms: {ReportText.WithDoubt(limit.ValueMs, limit.UncertaintyMs)}, {ReportText.Code(limit.Verdict)}"));
        if (measure.Change is { } change)
        {
            lines.Add($"change{(change.Direction is { } direction ? $" {direction}" : "")} {RunFindings.Words(change)}: {ReportText.Code(change.Verdict)}");
        }

        return string.Join('\n', lines);
    }

    private static void Write(XmlWriter xml, Suite suite, RegressionRun run)
    {
        xml.WriteStartElement("testsuite");
        Attribute(xml, "name", suite.Name);
        Counts(xml, suite.Cases, suite.LengthMs);
        Attribute(xml, "timestamp", suite.Started.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
        if (run.Environment.Hosts.Count > 0)
        {
            Attribute(xml, "hostname", run.Environment.Hosts[0]);
        }

        xml.WriteStartElement("properties");
        foreach ((string name, string value) in suite.Properties)
        {
            xml.WriteStartElement("property");
            Attribute(xml, "name", name);
            Attribute(xml, "value", value);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        foreach (Case test in suite.Cases)
        {
            Write(xml, test);
        }

        xml.WriteEndElement();
    }

    private static void Write(XmlWriter xml, Case test)
    {
        xml.WriteStartElement("testcase");
        Attribute(xml, "classname", test.Class);
        Attribute(xml, "name", test.Name);
        if (test.MedianMs is { } median)
        {
            Attribute(xml, "time", ReportText.Seconds(median));
        }

        if (Element(test.Verdict) is { } element)
        {
            string reasons = string.Join('\n', test.Reasons);
            xml.WriteStartElement(element);
            Attribute(xml, "type", ReportText.Code(test.Verdict));
            Attribute(xml, "message", $"{ReportText.Word(test.Verdict)}: {(test.Reasons is [var first, ..] ? first : "no reason is given")}");
            xml.WriteString(ReportText.Clean(test.Output.Length > 0 ? $"{reasons}\n\n{test.Output}" : reasons));
            xml.WriteEndElement();
        }
        else if (test.Output.Length > 0)
        {
            xml.WriteElementString("system-out", ReportText.Clean(test.Output));
        }

        xml.WriteEndElement();
    }

    private static string? Element(Verdict verdict) => verdict switch
    {
        Verdict.Regression => "failure",
        Verdict.Environment => "error",
        Verdict.Inconclusive => "skipped",
        _ => null,
    };

    private static void Counts(XmlWriter xml, IReadOnlyList<Case> cases, double lengthMs)
    {
        Attribute(xml, "tests", ReportText.Count(cases.Count));
        Attribute(xml, "failures", Number(Verdict.Regression));
        Attribute(xml, "errors", Number(Verdict.Environment));
        Attribute(xml, "skipped", Number(Verdict.Inconclusive));
        Attribute(xml, "time", ReportText.Seconds(lengthMs));

        string Number(Verdict verdict) => ReportText.Count(cases.Count(test => test.Verdict == verdict));
    }

    private static void Attribute(XmlWriter xml, string name, string value) => xml.WriteAttributeString(name, ReportText.Line(value));

    private static double Length(RegressionRun run) => run.Ended is { } ended ? (ended - run.Started).TotalMilliseconds : 0;

    private static string Exact(double ms) => ms.ToString("R", CultureInfo.InvariantCulture);

    private sealed record Suite(string Name, double LengthMs, DateTimeOffset Started, IReadOnlyList<(string Name, string Value)> Properties, IReadOnlyList<Case> Cases);

    private sealed record Case(string Class, string Name, Verdict Verdict, IReadOnlyList<string> Reasons, double? MedianMs, string Output);
}
