using static Orchestrator.Acceptance.Reports.OpenEulerWords;

namespace Orchestrator.Acceptance.Reports;

/// <summary>What the report says of downtimes: each, and from the shortest to the longest.</summary>
internal sealed partial class OpenEulerReport
{
    // They migrate a running guest there and back, and do nothing else to it.
    private static readonly HashSet<string> ThereAndBack = ["migration-there-and-back", "kae-one-node", "downtime-limit"];

    /// <summary>Whether a case's downtimes tell how long a migration takes: not where the migration was slowed down, cancelled or made to fail, or something else was done at once.</summary>
    private static bool IsMeasuring(CaseResult result) => ThereAndBack.Contains(result.Case) || result.Downtimes.Any(run => run.LimitMs is not null);

    // Of a case that came to no downtime, that: not silence.
    private static IEnumerable<(CaseResult Case, CaseDowntime Run)> RowsOf(CaseResult result) =>
        result.Downtimes.Count > 0 ? result.Downtimes.Select(run => (result, run)) : [(result, new("", null, null, null, result.LimitMs, result.Reason))];

    private void Performance()
    {
        if (_measured.Length == 0)
        {
            Line(NoDowntimes());
            return;
        }

        Line($"虚拟机规格：{Text(_run.Guest)}。往返热迁移用例和有指标值的用例中，每次热迁移的停机时间如下；其他用例（并发、取消、失败等）中的热迁移不作为性能数据，见JSON和HTML格式的报告。");
        Table(["次数", "用例", "设备", "方向", "停机时间", "测量方法", "指标值", "测试结论"], _measured.Select((pair, i) => new[]
        {
            Count(i + 1), pair.Case.Id, Guest(pair.Case), pair.Run.Direction, Length(pair.Run) ?? $"未测得：{pair.Run.Problem}",
            pair.Run.Method ?? "", pair.Run.LimitMs is { } limit ? AtMost(limit) : "无", Judgement(pair.Case, pair.Run),
        }));
    }

    private void Attachments()
    {
        Heading(1, "6 附件");
        Heading(2, "6.1 虚拟机热迁移中断时间");
        if (_measured.Length == 0)
        {
            Line(NoDowntimes());
        }
        else
        {
            Line(string.Join('\n',
            [
                $"- 硬件环境：{OfBoth("server")}", $"- OS：{OfBoth("os")}",
                .. _measured.GroupBy(pair => Guest(pair.Case)).SelectMany(same => new[] { $"- 虚拟机规格：{Cell($"{Text(_run.Guest)}，{same.Key}")}", $"- 热迁移中断时间：{Range([.. same.Select(pair => pair.Run)])}" }),
            ]));
        }

        Line($"其他附件：{ToFillIn}");
    }

    private string NoDowntimes() => IsOutOfScope([.. _run.Cases.Where(IsMeasuring)]) ? "不涉及：没有测量停机时间的用例。" : "未执行：测量停机时间的用例没有执行。";

    private static string Judgement(CaseResult result, CaseDowntime run) =>
        result.Downtimes.Count == 0 ? NameOf(result)
        : run.LimitMs is not { } limit ? "不涉及"
        : CaseJudge.OfLimit(run, limit).Result switch { CheckResult.Pass => "满足", CheckResult.Fail => "不满足", _ => "无法判定" };

    private static string Range(IReadOnlyList<CaseDowntime> runs)
    {
        CaseDowntime[] known = [.. runs.Where(run => run.ValueMs is not null).OrderBy(run => run.ValueMs)];
        string missing = Words($"未测得{runs.Count - known.Length}次");
        return known.Length == 0 ? Words($"未测得（{runs.Count}次）")
            : $"{Length(known[0])} ~ {Length(known[^1])}（{Words($"测得{known.Length}次")}{(known.Length < runs.Count ? $"，{missing}" : "")}）";
    }

    private static string? Length(CaseDowntime run) =>
        run.ValueMs is not { } value ? null : Words($"{value:0.0}ms{(run.UncertaintyMs is { } doubt ? Words($" ± {doubt:0.0}ms") : "（误差未知）")}");

    private string OfBoth(string fact)
    {
        string source = Text(_run.Environment.Source.GetValueOrDefault(fact));
        string destination = Text(_run.Environment.Destination.GetValueOrDefault(fact));
        return Cell(source == destination ? source : $"源端 {source}，目的端 {destination}");
    }
}
