using System.Globalization;
using System.Text.Json;
using Orchestrator.Migration;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Statistics;

namespace Orchestrator.Regression.Judging;

/// <summary>What is to be thought of a run: its limits, its change against a baseline, and the exit code that says so. Pure; see <c>docs/regression-statistics.md</c>.</summary>
public static class RunJudge
{
    /// <summary>Judges a run by the rules of its plan. A scenario of the plan that was not begun is added, as one that has no values.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="measured">What was measured.</param>
    /// <param name="baseline">What it is compared with, by the name in <see cref="RegressionRun.Baseline"/>; <see langword="null"/> for nothing.</param>
    public static RegressionRun Judge(RegressionPlan plan, RegressionRun measured, RegressionRun? baseline)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(measured);
        IEnumerable<ScenarioResult> others = measured.Scenarios.Where(scenario => plan.Scenarios.All(planned => planned.Name != scenario.Name));
        return Judge(measured with { Scenarios = [.. plan.Scenarios.Select(scenario => WithRules(scenario, plan, measured)), .. others] }, baseline);
    }

    /// <summary>Judges a run by the rules that it was judged by before, such as against another baseline.</summary>
    /// <param name="measured">The run, with its rules.</param>
    /// <param name="baseline">What it is compared with; <see langword="null"/> for nothing.</param>
    public static RegressionRun Judge(RegressionRun measured, RegressionRun? baseline)
    {
        ArgumentNullException.ThrowIfNull(measured);
        bool interrupted = measured.Problems.Count > 0;
        ScenarioJudgement[] scenarios = [.. measured.Scenarios.Select(scenario => Judge(scenario, baseline?.Scenarios.FirstOrDefault(other => other.Name == scenario.Name), interrupted))];
        return measured with
        {
            Scenarios = [.. scenarios.Select(scenario => scenario.Result)],
            Baseline = baseline is not null
                ? new(measured.Baseline?.Name ?? baseline.Id, baseline.Id, EnvironmentDifferences.Between(baseline, measured))
                : measured.Baseline is { IsNew: true } isNew ? isNew : null,
            Verdict = scenarios.Select(scenario => scenario.Result.Verdict).Append(interrupted ? Verdict.Environment : Verdict.Passed).Max(),
            ExitCode = OutcomeCode.Worst(scenarios.SelectMany(scenario => scenario.Codes).Concat(measured.Problems.Select(problem => problem.Code))),
        };
    }

    /// <summary>What is to be thought of a run whose process is gone before its end: the environment broke it, whatever it has measured.</summary>
    /// <param name="run">The run.</param>
    /// <param name="how">What became of it, in words.</param>
    public static RegressionRun Abandoned(RegressionRun run, string how)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Judge(run with { Problems = [.. run.Problems, new(OutcomeCode.Failed, $"The run did not come to its end: {how}.", "orchestrator recover puts its hosts in order and closes it.")] }, null);
    }

    private static ScenarioResult WithRules(Scenario scenario, RegressionPlan plan, RegressionRun measured)
    {
        ScenarioResult result = measured.Scenarios.FirstOrDefault(other => other.Name == scenario.Name)
            ?? new() { Name = scenario.Name, Kind = JsonNamingPolicy.KebabCaseLower.ConvertName($"{scenario.Kind}"), Repetitions = scenario.Repetitions };
        return result with { Limits = scenario.Limits, Comparison = scenario.Comparison ?? plan.Comparison };
    }

    private static ScenarioJudgement Judge(ScenarioResult scenario, ScenarioResult? baseline, bool interrupted)
    {
        MeasureJudgement[] measures = [.. scenario.Measures.Select(measure => Judge(scenario, measure, baseline))];
        RunProblem[] problems = [.. scenario.Problems, .. Failures(scenario)];
        string[] missing = [.. Missing(scenario)];
        Verdict verdict = measures.SelectMany(measure => measure.Verdicts)
            .Append(problems.Length > 0 ? Verdict.Environment : Verdict.Passed)
            .Append(missing.Length > 0 ? Verdict.Inconclusive : Verdict.Passed)
            .Max();
        ScenarioResult result = scenario with
        {
            Measures = [.. measures.Select(measure => measure.Result)],
            Verdict = verdict,
            Reasons = [.. measures.SelectMany(measure => measure.Reasons), .. problems.Select(problem => problem.Message).Distinct(), .. missing],
        };

        // Values that are missing because something went wrong have that one's code.
        IEnumerable<int> codes =
        [
            .. measures.SelectMany(measure => measure.Verdicts).Select(CodeOf),
            .. problems.Select(problem => problem.Code),
            .. missing.Length > 0 && problems.Length == 0 && !interrupted ? [OutcomeCode.Inconclusive] : Array.Empty<int>(),
        ];
        return new(result, [.. codes]);
    }

    private static MeasureJudgement Judge(ScenarioResult scenario, MeasureResult measure, ScenarioResult? baseline)
    {
        MeasureSample now = MeasureSample.Of(scenario, measure);
        MeasureSample? before = baseline?.Measures.FirstOrDefault(other => other.Name == measure.Name) is { Values.Count: > 0 } other ? MeasureSample.Of(baseline, other) : null;
        IReadOnlyList<LimitResult> limits = LimitJudge.Judge(scenario.Limits, now);
        ChangeResult? change = before is not null && now.Values.Count > 0 ? ChangeJudge.Judge(before, now, scenario.Comparison) : null;
        MeasureResult result = measure with { Statistics = SampleSummary.Of(now.Ms), Limits = limits, Change = change };
        IEnumerable<string?> reasons =
        [
            .. limits.Select(limit => LimitJudge.Reason(measure.Name, limit)),
            change is null ? null : ChangeJudge.Reason(measure.Name, change, before!, now, scenario.Comparison),
        ];
        return new(result, [.. limits.Select(limit => limit.Verdict), .. change is null ? [] : new[] { change.Verdict }], [.. reasons.OfType<string>()]);
    }

    /// <summary>Repetitions that did not end as they should and that no problem of the scenario stands for.</summary>
    private static IEnumerable<RunProblem> Failures(ScenarioResult scenario) => scenario.Problems.Count > 0 ? [] : scenario.RepetitionsMade
        .Select((repetition, index) => (repetition, index))
        .Where(made => made.repetition.Outcome is not ("completed" or "done"))
        .Select(made => new RunProblem(
            CodeOf(made.repetition.Outcome),
            string.Create(CultureInfo.InvariantCulture, $"repetition {made.index + 1} {made.repetition.Outcome}{(made.repetition.Problem is { } problem ? $": {problem}" : "")}")));

    private static IEnumerable<string> Missing(ScenarioResult scenario)
    {
        if (scenario.Measures.Count == 0)
        {
            yield return "nothing was measured";
        }

        foreach (MeasureResult measure in scenario.Measures.Where(measure => measure.Values.Count < Math.Max(scenario.Repetitions, 1)))
        {
            string? why = scenario.RepetitionsMade.FirstOrDefault(made => made is { IsWarmUp: false, IsWayHome: false, Problem: not null } && !made.Values.ContainsKey(measure.Name))?.Problem;
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{measure.Name}: {measure.Values.Count} of {scenario.Repetitions} values{(why is null ? "" : $"; the first that is missing: {why}")}");
        }
    }

    private static int CodeOf(Verdict verdict) => verdict switch { Verdict.Regression => OutcomeCode.Regression, Verdict.Inconclusive => OutcomeCode.Inconclusive, _ => OutcomeCode.Done };

    private static int CodeOf(string outcome) => Enum.GetValues<MigrationOutcome>().Where(known => ErrorDocument.CodeOf(known) == outcome).Select(OutcomeCode.Of).FirstOrDefault(OutcomeCode.Failed);

    private sealed record ScenarioJudgement(ScenarioResult Result, IReadOnlyList<int> Codes);

    private sealed record MeasureJudgement(MeasureResult Result, IReadOnlyList<Verdict> Verdicts, IReadOnlyList<string> Reasons);
}
