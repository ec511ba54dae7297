using System.Text.Json.Nodes;
using System.Xml.Linq;
using Orchestrator.Acceptance;
using Orchestrator.Acceptance.Reports;
using Orchestrator.Regression.Plans;
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
    public void What_the_run_does_not_know_is_marked_and_not_made_up() => Assert.That(
        Chinese(Recorded with { Texts = new(), Guest = null, Environment = new(new Dictionary<string, string>(), new Dictionary<string, string>(), "t") }),
        Does.StartWith("# 〔待填写〕 特性测试报告").And.Contain("| 服务器型号 | 〔待填写〕 | 〔待填写〕 |").And.Contain("- OS：〔待填写〕\n- 虚拟机规格：〔待填写〕，3个vDPA网络设备\n"));

    [Test]
    public void Cases_that_the_run_did_not_come_to_are_not_executed()
    {
        AcceptanceRun run = Recorded;
        string report = Chinese(run with { Cases = [run.Cases[0], NotRun(run.Cases[1]), NotRun(run.Cases[3]), NotRun(run.Cases[5])] });
        Assert.That(report, Does.Contain("测试未完成：执行被取消，3个用例未执行。共计执行用例1个，通过1个，失败0个，无法判定0个；另有0个用例在本环境不适用。通过的用例未发现问题。"));
        Assert.That(report, Does.Contain("\n通过的用例无遗留问题；其他用例见5.3与5.4。\n").And.Not.Contain("\n无遗留问题\n"));
        Assert.That(report, Does.Contain("| 新增特性测试 | 测试未完成 |").And.Contain("| 性能测试 | 未执行 |"));
        Assert.That(report, Does.Contain("| 测试未完成 | 1 Pass + 1 Not run |").And.Contain("| 虚拟机热迁移 | 未执行 | 1 Not run |"));
        Assert.That(report, Does.Contain("\n未执行：测量停机时间的用例没有执行。\n").And.Contain("| openEuler-24.03-LTS-SP3 | 1 | 1 Pass | 0 |"));
        Assert.That(report, Does.Contain("| 3个vDPA网络设备 | 未执行 | the run was cancelled before this |"));
        Assert.That(report, Does.Contain("3. downtime-limit.net3 热迁移中断时间：未执行（the run was cancelled before this），建议补充执行"));
        string page = AcceptanceReports.Write(AcceptanceFormat.Html, run with { Cases = [run.Cases[0], NotRun(run.Cases[1])] });
        Assert.That(page, Does.Contain("1 inconclusive").And.Contain("1 case was not run").And.Contain("<td>not run</td>"));
    }

    [Test]
    public void A_run_that_was_cancelled_in_its_last_case_is_not_complete()
    {
        AcceptanceRun run = Recorded;
        string report = Chinese(run with { Cases = [run.Cases[0], run.Cases[5] with { Code = OutcomeCode.Cancelled, Reason = "it was cancelled" }] });
        Assert.That(report, Does.Contain("测试未完成：执行被取消，0个用例未执行。共计执行用例2个，通过1个，"));
    }

    [Test]
    public void A_run_of_chosen_cases_says_so()
    {
        AcceptanceRun run = Edited(document => document["only"] = new JsonArray("lifecycle-define", "hotplug-running.net3"));
        Assert.That(Chinese(run), Does.Contain("仅执行了计划中选定的用例（--only）：lifecycle-define、hotplug-running.net3。"));
        Assert.That(Chinese(run with { Cases = [run.Cases[0]] }), Does.Contain("| 性能测试 | 未执行 |").And.Contain("计划中未选定的用例（--only）没有执行，建议补充执行"));
        Assert.That(AcceptanceReports.Write(AcceptanceFormat.Html, run), Does.Contain("Only these cases were chosen: lifecycle-define, hotplug-running.net3."));
        Assert.That(AcceptanceReports.Write(AcceptanceFormat.Junit, run), Does.Contain("""<property name="only" value="lifecycle-define, hotplug-running.net3" />"""));
        Assert.That(AcceptanceReports.Write(AcceptanceFormat.Html, Recorded), Does.Not.Contain("were chosen"));
    }

    [Test]
    public void Where_nothing_was_executed_nothing_is_concluded([Values] bool isEmpty)
    {
        AcceptanceRun run = Recorded;
        string report = Chinese(run with { Cases = isEmpty ? [] : [run.Cases[4]] });
        Assert.That(report, Does.Not.Contain("无遗留问题").And.Not.Contain("未发现问题").And.Not.Contain("不涉及："));
        Assert.That(report, Does.Contain("没有执行用例，不能得出结论：〔待填写〕").And.Contain("| 新增特性测试 | 未执行 |").And.Contain("| 性能测试 | 未执行 |"));
        Assert.That(report, Does.Contain("\n未执行：测量停机时间的用例没有执行。\n"));
    }

    [Test]
    public void Where_nothing_passed_or_failed_nothing_can_be_told()
    {
        AcceptanceRun run = Recorded;
        CaseResult unclear = run.Cases[3] with { Verdict = CaseVerdict.Inconclusive, Code = OutcomeCode.Inconclusive, Reason = "it had moved before", Downtimes = [] };
        string report = Chinese(run with { Cases = [unclear, run.Cases[5]] });
        Assert.That(report, Does.Not.Contain("无遗留问题").And.Not.Contain("未发现问题").And.Not.Contain("<font color=blue>▲</font> |"));
        Assert.That(report, Does.Contain("执行的用例均无法判定，不能得出结论。").And.Contain("| 新增特性测试 | 无法判定 |").And.Contain("| 虚拟机热迁移 | 无法判定 | 1 Inconclusive |"));
    }

    [Test]
    public void A_plan_without_downtimes_is_not_about_them()
    {
        AcceptanceRun run = Recorded;
        string report = Chinese(run with { Cases = [run.Cases[0]] });
        Assert.That(report, Does.Contain("| 性能测试 | 不涉及 |").And.Contain("\n不涉及：没有测量停机时间的用例。\n").And.Contain("未发现问题。").And.Contain("\n无遗留问题\n"));
    }

    [Test]
    public void A_downtime_case_without_a_downtime_has_none_measured()
    {
        AcceptanceRun run = Recorded;
        CaseResult failed = run.Cases[5] with { Verdict = CaseVerdict.Fail, Code = OutcomeCode.Failed, Reason = "the migration failed", Downtimes = [] };
        string report = Chinese(run with { Cases = [failed] });
        Assert.That(report, Does.Contain("| 性能测试 | <font color=red>●</font> |").And.Contain("| 1 | downtime-limit.net3 | 3个vDPA网络设备 |  | 未测得：the migration failed |  | 不大于1000ms | 失败 |"));
        Assert.That(report, Does.Contain("- 热迁移中断时间：未测得（1次）\n"));
    }

    [Test]
    public void Downtimes_of_migrations_that_something_was_done_to_are_no_performance()
    {
        AcceptanceRun run = Recorded;
        CaseResult concurrent = run.Cases[3] with
        {
            Id = "concurrency-suspend-migrate.net3",
            Case = "concurrency-suspend-migrate",
            Group = CaseGroup.Concurrency,
            Downtimes = [new("node1 → node2", 4321.5, 0.5, "trace", null, null)],
        };
        AcceptanceRun both = run with { Cases = [.. run.Cases, concurrent] };
        Assert.That(Chinese(both), Does.Not.Contain("4321.5").And.Contain("655.3ms"));
        Assert.That(AcceptanceReports.Write(AcceptanceFormat.Html, both), Does.Contain("4321.5"));
    }

    [Test]
    public void A_known_abbreviation_is_listed_where_the_report_uses_it()
    {
        AcceptanceRun run = Recorded with { Texts = new() { Feature = "KAE直通热迁移" }, Cases = [] };
        Assert.That(Chinese(run), Does.Contain("| KAE | Kunpeng Accelerator Engine | 鲲鹏加速引擎 |").And.Not.Contain("| vDPA | virtio"));
    }

    [Test]
    public async Task A_run_knows_what_was_chosen_its_local_time_and_each_cases_setup()
    {
        using var pair = new AcceptancePair();
        using var cancel = new CancellationTokenSource();
        pair.Source.OnLifeCall = call =>
        {
            if (call == "destroy")
            {
                cancel.Cancel(); // once the first case cleans up
            }

            return null;
        };
        PlannedCase first = new() { Id = "a", Case = AcceptanceCatalogue.Find("lifecycle-suspend-resume")! };
        PlannedCase second = new() { Id = "b", Case = AcceptanceCatalogue.Find("downtime-limit")!, Kind = CaseDeviceKind.Rng, Devices = 2, Repetitions = 3, Limit = TimeSpan.FromSeconds(1) };
        var options = new AcceptanceOptions { Id = AcceptancePair.Id, Only = ["a", "b"], Files = pair.Tree.Files };
        AcceptancePlan plan = new()
        {
            Name = "p",
            Guest = new() { Xml = "/guest.xml", Ready = GuestReadiness.Running },
            GuestXml = "<domain type='kvm'><name>template</name><uuid>5b2f35a0-4c0e-4b39-9f0e-8b6d9d0f0001</uuid><memory unit='KiB'>1024</memory><devices/></domain>",
            Cases = [first, second, first with { Id = "c" }],
        };
        AcceptanceRun run = await new AcceptanceRunner(pair.Source, pair.Destination, new(TimeProvider.System), options, new Beijing()).RunAsync(plan, cancel.Token);
        JsonNode document = JsonNode.Parse(run.ToJson())!;
        Assert.That(document["only"]!.AsArray().Select(id => (string?)id), Is.EqualTo(new[] { "a", "b" }));
        Assert.That((run.Started.Offset, run.Ended?.Offset), Is.EqualTo((TimeSpan.FromHours(8), TimeSpan.FromHours(8))));
        Assert.That(run.Cases.Select(result => (result.Id, result.NotRun)), Is.EqualTo(new[] { ("a", false), ("b", true) }));
        JsonNode setup = document["cases"]![1]!;
        Assert.That(((string?)setup["kind"], (int?)setup["devices"], (int?)setup["repetitions"], (double?)setup["limit_ms"]), Is.EqualTo(("rng", 2, 3, 1000)));
        Assert.That((string?)document["cases"]![0]!["kind"], Is.Null, "it has no devices");
    }

    [Test]
    public void Nothing_in_a_name_ends_a_cell_or_begins_an_element()
    {
        AcceptanceRun run = Recorded;
        string report = Chinese(run with { Cases = [run.Cases[1] with { Reason = "a|b\n| c <script>" }] });
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
        Assert.That(page, Does.Contain("● lifecycle-define.net3").And.Contain("▲ lifecycle-define-invalid.net1").And.Contain("◆ downtime-limit.net3").And.Not.Contain("■"), "the nightly's signs");
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

    private static string Chinese(AcceptanceRun run) => AcceptanceReports.Write(AcceptanceFormat.OpenEulerChinese, run);

    private static AcceptanceRun Edited(Action<JsonNode> edit)
    {
        JsonNode document = JsonNode.Parse(Recorded.ToJson())!;
        edit(document);
        return AcceptanceRun.Parse(document.ToJsonString());
    }

    // As the runner tells of a case that it did not come to.
    private static CaseResult NotRun(CaseResult result) => result with
    {
        Verdict = CaseVerdict.Inconclusive,
        Reason = "the run was cancelled before this",
        Code = OutcomeCode.Cancelled,
        Steps = [],
        Checks = [],
        Downtimes = [],
        TookMs = 0,
    };

    private sealed class Beijing : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("beijing", TimeSpan.FromHours(8), "beijing", "beijing");
    }
}
