using System.Globalization;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Statistics;

namespace Orchestrator.Regression.Judging;

/// <summary>Whether limits are kept. Pure.</summary>
internal static class LimitJudge
{
    /// <summary>The limits that are set, and what became of each; none without values.</summary>
    internal static IReadOnlyList<LimitResult> Judge(ScenarioLimits limits, MeasureSample sample) => sample.Values.Count == 0 ? [] :
    [
        .. Judge("each", limits.EachMs, sample, values => values[^1]),
        .. Judge("median", limits.MedianMs, sample, SampleSummary.Median),
        .. Judge("p95", limits.P95Ms, sample, values => SampleSummary.Quantile(values, 0.95)),
        .. Judge("max", limits.MaxMs, sample, values => values[^1]),
    ];

    /// <summary>Why a limit was not kept, in a sentence; <see langword="null"/> when it was.</summary>
    internal static string? Reason(string measure, LimitResult limit)
    {
        string value = limit.Name switch { "each" => "the longest value", "max" => "the maximum", var name => $"the {name}" };
        return (limit.Verdict, limit.UncertaintyMs) switch
        {
            (Verdict.Regression, { } doubt) => Words($"{measure}: {value}, {limit.ValueMs:0.0##} ms (± {doubt:0.0##}), is over the limit of {limit.LimitMs:0.###} ms"),
            (Verdict.Inconclusive, { } doubt) => Words(
                $"{measure}: the limit of {limit.LimitMs:0.###} ms lies within the doubt of {value}, {limit.ValueMs:0.0##} ms (± {doubt:0.0##})"),
            (Verdict.Inconclusive, null) => Words(
                $"{measure}: {value}, {limit.ValueMs:0.0##} ms, cannot be held against the limit of {limit.LimitMs:0.###} ms: how exact the values are is unknown"),
            _ => null,
        };
    }

    /// <summary>
    /// A statistic that never falls when a value rises lies between that of all values less their doubt and that of all values with it. The side of the doubt that is told is
    /// the one on which the limit lies.
    /// </summary>
    private static IEnumerable<LimitResult> Judge(string name, double? limitMs, MeasureSample sample, Func<double[], double> statistic)
    {
        if (limitMs is not { } limit)
        {
            yield break;
        }

        double value = statistic([.. sample.Ms.Order()]);
        if (sample.Values.Any(each => each.UncertaintyMs is null))
        {
            yield return new(name, limit, value, null, Verdict.Inconclusive);
            yield break;
        }

        double doubt = value > limit
            ? value - statistic([.. sample.Values.Select(each => each.Ms - each.UncertaintyMs!.Value).Order()])
            : statistic([.. sample.Values.Select(each => each.Ms + each.UncertaintyMs!.Value).Order()]) - value;
        yield return new(name, limit, value, doubt, value - doubt > limit ? Verdict.Regression : value + doubt <= limit ? Verdict.Passed : Verdict.Inconclusive);
    }

    private static string Words(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
