using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>A run under the headings that its reader acts on differently. Pure.</summary>
/// <param name="Headline">What became of the night, in a sentence.</param>
/// <param name="Headings">The headings under which something stands: regression, environment broken, inconclusive, passed.</param>
internal sealed record RunFindings(string Headline, IReadOnlyList<Heading> Headings)
{
    private static readonly Verdict[] InOrder = [Verdict.Regression, Verdict.Environment, Verdict.Inconclusive, Verdict.Passed];

    /// <summary>Sorts a run.</summary>
    public static RunFindings Of(RegressionRun run)
    {
        List<Finding> findings = [.. run.Scenarios.Select((scenario, i) => new Finding(scenario.Verdict, scenario.Name, i, ReasonsOf(scenario)))];
        if (OfTheRun(run) is { Count: > 0 } problems)
        {
            findings.Add(new(Verdict.Environment, null, null, problems));
        }

        // Nobody knows why: it has to be seen all the same.
        if (!findings.Any(finding => finding.Verdict == run.Verdict))
        {
            findings.Add(new(run.Verdict, null, null, run.Scenarios.Count == 0 ? ["nothing was measured"] : ["no scenario says why"]));
        }

        List<Heading> headings =
            [.. InOrder.Select(verdict => new Heading(verdict, [.. findings.Where(finding => finding.Verdict == verdict)])).Where(heading => heading.Findings.Count > 0)];
        return new(HeadlineOf(run, headings), headings);
    }

    /// <summary>How many scenarios came to a verdict.</summary>
    public int Count(Verdict verdict) => Headings.FirstOrDefault(heading => heading.Verdict == verdict)?.Findings.Count ?? 0;

    /// <summary>What is to be thought of one measure of a scenario.</summary>
    public static Verdict VerdictOf(ScenarioResult scenario, MeasureResult measure)
    {
        Verdict own = Own(measure);
        return own == Verdict.Regression || own == scenario.Verdict ? own
            : scenario.Verdict == Verdict.Environment ? Verdict.Environment
            : scenario.Measures.Any(other => Own(other) == scenario.Verdict) ? own // another measure is the reason
            : scenario.Verdict;
    }

    /// <summary>A change in words: by how much, against what, and in which phase.</summary>
    public static string Words(ChangeResult change) =>
        $"{ReportText.Signed(change.ShiftMs)} ms (95 % between {ReportText.Signed(change.LowMs)} and {ReportText.Signed(change.HighMs)}) against a baseline of {ReportText.Number(change.BaselineMedianMs)} ms"
        + (change.Phase is { } phase ? $"; mostly in {phase.Name}: {ReportText.Signed(phase.ChangeMs)} ms" : "");

    private static Verdict Own(MeasureResult measure) =>
        measure.Limits.Select(limit => limit.Verdict).Append(measure.Change?.Verdict ?? Verdict.Passed).Max();

    private static List<string> ReasonsOf(ScenarioResult scenario) =>
        [.. scenario.Reasons.Concat(scenario.Problems.Select(Words)).Distinct().Where(reason => !scenario.Problems.Any(problem => problem.Remedy is not null && problem.Message == reason))];

    private static List<string> OfTheRun(RegressionRun run)
    {
        List<string> problems = [.. run.Problems.Select(Words)];
        if (run.Ended is null)
        {
            problems.Add("the run has not ended: its process died, or still works on it");
        }

        return problems;
    }

    private static string Words(RunProblem problem) => problem.Remedy is { } remedy ? $"{problem.Message.TrimEnd('.')}. {remedy}" : problem.Message;

    private static string HeadlineOf(RegressionRun run, List<Heading> headings)
    {
        List<Finding> worst = [.. headings.Where(heading => heading.Verdict == run.Verdict).SelectMany(heading => heading.Findings)];
        if (run.Verdict == Verdict.Passed)
        {
            string against = run.Baseline is { IsNew: false } baseline ? $", and no worse than the baseline {baseline.Name}" : "";
            return $"{ReportText.Several(run.Scenarios.Count, "scenario")} within their limits{against}";
        }

        Finding first = worst[0];
        string what = first.Index is { } index && run.Verdict == Verdict.Regression && Amount(run.Scenarios[index]) is { } amount ? amount : first.Reasons is [var reason, ..] ? reason.TrimEnd('.') : "no reason is given";
        string more = worst.Count > 1 ? $"; and {ReportText.Count(worst.Count - 1)} more" : "";
        return (first.Scenario is { } name ? $"{name}: {what}" : what) + more;
    }

    private static string? Amount(ScenarioResult scenario)
    {
        foreach (MeasureResult measure in scenario.Measures)
        {
            if (measure.Change is { Verdict: Verdict.Regression } change)
            {
                return $"{measure.Name}{(change.Direction is { } direction ? $" {direction}" : "")} {Words(change)}";
            }
        }

        foreach (MeasureResult measure in scenario.Measures)
        {
            if (measure.Limits.FirstOrDefault(limit => limit.Verdict == Verdict.Regression) is { } limit)
            {
                return $"{measure.Name}: {WordOf(limit)} is {ReportText.WithDoubt(limit.ValueMs, limit.UncertaintyMs)}, over its limit of {ReportText.Limit(limit.LimitMs)} ms";
            }
        }

        return null;
    }

    /// <summary>What a limit is about: <c>the median</c>.</summary>
    public static string WordOf(LimitResult limit) => limit.Name switch
    {
        "each" => "the largest value",
        "max" => "the maximum",
        "p95" => "the 95th percentile",
        var name => $"the {name}",
    };
}

/// <summary>What stands under one heading.</summary>
/// <param name="Verdict">The heading.</param>
/// <param name="Findings">What stands there, in the plan's order; the run's own problems last.</param>
internal sealed record Heading(Verdict Verdict, IReadOnlyList<Finding> Findings);

/// <summary>One line under a heading.</summary>
/// <param name="Verdict">The heading.</param>
/// <param name="Scenario">The scenario; <see langword="null"/> for the run as a whole.</param>
/// <param name="Index">Its index among the run's scenarios.</param>
/// <param name="Reasons">Why, in sentences.</param>
internal sealed record Finding(Verdict Verdict, string? Scenario, int? Index, IReadOnlyList<string> Reasons);
