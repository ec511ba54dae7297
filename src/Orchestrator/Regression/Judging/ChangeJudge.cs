using System.Globalization;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Statistics;

namespace Orchestrator.Regression.Judging;

/// <summary>Whether values became longer than a baseline's. Pure; the why of it is in <c>docs/regression-statistics.md</c>.</summary>
internal static class ChangeJudge
{
    /// <summary>Compares all values, and where those do not show a regression, those of each direction: one host alone may have become slow.</summary>
    /// <param name="before">The baseline's values; not empty.</param>
    /// <param name="now">The values; not empty.</param>
    /// <param name="rule">What counts as a change.</param>
    internal static ChangeResult Judge(MeasureSample before, MeasureSample now, ComparisonRule rule)
    {
        ChangeResult all = Compare(before, now, rule);
        if (all.Verdict == Verdict.Regression)
        {
            return all;
        }

        string[] directions = [.. now.Directions.Intersect(before.Directions)];
        return directions.Length < 2 ? all : directions
            .Select(direction => Compare(before.InDirection(direction), now.InDirection(direction), rule) with { Direction = direction })
            .Where(change => change.Verdict == Verdict.Regression)
            .MaxBy(change => change.ShiftMs) ?? all;
    }

    /// <summary>Why a change did not pass, in a sentence; <see langword="null"/> when it did.</summary>
    internal static string? Reason(string measure, ChangeResult change, MeasureSample before, MeasureSample now, ComparisonRule rule)
    {
        string what = change.Direction is { } direction ? $"{measure} {direction}" : measure;
        double smallest = MannWhitney.SmallestPValue(before.Values.Count, now.Values.Count);
        return change.Verdict switch
        {
            Verdict.Regression => Words($"{what}: longer than the baseline by {change.ShiftMs:0.0} ms (between {change.LowMs:0.0} and {change.HighMs:0.0}, p {change.PValue:0.####}), where {change.ThresholdMs:0.#} ms matter")
                + (change.Phase is { } phase ? Words($"; the phase that grew most is '{phase.Name}', by {phase.ChangeMs:0.0} ms") : ""),
            Verdict.Inconclusive when smallest > rule.Significance => Words(
                $"{what}: {now.Values.Count} values against {before.Values.Count} cannot show a change with a significance of {rule.Significance}: it takes {MannWhitney.SizeFor(rule.Significance)} of each"),
            Verdict.Inconclusive when before.End(1) is null || now.End(1) is null => Words(
                $"{what}: the change against the baseline is {change.ShiftMs:0.0} ms, but how exact the values are is unknown"),
            Verdict.Inconclusive => Words(
                $"{what}: the change against the baseline lies between {change.LowMs:0.0} and {change.HighMs:0.0} ms, and {change.ThresholdMs:0.#} ms matter: more repetitions or better clocks would tell"),
            _ => null,
        };
    }

    private static ChangeResult Compare(MeasureSample before, MeasureSample now, ComparisonRule rule)
    {
        double[] then = before.Ms;
        double median = SampleSummary.Median(then);
        double threshold = Math.Max(rule.MinimumMs, rule.MinimumPercent / 100 * median);
        Shift shift = HodgesLehmann.Of(then, now.Ms, rule.Significance);
        double p = MannWhitney.PValue(then, now.Ms);

        // The same errors of the clocks are in all values of a night, so that no number of values makes them smaller. Whatever they are, the true shift's interval lies between these ends.
        bool isKnown = before.End(1) is not null && now.End(1) is not null;
        double low = isKnown ? HodgesLehmann.Of(before.End(1)!, now.End(-1)!, rule.Significance).Low : shift.Low;
        double high = isKnown ? HodgesLehmann.Of(before.End(-1)!, now.End(1)!, rule.Significance).High : shift.High;
        return new()
        {
            ShiftMs = Rounded(shift.Estimate),
            LowMs = Rounded(low),
            HighMs = Rounded(high),
            PValue = p,
            ThresholdMs = Rounded(threshold),
            BaselineMedianMs = Rounded(median),
            BaselineCount = then.Length,
            Phase = PhaseGrowth.Of(before, now),
            Verdict = !shift.IsBounded || !isKnown ? Verdict.Inconclusive
                : low > threshold && p <= rule.Significance ? Verdict.Regression
                : high <= threshold ? Verdict.Passed
                : Verdict.Inconclusive,
        };
    }

    private static double Rounded(double ms) => Math.Round(ms, 3);

    private static string Words(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
