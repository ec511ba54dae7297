using System.Globalization;
using System.Text;
using Orchestrator.Regression.Reports;

namespace Orchestrator.Acceptance.Reports;

/// <summary>
/// openEuler's test report in Chinese: the sections that its feature teams file for a release, with what the run knows. What it does not know (the author, the impact of a problem, compatibility) is marked for
/// a person to fill in, never made up.
/// </summary>
internal sealed class OpenEulerReport
{
    internal const string ToFillIn = "〔待填写〕";

    private const string Red = "<font color=red>●</font>";
    private const string Blue = "<font color=blue>▲</font>";
    private const string Green = "<font color=green>■</font>";

    private static readonly (CaseGroup Group, string Name)[] Groups =
    [
        (CaseGroup.Lifecycle, "虚拟机基本生命周期（define/undefine/start/destroy/suspend/resume/reboot/reset）"), (CaseGroup.HotPlug, "设备热插拔"), (CaseGroup.Migration, "虚拟机热迁移"),
        (CaseGroup.VdpaDevices, "vDPA 设备创建/删除/查询"), (CaseGroup.Persistence, "配置与设备持久化"), (CaseGroup.Exclusivity, "设备独占"), (CaseGroup.Concurrency, "生命周期操作并发"),
        (CaseGroup.Kae, "KAE 直通热迁移"), (CaseGroup.Downtime, "热迁移中断时间"),
    ];

    private static readonly (CaseSeverity Severity, string Name)[] Severities =
        [(CaseSeverity.Critical, "严重"), (CaseSeverity.Major, "主要"), (CaseSeverity.Minor, "次要"), (CaseSeverity.Trivial, "不重要")];

    private static readonly (string Fact, string Name)[] Facts =
        [("server", "服务器型号"), ("cpu", "CPU"), ("bios", "BIOS"), ("nic", "网卡"), ("kernel", "内核"), ("libvirt", "libvirt"), ("qemu", "QEMU")];

    private readonly StringBuilder _text = new();
    private readonly AcceptanceRun _run;
    private readonly CaseResult[] _executed;
    private readonly CaseResult[] _failed;

    private OpenEulerReport(AcceptanceRun run)
    {
        _run = run;
        _executed = [.. run.Cases.Where(result => result.Verdict != CaseVerdict.NotApplicable)];
        _failed = [.. run.Cases.Where(result => result.Verdict == CaseVerdict.Fail)];
    }

    internal static string Write(AcceptanceRun run)
    {
        var report = new OpenEulerReport(run);
        report.Head();
        report.Information();
        report.Conclusion();
        report.Details();
        report.Execution();
        return report._text.ToString();
    }

    private void Head()
    {
        Heading(1, $"{Text(_run.Texts.Feature)} 特性测试报告");
        Line("修订记录");
        Table(["日期", "修订版本", "修改描述", "作者"], [[Date(_run.Ended ?? _run.Started), ToFillIn, ToFillIn, ToFillIn]]);
        Line($"关键词： {ToFillIn}");
        Line($"摘要：{ToFillIn}");
        Heading(1, "1 特性概述");
        Line(Text(_run.Texts.Overview));
    }

    private void Information()
    {
        Heading(1, "2 特性测试信息");
        Line("本节描述被测对象的版本信息和测试的时间，包括依赖的硬件。");
        Table(["版本名称", "测试起始时间", "测试结束时间"], [[Text(_run.Texts.Version), Time(_run.Started), _run.Ended is { } ended ? Time(ended) : "未结束"]]);
        Line("描述特性测试的环境信息");
        Table(
            ["项目", $"源端 {_run.Environment.Hosts.ElementAtOrDefault(0) ?? ToFillIn}", $"目的端 {_run.Environment.Hosts.ElementAtOrDefault(1) ?? ToFillIn}"],
            [
                .. Facts.Select(fact => new[] { fact.Name, Text(_run.Environment.Source.GetValueOrDefault(fact.Fact)), Text(_run.Environment.Destination.GetValueOrDefault(fact.Fact)) }),
                ["虚拟机规格", Text(_run.Guest), Text(_run.Guest)],
            ]);
        Line($"测试工具：orchestrator {_run.Environment.Tool}，测试计划 {_run.Plan}，执行编号 {_run.Id}。");
    }

    private void Conclusion()
    {
        Heading(1, "3 测试结论概述");
        Heading(2, "3.1 测试整体结论");
        Line(
            $"共计执行用例{Count(_executed.Length)}个，通过{Count(_run.Count(CaseVerdict.Pass))}个，失败{Count(_failed.Length)}个，无法判定{Count(_run.Count(CaseVerdict.Inconclusive))}个；"
            + $"另有{Count(_run.Count(CaseVerdict.NotApplicable))}个用例在本环境不适用。{(_failed.Length == 0 ? "未发现问题。" : $"发现{Count(_failed.Length)}个问题。")}");
        Table(["测试活动", "测试子项", "活动评价"],
        [
            ["功能测试", "继承特性测试", ToFillIn], ["功能测试", "新增特性测试", SignOf(_executed.Where(result => result.Group != CaseGroup.Downtime))], ["兼容性测试", "", ToFillIn],
            ["DFX专项测试", "性能测试", SignOf(_executed.Where(result => result.Group == CaseGroup.Downtime))], ["DFX专项测试", "可靠性/韧性测试", ToFillIn], ["DFX专项测试", "安全测试", ToFillIn],
            ["资料测试", "", ToFillIn], ["其他测试", "", ToFillIn],
        ]);
        Heading(2, "3.2 约束说明");
        Numbered(_run.Texts.Constraints, ToFillIn);
        Heading(2, "3.3 遗留问题分析");
        Heading(3, "3.3.1 遗留问题影响以及规避措施");
        if (_failed.Length == 0)
        {
            Line("无遗留问题");
        }
        else
        {
            Table(["序号", "用例", "严重程度", "问题描述", "影响", "规避措施"], _failed.Select((result, i) => new[]
            {
                Count(i + 1), $"{result.Id} {result.ChineseName}", NameOf(result.Severity), result.Reason ?? "", ToFillIn, ToFillIn,
            }));
        }

        Heading(3, "3.3.2 问题统计");
        Line("每个失败的用例计为一个问题。");
        Table(["", "问题总数", .. Severities.Select(severity => severity.Name)],
        [
            ["数目", Count(_failed.Length), .. Severities.Select(severity => Count(Failed(severity.Severity)))],
            ["百分比", "", .. Severities.Select(severity => _failed.Length == 0 ? "0" : Share(Failed(severity.Severity), _failed.Length))],
        ]);
    }

    private void Details()
    {
        Heading(1, "4 详细测试结论");
        Heading(2, "4.1 功能测试");
        Heading(3, "4.1.1 继承特性测试结论");
        Line(ToFillIn);
        Heading(3, "4.1.2 新增特性测试结论");
        Table(["序号", "组件/特性名称", "特性质量评估", "备注"], Groups.Where(group => group.Group != CaseGroup.Downtime && _run.Cases.Any(result => result.Group == group.Group)).Select((group, i) =>
        {
            CaseResult[] results = [.. _run.Cases.Where(result => result.Group == group.Group)];
            return new[] { Count(i + 1), group.Name, SignOf(results), Counts(results) };
        }));
        Line($"{Red}： 表示特性不稳定，风险高\n{Blue}： 表示特性基本可用，遗留少量问题\n{Green}： 表示特性质量良好");
        Line("评估方法：有严重用例失败，或没有用例通过而有用例失败时为●；有其他用例失败或无法判定时为▲；其余为■；没有适用的用例时为“不涉及”。");
        Heading(2, "4.2 兼容性测试结论");
        Line(ToFillIn);
        Heading(2, "4.3 DFX专项测试结论");
        Heading(3, "4.3.1 性能测试结论");
        Performance();
        Heading(3, "4.3.2 可靠性/韧性测试结论");
        Line(ToFillIn);
        Heading(3, "4.3.3 安全测试结论");
        Line(ToFillIn);
        Heading(2, "4.4 资料测试结论");
        Line(ToFillIn);
        Heading(2, "4.5 其他测试结论");
        Line(ToFillIn);
    }

    private void Performance()
    {
        (CaseResult Case, CaseDowntime Run)[] runs = [.. _run.Cases.SelectMany(result => result.Downtimes.Select(run => (result, run)))];
        if (runs.Length == 0)
        {
            Line("不涉及：没有完成的热迁移。");
            return;
        }

        Line($"虚拟机规格：{Text(_run.Guest)}。每次热迁移的停机时间如下。");
        Table(["次数", "用例", "设备", "方向", "停机时间", "测量方法", "指标值", "测试结论"], runs.Select((pair, i) => new[]
        {
            Count(i + 1), pair.Case.Id, pair.Case.Setup.Length > 0 ? pair.Case.Setup : "无", pair.Run.Direction,
            pair.Run.ValueMs is { } value ? Words($"{value:0.0}ms{(pair.Run.UncertaintyMs is { } doubt ? Words($" ± {doubt:0.0}ms") : "（误差未知）")}") : $"未测得：{pair.Run.Problem}",
            pair.Run.Method ?? "", pair.Run.LimitMs is { } limit ? Words($"不大于{limit:0.###}ms") : "无",
            pair.Run.LimitMs is { } most ? CaseJudge.OfLimit(pair.Run, most).Result switch { CheckResult.Pass => "满足", CheckResult.Fail => "不满足", _ => "无法判定" } : "不涉及",
        }));
    }

    private void Execution()
    {
        Heading(1, "5 测试执行");
        Heading(2, "5.1 测试执行统计数据");
        Table(["版本名称", "测试用例数", "用例执行结果", "发现问题单数"],
            [[Text(_run.Texts.Version), Count(_executed.Length), Counts(_executed), Count(_failed.Length)]]);
        Line("*数据项说明：*");
        Line("*测试用例数－－本次执行的用例数，不含不适用的用例；*");
        Line("*发现问题单数－－本测试活动总共发现的问题数，每个失败的用例计为一个。*");
        Heading(2, "5.2 用例执行明细");
        Table(["序号", "用例编号", "用例名称", "严重程度", "配置", "执行结果", "说明"], _run.Cases.Select((result, i) => new[]
        {
            Count(i + 1), result.Id, result.ChineseName, NameOf(result.Severity), result.Setup.Length > 0 ? result.Setup : "无", NameOf(result.Verdict), result.Reason ?? "",
        }));
        Heading(2, "5.3 后续测试建议");
        string[] open = [.. _run.Cases.Where(result => result.Verdict is CaseVerdict.Inconclusive or CaseVerdict.NotApplicable)
            .Select(result => $"{result.Id} {result.ChineseName}：{NameOf(result.Verdict)}（{result.Reason}），建议在具备条件的环境上补充执行")];
        Numbered(open, "无未判定或不适用的用例。");
        Line($"其他建议：{ToFillIn}");
        Heading(1, "6 附件");
        Line(ToFillIn);
    }

    private static string SignOf(IEnumerable<CaseResult> results)
    {
        CaseResult[] executed = [.. results.Where(result => result.Verdict != CaseVerdict.NotApplicable)];
        CaseResult[] failed = [.. executed.Where(result => result.Verdict == CaseVerdict.Fail)];
        return executed.Length == 0 ? "不涉及"
            : Array.Exists(failed, result => result.Severity == CaseSeverity.Critical) || (failed.Length > 0 && executed.All(result => result.Verdict != CaseVerdict.Pass)) ? Red
            : executed.Any(result => result.Verdict != CaseVerdict.Pass) ? Blue
            : Green;
    }

    private static string Counts(IReadOnlyList<CaseResult> results) => string.Join(" + ", new[] { (CaseVerdict.Pass, "Pass"), (CaseVerdict.Fail, "Failed"), (CaseVerdict.Inconclusive, "Inconclusive"), (CaseVerdict.NotApplicable, "N/A") }
        .Select(pair => (Count: results.Count(result => result.Verdict == pair.Item1), pair.Item2)).Where(pair => pair.Count > 0).Select(pair => $"{Count(pair.Count)} {pair.Item2}"));

    private int Failed(CaseSeverity severity) => _failed.Count(result => result.Severity == severity);

    private static string NameOf(CaseSeverity severity) => Severities.First(pair => pair.Severity == severity).Name;

    private static string NameOf(CaseVerdict verdict) => verdict switch { CaseVerdict.Pass => "通过", CaseVerdict.Fail => "失败", CaseVerdict.Inconclusive => "无法判定", _ => "不适用" };

    private void Heading(int level, string text) => Line($"{new string('#', level)} {text}");

    private void Line(string text) => _text.Append(ReportText.Clean(text)).Append("\n\n");

    private void Numbered(IReadOnlyList<string> items, string none)
    {
        if (items.Count == 0)
        {
            Line(none);
            return;
        }

        Line(string.Join('\n', items.Select((item, i) => $"{Count(i + 1)}. {Cell(item)}")));
    }

    private void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        Row(columns);
        Row([.. columns.Select(_ => "---")]);
        foreach (IReadOnlyList<string> row in rows)
        {
            Row(row);
        }

        _text.Append('\n');
    }

    private void Row(IReadOnlyList<string> cells) => _text.Append("| ").AppendJoin(" | ", cells.Select(Cell)).Append(" |\n");

    // One line, in which nothing ends the cell; our own signs are the only elements.
    private static string Cell(string text) => text is Red or Blue or Green ? text : ReportText.Line(text).Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Text(string? text) => string.IsNullOrWhiteSpace(text) ? ToFillIn : text;

    private static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Share(int part, int of) => Words($"{100.0 * part / of:0.#}%");

    private static string Date(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy/M/d", CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy/M/d HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Words(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
