using System.Text.Json.Nodes;
using System.Xml.Linq;
using Orchestrator.Acceptance;
using Orchestrator.Acceptance.Reports;
using Orchestrator.Tests.Migration.Policies;
using Orchestrator.Tests.Regression.Reports;
using Tests.Shared;

namespace Orchestrator.Tests.Acceptance;

/// <summary>Reports of a run that was written down by hand.</summary>
public sealed class AcceptanceReportsTests
{
    private static readonly string Folder = Path.Combine(PolicyDocumentTests.Root, "tests", "Orchestrator.Tests", "Acceptance");

    private static AcceptanceRun Recorded => AcceptanceRun.Parse(File.ReadAllText(Path.Combine(Folder, "recorded-run.json")));

    [Test]
    public void The_chinese_report_has_the_sections_of_openeulers_reports_and_the_runs_numbers() => Assert.That(
        AcceptanceReports.Write(AcceptanceFormat.OpenEulerChinese, Recorded), Is.EqualTo(File.ReadAllText(Path.Combine(Folder, "recorded-run.openeuler-zh.md"))));

    [Test]
    public void What_the_run_does_not_know_is_marked_and_not_made_up()
    {
        string report = AcceptanceReports.Write(
            AcceptanceFormat.OpenEulerChinese, Recorded with { Texts = new(), Guest = null, Environment = new(new Dictionary<string, string>(), new Dictionary<string, string>(), "t"), Cases = [] });
        Assert.That(report, Does.StartWith("# 〔待填写〕 特性测试报告").And.Contain("| 服务器型号 | 〔待填写〕 | 〔待填写〕 |").And.Contain("无遗留问题").And.Contain("不涉及：没有完成的热迁移。"));
    }

    [Test]
    public void Nothing_in_a_name_ends_a_cell_or_begins_an_element()
    {
        AcceptanceRun run = Recorded;
        string report = AcceptanceReports.Write(AcceptanceFormat.OpenEulerChinese, run with { Cases = [run.Cases[1] with { Reason = "a|b\n| c <script>" }] });
        Assert.That(report, Does.Contain(@"a\|b \| c &lt;script>"));
    }

    [Test]
    public void Junit_has_a_test_for_each_case()
    {
        XDocument report = XDocument.Parse(AcceptanceReports.Write(AcceptanceFormat.Junit, Recorded));
        XElement suites = report.Root!;
        Assert.That(JunitSchema.Problems(report), Is.Empty);
        Assert.That(
            new[] { "tests", "failures", "errors", "skipped" }.Select(name => (string?)suites.Attribute(name)), Is.EqualTo(new[] { "6", "2", "0", "2" }));
        Assert.That(suites.Descendants("testcase").Select(test => (string?)test.Attribute("name")), Is.EquivalentTo(Recorded.Cases.Select(result => result.Id)));
        Assert.That(
            (string?)suites.Descendants("testcase").Single(test => (string?)test.Attribute("name") == "vdpa-create-list-delete.blk1").Element("skipped")!.Attribute("message"),
            Is.EqualTo("not applicable: node1 has no management device pci/0000:08:01.2"));
    }

    [Test]
    public void The_page_is_whole_and_escapes_what_it_shows()
    {
        AcceptanceRun run = Recorded;
        string page = AcceptanceReports.Write(AcceptanceFormat.Html, run with { Cases = [.. run.Cases, run.Cases[0] with { Id = "x", Reason = "<script>alert(1)</script>" }] });
        Assert.That(page, Does.StartWith("<!DOCTYPE html>").And.Contain("migration-there-and-back.net3").And.Contain("655.3").And.Contain("&lt;script&gt;").And.Not.Contain("<script>alert"));
    }

    [Test]
    public void A_run_is_read_as_it_was_written() => Assert.That(AcceptanceRun.Parse(Recorded.ToJson()).ToJson(), Is.EqualTo(Recorded.ToJson()));

    [Test]
    public void A_run_is_as_its_schema_says()
    {
        JsonSchema schema = JsonSchema.Load("acceptance-run.schema.json");
        Assert.That(schema.Problems(JsonNode.Parse(Recorded.ToJson())), Is.Empty);
        Assert.That(schema.Problems(JsonNode.Parse(Recorded.ToJson().Replace("\"not_applicable\"", "\"fine\"", StringComparison.Ordinal))), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_run_of_another_format_is_refused() => Assert.That(
        () => AcceptanceRun.Parse(Recorded.ToJson().Replace("\"format_version\": 1", "\"format_version\": 2", StringComparison.Ordinal)), Throws.TypeOf<InvalidDataException>().With.Message.Contains("format_version 2"));

    [Test]
    public void The_exit_code_is_the_worst_of_the_cases()
    {
        AcceptanceRun run = Recorded;
        Assert.That(run.ExitCode, Is.EqualTo(OutcomeCode.Failed));
        Assert.That((run with { Cases = [run.Cases[0], run.Cases[4]] }).ExitCode, Is.EqualTo(OutcomeCode.Done), "not applicable is allowed");
        Assert.That((run with { Cases = [run.Cases[0], run.Cases[5]] }).ExitCode, Is.EqualTo(OutcomeCode.Inconclusive));
        Assert.That((run with { Cases = [] }).ExitCode, Is.EqualTo(OutcomeCode.Inconclusive));
    }
}
