using System.Globalization;
using System.Text;
using Orchestrator.Regression.Reports;
using static Orchestrator.Acceptance.Reports.OpenEulerWords;

namespace Orchestrator.Acceptance.Reports;

/// <summary>
/// openEuler's test report in Chinese: the sections that its feature teams file for a release, with what the run knows. What it does not know (the author, the impact of a problem, compatibility) is marked for
/// a person to fill in, never made up.
/// </summary>
internal sealed partial class OpenEulerReport
{
    private const string Red = "<font color=red>●</font>";
    private const string Blue = "<font color=blue>▲</font>";
    private const string Green = "<font color=green>■</font>";

    private readonly StringBuilder _text = new();
    private readonly AcceptanceRun _run;
    private readonly CaseResult[] _executed;
    private readonly CaseResult[] _failed;
    private readonly (CaseResult Case, CaseDowntime Run)[] _measured;

    private OpenEulerReport(AcceptanceRun run)
    {
        _run = run;
        _executed = [.. run.Cases.Where(IsExecuted)];
        _failed = [.. run.Cases.Where(result => result.Verdict == CaseVerdict.Fail)];
        _measured = [.. run.Cases.Where(IsMeasuring).Where(IsExecuted).SelectMany(RowsOf)];
    }

    internal static string Write(AcceptanceRun run)
    {
        var report = new OpenEulerReport(run);
        report.Head();
        int abbreviations = report._text.Length;
        report.Overview();
        report.Information();
        report.Conclusion();
        report.Details();
        report.Execution();
        report.Attachments();
        report.Abbreviations(abbreviations);
        return report._text.ToString();
    }

    private void Head()
    {
        Heading(1, $"{Text(_run.Texts.Feature)} 特性测试报告");
        Line($"版权所有 © {Year(_run.Ended ?? _run.Started)} openEuler社区\n{License}");
        Line("修订记录");
        Table(["日期", "修订版本", "修改描述", "作者"], [[Date(_run.Ended ?? _run.Started), ToFillIn, ToFillIn, ToFillIn]]);
        Line($"关键词： {ToFillIn}");
        Line($"摘要：{ToFillIn}");
    }

    /// <summary>Those abbreviations that the report uses: known once the rest is written.</summary>
    private void Abbreviations(int at)
    {
        string all = _text.ToString();
        _text.Length = at;
        (string Short, string English, string Chinese)[] used = [.. OpenEulerWords.Abbreviations.Where(known => all.Contains(known.Short, StringComparison.Ordinal))];
        Line("缩略语清单：");
        Table(["缩略语", "英文全名", "中文解释"], used.Length == 0 ? [[ToFillIn, ToFillIn, ToFillIn]] : used.Select(known => new[] { known.Short, known.English, known.Chinese }));
        _text.Append(all, at, all.Length - at);
    }

    private void Overview()
    {
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
        if (_run.Only.Count > 0)
        {
            Line($"仅执行了计划中选定的用例（--only）：{Cell(string.Join('、', _run.Only))}。");
        }

        Line("用例的步骤、说明和问题描述引用工具的原始输出（英文）。");
    }

    private void Conclusion()
    {
        Heading(1, "3 测试结论概述");
        Heading(2, "3.1 测试整体结论");
        Line(
            $"{Incomplete()}共计执行用例{Count(_executed.Length)}个，通过{Count(_run.Count(CaseVerdict.Pass))}个，失败{Count(_failed.Length)}个，无法判定{Count(_executed.Count(result => result.Verdict == CaseVerdict.Inconclusive))}个；"
            + $"另有{Count(_run.Count(CaseVerdict.NotApplicable))}个用例在本环境不适用。{Found()}");
        Table(["测试活动", "测试子项", "活动评价"],
        [
            ["功能测试", "继承特性测试", ToFillIn], ["功能测试", "新增特性测试", SignOf(_run.Cases.Where(result => result.Group != CaseGroup.Downtime))], ["兼容性测试", "", ToFillIn],
            ["DFX专项测试", "性能测试", SignOf(_run.Cases.Where(result => result.Group == CaseGroup.Downtime))], ["DFX专项测试", "可靠性/韧性测试", ToFillIn], ["DFX专项测试", "安全测试", ToFillIn],
            ["资料测试", "", ToFillIn], ["其他测试", "", ToFillIn],
        ]);
        Heading(2, "3.2 约束说明");
        Numbered(_run.Texts.Constraints, ToFillIn);
        Heading(2, "3.3 遗留问题分析");
        Heading(3, "3.3.1 遗留问题影响以及规避措施");
        if (_failed.Length == 0)
        {
            Line(Remaining());
        }
        else
        {
            Table(["序号", "用例", "严重程度", "问题描述", "影响", "规避措施"], _failed.Select((result, i) => new[]
            {
                Count(i + 1), $"{result.Id} {result.ChineseName}", NameOf(result.Severity), result.Reason ?? "", ToFillIn, ToFillIn,
            }));
        }

        Heading(3, "3.3.2 问题统计");
        if (_executed.Length == 0)
        {
            Line(ToFillIn);
            return;
        }

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
        Line(
            "评估方法：有严重用例失败，或没有用例通过而有用例失败时为●；没有用例通过或失败时为“无法判定”；有用例因执行被取消而未执行时为“测试未完成”；"
            + "有其他用例失败或无法判定时为▲；其余为■；没有执行用例时为“未执行”。");
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

    private void Execution()
    {
        Heading(1, "5 测试执行");
        Heading(2, "5.1 测试执行统计数据");
        Table(["版本名称", "测试用例数", "用例执行结果", "发现问题单数"],
            [[Text(_run.Texts.Version), Count(_executed.Length), _executed.Length == 0 ? "未执行" : Counts(_executed), Count(_failed.Length)]]);
        Line("*数据项说明：*");
        Line("*测试用例数－－本次执行的用例数，不含不适用和未执行的用例；*");
        Line("*发现问题单数－－本测试活动总共发现的问题数，每个失败的用例计为一个。*");
        Heading(2, "5.2 测试流程");
        Line($"环境准备：{ToFillIn}");
        Heading(3, "5.2.1 新增特性测试");
        Steps(_executed.Where(result => result.Group != CaseGroup.Downtime));
        Heading(3, "5.2.2 性能测试");
        Steps(_executed.Where(result => result.Group == CaseGroup.Downtime));
        Heading(2, "5.3 用例执行明细");
        Table(["序号", "用例编号", "用例名称", "严重程度", "配置", "执行结果", "说明"], _run.Cases.Select((result, i) => new[]
        {
            Count(i + 1), result.Id, result.ChineseName, NameOf(result.Severity), Setup(result), NameOf(result), result.Reason ?? "",
        }));
        Heading(2, "5.4 后续测试建议");
        string[] open =
        [
            .. _run.Cases.Where(result => result.Verdict is CaseVerdict.Inconclusive or CaseVerdict.NotApplicable)
                .Select(result => $"{result.Id} {result.ChineseName}：{NameOf(result)}（{result.Reason}），建议{(result.NotRun ? "" : "在具备条件的环境上")}补充执行"),
            .. _run.Only.Count > 0 ? ["计划中未选定的用例（--only）没有执行，建议补充执行"] : Array.Empty<string>(),
        ];
        Numbered(open, _executed.Length == 0 ? ToFillIn : "无未执行、未判定或不适用的用例。");
        Line($"其他建议：{ToFillIn}");
    }

    private void Steps(IEnumerable<CaseResult> cases)
    {
        CaseResult[] done = [.. cases.Where(result => result.Steps.Count > 0)];
        if (done.Length == 0)
        {
            Line("没有执行用例。");
        }

        foreach (CaseResult result in done)
        {
            Heading(4, Cell($"{result.Id} {result.ChineseName}"));
            Numbered(result.Steps, "");
        }
    }

    private static bool IsExecuted(CaseResult result) => result.Verdict != CaseVerdict.NotApplicable && !result.NotRun;

    private string Incomplete() =>
        _run.Ended is null ? "测试未完成：执行尚未结束。"
        : IsCancelled ? $"测试未完成：执行被取消，{Count(_run.Cases.Count(result => result.NotRun))}个用例未执行。"
        : "";

    private bool IsCancelled => _run.Cases.Any(result => result.Code == OutcomeCode.Cancelled);

    private bool NothingTold => _failed.Length == 0 && _run.Count(CaseVerdict.Pass) == 0;

    // No problem is found where nothing was looked at.
    private string Found() =>
        _executed.Length == 0 ? $"没有执行用例，不能得出结论：{ToFillIn}"
        : NothingTold ? "执行的用例均无法判定，不能得出结论。"
        : _failed.Length > 0 ? $"发现{Count(_failed.Length)}个问题。"
        : Array.TrueForAll(_executed, result => result.Verdict == CaseVerdict.Pass) && Incomplete().Length == 0 ? "未发现问题。"
        : "通过的用例未发现问题。";

    private string Remaining() =>
        _executed.Length == 0 || NothingTold ? Found()
        : Array.TrueForAll(_executed, result => result.Verdict == CaseVerdict.Pass) && Incomplete().Length == 0 ? "无遗留问题"
        : "通过的用例无遗留问题；其他用例见5.3与5.4。";

    private string SignOf(IEnumerable<CaseResult> cases)
    {
        CaseResult[] results = [.. cases];
        CaseResult[] executed = [.. results.Where(IsExecuted)];
        CaseResult[] failed = [.. executed.Where(result => result.Verdict == CaseVerdict.Fail)];
        bool hasPassed = Array.Exists(executed, result => result.Verdict == CaseVerdict.Pass);
        return executed.Length == 0 ? (IsOutOfScope(results) ? "不涉及" : "未执行")
            : Array.Exists(failed, result => result.Severity == CaseSeverity.Critical) || (failed.Length > 0 && !hasPassed) ? Red
            : !hasPassed ? "无法判定"
            : Array.Exists(results, result => result.NotRun) ? "测试未完成"
            : Array.Exists(executed, result => result.Verdict != CaseVerdict.Pass) ? Blue
            : Green;
    }

    // The plan has no such cases; of a run of chosen cases, or of none, that is not known.
    private bool IsOutOfScope(CaseResult[] results) => results.Length == 0 && _run.Only.Count == 0 && _executed.Length > 0;

    private static string Counts(IReadOnlyList<CaseResult> results)
    {
        (string Name, int Count)[] counts =
        [
            ("Pass", Of(CaseVerdict.Pass)), ("Failed", Of(CaseVerdict.Fail)), ("Inconclusive", Of(CaseVerdict.Inconclusive)), ("N/A", Of(CaseVerdict.NotApplicable)),
            ("Not run", results.Count(result => result.NotRun)),
        ];
        return string.Join(" + ", counts.Where(pair => pair.Count > 0).Select(pair => $"{Count(pair.Count)} {pair.Name}"));

        int Of(CaseVerdict verdict) => results.Count(result => result.Verdict == verdict && !result.NotRun);
    }

    private int Failed(CaseSeverity severity) => _failed.Count(result => result.Severity == severity);

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

    // The day and the time of where it was run, as its readers have them.
    private static string Date(DateTimeOffset time) => time.ToString("yyyy/M/d", CultureInfo.InvariantCulture);

    private static string Year(DateTimeOffset time) => time.ToString("yyyy", CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset time) => time.ToString("yyyy/M/d HH:mm 'UTC'zzz", CultureInfo.InvariantCulture);
}
