using System.Text.Json;
using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;
using static Orchestrator.Tests.Regression.Judging.RunSamples;

namespace Orchestrator.Tests.Regression.Judging;

public sealed class RunJudgeTests
{
    private static readonly double[] Ordinary = [30, 31, 29, 32, 30, 28, 33, 31, 30, 29];

    [Test]
    public void A_first_run_within_its_limits_passes()
    {
        RegressionRun run = RunJudge.Judge(Plan(new() { EachMs = 40, MedianMs = 35, P95Ms = 40, MaxMs = 40 }), Run(30, 31, 29, 32, 30), null);

        Assert.Multiple(() =>
        {
            Assert.That(run.Verdict, Is.EqualTo(Verdict.Passed));
            Assert.That(run.ExitCode, Is.Zero);
            Assert.That(run.Scenarios.Single().Reasons, Is.Empty);
            Assert.That(run.Downtime().Statistics, Has.Property("Median").EqualTo(30).And.Property("Max").EqualTo(32).And.Property("Count").EqualTo(5));
            Assert.That(run.Downtime().Limits.Select(limit => (limit.Name, limit.Verdict)), Is.EqualTo(new[] { ("each", Verdict.Passed), ("median", Verdict.Passed), ("p95", Verdict.Passed), ("max", Verdict.Passed) }));
            Assert.That(run.Downtime().Change, Is.Null);
            Assert.That(run.Baseline, Is.Null);
        });
    }

    // value, doubt, limit
    [TestCase(100, 1, 102, Verdict.Passed, 0)]
    [TestCase(100, 1, 101, Verdict.Passed, 0, Description = "at the limit at the most")]
    [TestCase(100, 1, 100.5, Verdict.Inconclusive, 9)]
    [TestCase(100, 1, 99.5, Verdict.Inconclusive, 9)]
    [TestCase(100, 1, 99, Verdict.Inconclusive, 9, Description = "it may be 99")]
    [TestCase(100, 1, 98.9, Verdict.Regression, 8)]
    [TestCase(100, null, 1000, Verdict.Inconclusive, 9, Description = "a value of unknown doubt proves nothing")]
    [TestCase(100, null, 10, Verdict.Inconclusive, 9)]
    public void A_limit_within_the_doubt_is_inconclusive(double value, double? doubt, double limit, Verdict verdict, int code)
    {
        RegressionRun measured = Run([20, 21, value, 20, 22], doubt);
        foreach (ScenarioLimits limits in new ScenarioLimits[] { new() { EachMs = limit }, new() { MaxMs = limit }, new() { P95Ms = limit } })
        {
            RegressionRun run = RunJudge.Judge(Plan(limits), measured, null);
            Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((verdict, code)), $"{limits}");
            Assert.That(run.Downtime().Limits.Single(), Has.Property("ValueMs").EqualTo(value).And.Property("UncertaintyMs").EqualTo(doubt).Within(1e-9));
            Assert.That(run.Scenarios.Single().Reasons, verdict == Verdict.Passed ? Is.Empty : Has.Exactly(1).Contains("the limit"));
        }
    }

    [Test]
    public void The_median_has_the_doubt_of_the_values_in_the_middle()
    {
        // All five at their lowest have the median 28, at their highest 32; the odd one with its doubt of 50 changes nothing.
        RegressionRun measured = Run([new(10, 2, 0), new(29, 2, 1), new(30, 2, 2), new(31, 2, 3), new(90, 50, 4)], [.. Enumerable.Range(0, 5).Select(_ => Made(Forth, 0))], 5);

        Assert.That(Of(33), Is.EqualTo(Verdict.Passed));
        Assert.That(Of(31.9), Is.EqualTo(Verdict.Inconclusive));
        Assert.That(Of(28.1), Is.EqualTo(Verdict.Inconclusive));
        Assert.That(Of(27.9), Is.EqualTo(Verdict.Regression));

        Verdict Of(double limit) => RunJudge.Judge(Plan(new() { MedianMs = limit }), measured, null).Verdict;
    }

    [Test]
    public void A_growth_of_sixty_is_a_regression_that_names_amount_and_phase()
    {
        RegressionRun baseline = WithPhases(Ordinary, 20);
        RegressionRun run = RunJudge.Judge(Plan(repetitions: 10), WithPhases([.. Ordinary.Select(ms => ms + 60)], 80), baseline);

        ChangeResult change = run.Downtime().Change!;
        Assert.Multiple(() =>
        {
            Assert.That(run.Verdict, Is.EqualTo(Verdict.Regression));
            Assert.That(run.ExitCode, Is.EqualTo(8));
            Assert.That(change.ShiftMs, Is.EqualTo(60));
            Assert.That(change.LowMs, Is.InRange(55, 60));
            Assert.That(change.HighMs, Is.InRange(60, 65));
            Assert.That(change.PValue, Is.LessThan(0.0001));
            Assert.That(change.ThresholdMs, Is.EqualTo(20));
            Assert.That(change.BaselineMedianMs, Is.EqualTo(30));
            Assert.That(change.BaselineCount, Is.EqualTo(10));
            Assert.That(change.Phase, Is.EqualTo(new PhaseChange("blackout: resume", 60)), "setup and the iterations grew more, but are no downtime");
            Assert.That(run.Scenarios.Single().Reasons.Single(), Does.Contain("longer than the baseline by 60.0 ms").And.Contain("'blackout: resume', by 60.0 ms"));
            Assert.That(run.Baseline, Has.Property("RunId").EqualTo(baseline.Id));
        });
    }

    [Test]
    public void Getting_faster_passes() =>
        Assert.That(RunJudge.Judge(Plan(), Run([.. Ordinary.Select(ms => ms - 15)]), Run(Ordinary)).Verdict, Is.EqualTo(Verdict.Passed));

    [Test]
    public void A_change_that_does_not_matter_passes_however_certain_it_is()
    {
        RegressionRun run = RunJudge.Judge(Plan(), Run([.. Ordinary.Select(ms => ms + 10)]), Run(Ordinary));
        Assert.That(run.Downtime().Change!.PValue, Is.LessThan(0.001));
        Assert.That(run.Verdict, Is.EqualTo(Verdict.Passed));
    }

    [Test]
    public void What_matters_is_at_least_a_share_of_the_baseline()
    {
        double[] slow = [.. Ordinary.Select(ms => ms * 10)];
        RegressionRun run = RunJudge.Judge(Plan(), Run([.. slow.Select(ms => ms + 30)]), Run(slow));
        Assert.That(run.Downtime().Change!.ThresholdMs, Is.EqualTo(45), "15 % of 300");
        Assert.That(run.Verdict, Is.Not.EqualTo(Verdict.Regression));
    }

    [Test]
    public void A_change_around_the_threshold_is_inconclusive()
    {
        RegressionRun run = RunJudge.Judge(Plan(), Run([.. Ordinary.Select(ms => ms + 20)]), Run(Ordinary));
        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Inconclusive, 9)));
        Assert.That(run.Scenarios.Single().Reasons.Single(), Does.Contain("20 ms matter"));
    }

    [Test]
    public void Too_few_values_say_how_many_it_takes()
    {
        RegressionRun run = RunJudge.Judge(Plan(repetitions: 3), Run(100, 101, 102), Run(30, 31, 29));
        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Inconclusive, 9)));
        Assert.That(run.Scenarios.Single().Reasons.Single(), Does.Contain("3 values against 3").And.Contain("5 of each"));
    }

    [Test]
    public void What_the_clocks_may_have_added_is_no_regression_but_inconclusive()
    {
        // 30 ms longer, and every value may be 25 ms too long: it may be 5.
        double[] longer = [.. Ordinary.Select(ms => ms + 30)];
        RegressionRun run = RunJudge.Judge(Plan(), Run(longer, 25, wayBack: false), Run(Ordinary, 0.2, wayBack: false));
        Assert.That(run.Verdict, Is.EqualTo(Verdict.Inconclusive));
        Assert.That(run.Downtime().Change!.LowMs, Is.LessThan(6));
    }

    [Test]
    public void Each_value_counts_with_its_own_doubt()
    {
        // The truth is 60 ms longer. What a slow way adds to a value its doubt covers: none of them can be less than 55 ms longer than it was.
        double[] slowWay = [.. Ordinary.Select((_, index) => index % 5 < 2 ? 0.0 : 45)];
        RegressionRun run = RunJudge.Judge(
            Plan(),
            Run([.. Ordinary.Select((ms, index) => new MeasuredValue(ms + 60 + slowWay[index], slowWay[index] + 5, index))], [.. Ordinary.Select(ms => Made(Forth, ms))], Ordinary.Length),
            Run(Ordinary, 0.2, wayBack: false));

        Assert.That(run.Verdict, Is.EqualTo(Verdict.Regression));
        Assert.That(run.Downtime().Change!.LowMs, Is.GreaterThan(45).And.LessThan(56));
    }

    [Test]
    public void The_clocks_error_goes_out_where_the_guest_goes_forth_and_back()
    {
        // The truth: forth takes 60 ms longer, back nothing. A clock that is thought to be 30 ms ahead takes that from the one and gives it to the other.
        double[] seen = [.. Ordinary.Select((ms, index) => ms + (index % 2 == 0 ? 60 - 30 : 0 + 30))];
        RegressionRun run = RunJudge.Judge(Plan(), Run(seen, 30), Run(Ordinary));

        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Regression, 8)));
        Assert.That(run.Downtime().Change, Has.Property("ShiftMs").EqualTo(30).And.Property("Direction").Null, "on the average of both ways");
    }

    [Test]
    public void An_error_of_the_clocks_alone_is_never_a_regression([Values(5, 10, 15)] int error, [Values(8, 9, 10)] int count)
    {
        // Nothing became longer, but the clock that is misjudged gives to the one direction what it takes from the other.
        double[] seen = [.. Ordinary.Take(count).Select((ms, index) => ms + (index % 2 == 0 ? error : -error))];
        Assert.That(RunJudge.Judge(Plan(), Run(seen, error), Run(Ordinary)).Verdict, Is.Not.EqualTo(Verdict.Regression));
    }

    [Test]
    public void What_cause_and_effect_leave_open_does_not_go_out()
    {
        // Nothing became longer. The bounds by cause lie askew in both directions alike: source and destination have changed their parts.
        double[] seen = [.. Ordinary.Select(ms => ms + 35)];
        RegressionRun run = Run(seen, 45).Change(scenario => scenario with
        {
            RepetitionsMade = [.. scenario.RepetitionsMade.Select(made => made with { Downtime = made.Downtime! with { ClockDifference = new() { LowBy = "deliveries", HighBy = "MIGRATION completed comes after STOP" } } })],
        });
        Assert.That(RunJudge.Judge(Plan(), run, Run(Ordinary)).Verdict, Is.EqualTo(Verdict.Inconclusive));
    }

    [Test]
    public void A_doubt_that_is_not_of_the_clocks_does_not_go_out()
    {
        double[] seen = [.. Ordinary.Select(ms => ms + 30)];
        RegressionRun byTicks = Run(seen, 30).Change(scenario => scenario with { RepetitionsMade = [.. scenario.RepetitionsMade.Select(made => Made(made.Direction, 0, "guest"))] });
        Assert.That(RunJudge.Judge(Plan(), byTicks, Run(Ordinary)).Verdict, Is.EqualTo(Verdict.Inconclusive));
    }

    [Test]
    public void One_direction_alone_that_became_longer_is_found_and_named()
    {
        double[] seen = [.. Ordinary.Select((ms, index) => ms + (index % 2 == 0 ? 60 : 0))];
        RegressionRun run = RunJudge.Judge(Plan(), Run(seen, 5), Run(Ordinary));

        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Regression, 8)));
        Assert.That(run.Downtime().Change, Has.Property("Direction").EqualTo(Forth).And.Property("ShiftMs").InRange(57, 63));
        Assert.That(run.Scenarios.Single().Reasons.Single(), Does.StartWith($"downtime {Forth}: longer"));
    }

    [Test]
    public void Values_of_unknown_doubt_prove_nothing()
    {
        RegressionRun run = RunJudge.Judge(Plan(), Run([.. Ordinary.Select(ms => ms + 500)], null), Run(Ordinary));
        Assert.That(run.Verdict, Is.EqualTo(Verdict.Inconclusive));
        Assert.That(run.Scenarios.Single().Reasons.Single(), Does.Contain("unknown"));
    }

    [Test]
    public void A_completed_repetition_without_a_value_is_inconclusive()
    {
        RegressionRun measured = Run([new(30, 0.2, 0)], [Made(Forth, 30), Made(Back, 0) with { Values = new Dictionary<string, double>(), Problem = "no method is complete" }], 2);
        RegressionRun run = RunJudge.Judge(Plan(new() { EachMs = 100 }, repetitions: 2), measured, null);

        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Inconclusive, 9)));
        Assert.That(run.Scenarios.Single().Reasons.Single(), Is.EqualTo("downtime: 1 of 2 values; the first that is missing: no method is complete"));
    }

    [TestCase("failed", 1)]
    [TestCase("unreachable", 3)]
    [TestCase("refused", 4)]
    [TestCase("timed_out", 5)]
    [TestCase("degraded", 6)]
    [TestCase("needs_person", 7)]
    [TestCase("cancelled", 130)]
    public void A_repetition_that_failed_is_the_environments_with_its_own_code(string outcome, int code)
    {
        RegressionRun measured = Run([new(30, 0.2, 0)], [Made(Forth, 30), Made(Back, 0) with { Outcome = outcome, Problem = "the host is gone" }], 2);
        RegressionRun run = RunJudge.Judge(Plan(repetitions: 2), measured, null);

        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Environment, code)));
        Assert.That(run.Scenarios.Single().Reasons, Has.Some.EqualTo($"repetition 2 {outcome}: the host is gone"));
    }

    [Test]
    public void A_limit_that_is_exceeded_counts_whatever_else_failed()
    {
        RegressionRun measured = Run([new(300, 0.2, 0)], [Made(Forth, 300), Made(Back, 0) with { Outcome = "unreachable" }], 2);
        RegressionRun run = RunJudge.Judge(Plan(new() { EachMs = 100 }, repetitions: 2), measured, null);
        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Regression, 8)), "8 is worse than 3");

        RegressionRun lost = RunJudge.Judge(Plan(new() { EachMs = 100 }, repetitions: 2), measured with { Problems = [new(7, "small runs nowhere")] }, null);
        Assert.That((lost.Verdict, lost.ExitCode), Is.EqualTo((Verdict.Regression, 7)));
    }

    [Test]
    public void A_run_that_was_cut_short_is_the_environments_and_what_was_not_begun_is_told()
    {
        RegressionRun run = RunJudge.Judge(Plan(), Run(30, 31, 29, 32, 30) with { Scenarios = [], Problems = [new(130, "cancelled")] }, null);
        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Environment, 130)));
        Assert.That(run.Scenarios.Single(), Has.Property("Name").EqualTo("vdpa").And.Property("Kind").EqualTo("migrate").And.Property("Verdict").EqualTo(Verdict.Inconclusive));
        Assert.That(run.Scenarios.Single().Reasons, Is.EqualTo(new[] { "nothing was measured" }));
    }

    [Test]
    public void Nothing_measured_never_passes()
    {
        RegressionRun run = RunJudge.Judge(Plan(), Run() with { Scenarios = [] }, null);
        Assert.That((run.Verdict, run.ExitCode), Is.EqualTo((Verdict.Inconclusive, 9)));
    }

    [Test]
    public void Unlike_environments_are_listed_and_judged_all_the_same()
    {
        RegressionRun baseline = Run(Ordinary);
        RegressionRun other = Run(Ordinary) with
        {
            Environment = baseline.Environment with { Source = new Dictionary<string, string> { ["kernel"] = "6.6.9", ["bios"] = "2.1" } },
            Baseline = new("main", "", []),
        };
        RegressionRun run = RunJudge.Judge(Plan(), other.Change(scenario => scenario with { Policy = "fixed" }), baseline);

        Assert.That(run.Verdict, Is.EqualTo(Verdict.Passed));
        Assert.That(run.Baseline, Has.Property("Name").EqualTo("main").And.Property("RunId").EqualTo(baseline.Id));
        Assert.That(run.Baseline!.Differences, Is.EqualTo(new[]
        {
            "source: bios: unknown, now 2.1", "source: kernel: 6.6.0, now 6.6.9", "source: qemu: 8.2.0, now unknown", "vdpa: policy: adaptive, now fixed",
        }));
    }

    [Test]
    public void A_scenario_that_the_baseline_does_not_have_is_not_compared_and_said_so()
    {
        RegressionRun baseline = Run(Ordinary).Change(scenario => scenario with { Name = "old" });
        RegressionRun run = RunJudge.Judge(Plan(), Run(Ordinary), baseline);

        Assert.That(run.Verdict, Is.EqualTo(Verdict.Passed));
        Assert.That(run.Downtime().Change, Is.Null);
        Assert.That(run.Baseline!.Differences, Is.EqualTo(new[] { "vdpa: the baseline does not have this scenario; it was not compared", "old: only the baseline has this scenario" }));
    }

    [Test]
    public void Judged_again_by_its_own_rules_a_run_is_the_same()
    {
        RegressionRun baseline = Run(Ordinary);
        RegressionRun once = RunJudge.Judge(Plan(new() { EachMs = 50 }, new() { MinimumMs = 7 }), Run([.. Ordinary.Select(ms => ms + 40)]), baseline);
        RegressionRun again = RunJudge.Judge(once, baseline);

        Assert.That(Json(again), Is.EqualTo(Json(once)));
        Assert.That(again.Downtime().Change!.ThresholdMs, Is.EqualTo(7));
        Assert.That(Json(JsonSerializer.Deserialize(Json(once), RunJson.Default.RegressionRun)!), Is.EqualTo(Json(once)), "read back from its file");
        Assert.That(RunJudge.Judge(once, null).Downtime().Change, Is.Null);
    }

    private static string Json(RegressionRun run) => JsonSerializer.Serialize(run, RunJson.Default.RegressionRun);

    private static RegressionRun WithPhases(double[] values, double resume)
    {
        RegressionRun run = Run(values);
        return run.Change(scenario => scenario with
        {
            RepetitionsMade = [.. scenario.RepetitionsMade.Select(made => Made(
                made.Direction, made.Downtime!.ValueMs!.Value, "trace",
                new("setup", 5 * resume), new("pass 1", 900), new("pass 2", 20 * resume), new("blackout: device state", 10), new("blackout: resume", resume), new("finish", 40)))],
        });
    }
}
