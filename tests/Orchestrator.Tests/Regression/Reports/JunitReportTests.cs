using System.Xml.Linq;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Tests.Regression.Reports;

public sealed class JunitReportTests
{
    private static IEnumerable<TestCaseData> Samples => RunSamples.All.Where(sample => sample.Name != "hostile").Select(sample => new TestCaseData(sample.Make).SetArgDisplayNames(sample.Name));

    [TestCaseSource(nameof(Samples))]
    public void A_report_is_valid_and_its_counts_are_those_of_its_tests(Func<ReportInput> make)
    {
        XDocument report = Report(make());
        Assert.That(JunitSchema.Problems(report), Is.Empty);

        foreach (XElement suite in report.Descendants("testsuite").Append(report.Root!))
        {
            Assert.That((int)suite.Attribute("tests")!, Is.EqualTo(suite.Descendants("testcase").Count()));
            Assert.That((int)suite.Attribute("failures")!, Is.EqualTo(suite.Descendants("failure").Count()));
            Assert.That((int)suite.Attribute("errors")!, Is.EqualTo(suite.Descendants("error").Count()));
            Assert.That((int)suite.Attribute("skipped")!, Is.EqualTo(suite.Descendants("skipped").Count()));
        }
    }

    [Test]
    public void A_regression_fails_a_broken_environment_is_an_error_and_what_is_inconclusive_was_skipped()
    {
        XDocument report = Report(RunSamples.Regression());

        Assert.That(Results(report), Is.EqualTo(new[]
        {
            "lab run: passed", "lab.idle downtime: failure", "lab.busy downtime: skipped", "lab.start and stop start: passed", "lab.start and stop stop: passed", "lab.plug attach: error", "lab.plug detach: error",
        }));
        Assert.That((string)report.Descendants("failure").Single().Attribute("message")!, Does.StartWith("Regression: downtime is 60.80 ms longer").And.Contain("blackout: resume"));
        Assert.That((string)report.Descendants("skipped").Single().Attribute("message")!, Does.Contain("between -8 and 29 ms"), "servers show why");
        Assert.That((string)report.Descendants("error").First().Attribute("message")!, Does.Contain("Start its libvirtd"));
    }

    [Test]
    public void A_scenario_without_values_has_the_tests_that_it_always_has()
        => Assert.That(Results(Report(RunSamples.EnvironmentBroken())), Is.EqualTo(new[] { "lab run: error", "lab.idle downtime: error" }));

    [Test]
    public void A_run_that_measured_nothing_or_never_ended_is_no_pass()
    {
        Assert.That(Results(Report(RunSamples.Nothing())), Is.EqualTo(new[] { "lab run: skipped" }));
        Assert.That(Results(Report(RunSamples.Died())), Does.Contain("lab run: error"));
    }

    [Test]
    public void The_time_of_a_test_is_its_median_in_seconds()
    {
        ReportInput input = RunSamples.OneValue();
        XElement test = Report(input).Descendants("testcase").Last();
        Assert.That((string)test.Attribute("time")!, Is.EqualTo("0.012345"));
    }

    [Test]
    public void Labels_limits_values_and_both_hosts_are_properties()
    {
        XDocument report = Report(RunSamples.Regression());
        Dictionary<string, string> properties = report.Descendants("property").GroupBy(p => (string)p.Attribute("name")!).ToDictionary(same => same.Key, same => (string)same.First().Attribute("value")!);
        Assert.That(properties["label.build"], Is.EqualTo("libvirt-11.3.0-3"));
        Assert.That(properties["source.qemu"], Is.EqualTo("10.0.2"));
        Assert.That(properties["baseline.difference"], Does.Contain("9.2.1"));
        Assert.That(properties["downtime.limit.median_ms"], Is.EqualTo("100"));
        Assert.That(properties["downtime.values_ms"].Split(' '), Has.Length.EqualTo(10));
    }

    [Test]
    public void The_names_of_tests_are_the_same_every_night()
    {
        static IEnumerable<string> Names(ReportInput input) => Report(input).Descendants("testcase").Select(test => $"{(string)test.Attribute("classname")!} {(string)test.Attribute("name")!}");
        Assert.That(Names(RunSamples.Regression()), Is.EqualTo(Names(RunSamples.Passed())));
    }

    [Test]
    public void Names_of_any_kind_are_read_back_but_for_what_XML_cannot_hold()
    {
        XDocument report = Report(RunSamples.HostileNames());
        string name = (string)report.Descendants("testsuite").Last().Attribute("name")!;
        Assert.That(name, Is.EqualTo(RunSamples.Hostile.Replace("\u202E", "\\x202e", StringComparison.Ordinal).Replace("\u0001", "\\x01", StringComparison.Ordinal).Replace('\n', ' ')));
        Assert.That(() => RunReports.Write(ReportFormat.Junit, new(RunSamples.Run(0, Verdict.Passed) with { Plan = "\0\uD800x\uFFFE" })), Throws.Nothing);
    }

    [Test]
    public void One_measure_that_regressed_does_not_fail_the_other()
    {
        ScenarioResult scenario = RunSamples.Passed().Run.Scenarios.Single(result => result.Kind == "lifecycle");
        MeasureResult start = scenario.Measures[0] with { Limits = [new("each", 900, 950, 0.1, Verdict.Regression)] };
        RegressionRun run = RunSamples.Run(0, Verdict.Regression, scenario with { Measures = [start, scenario.Measures[1]], Verdict = Verdict.Regression, Reasons = ["start is over its limit"] });
        Assert.That(Results(Report(new(run))), Is.EqualTo(new[] { "lab run: passed", "lab.start and stop start: failure", "lab.start and stop stop: passed" }));
    }

    private static XDocument Report(ReportInput input) => XDocument.Parse(RunReports.Write(ReportFormat.Junit, input));

    private static IEnumerable<string> Results(XDocument report) => report.Descendants("testcase").Select(test =>
        $"{(string)test.Attribute("classname")!} {(string)test.Attribute("name")!}: {test.Elements().FirstOrDefault(e => e.Name.LocalName is "failure" or "error" or "skipped")?.Name.LocalName ?? "passed"}");
}
