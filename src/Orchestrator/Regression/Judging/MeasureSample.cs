using Orchestrator.Downtime;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Statistics;

namespace Orchestrator.Regression.Judging;

/// <summary>A value with the repetition that it comes from.</summary>
/// <param name="Ms">The value in milliseconds.</param>
/// <param name="UncertaintyMs">Its doubt; <see langword="null"/> when unknown.</param>
/// <param name="Repetition">The repetition; <see langword="null"/> when the run does not have it.</param>
internal sealed record SampleValue(double Ms, double? UncertaintyMs, Repetition? Repetition)
{
    /// <summary>
    /// Whether its doubt is that of the ways to the hosts: with the guest going the other way it is the same, with the other sign. What is known by cause and effect is not: source and
    /// destination change their parts with the guest.
    /// </summary>
    internal bool IsOfClocks => Repetition is { Direction: not null, Downtime: { Method: "trace" or "qmp" or "observer", ClockDifference: null or { LowBy: null or ClockDifference.Deliveries, HighBy: null or ClockDifference.Deliveries } } };
}

/// <summary>The values of one measure of a scenario.</summary>
internal sealed record MeasureSample(IReadOnlyList<SampleValue> Values)
{
    internal static MeasureSample Of(ScenarioResult scenario, MeasureResult measure) => new(
        [.. measure.Values.Select(value => new SampleValue(value.Ms, value.UncertaintyMs, scenario.RepetitionsMade.ElementAtOrDefault(value.Repetition)))]);

    /// <summary>The values alone, in milliseconds.</summary>
    internal double[] Ms => [.. Values.Select(value => value.Ms)];

    /// <summary>The directions that guests went.</summary>
    internal IEnumerable<string> Directions => Values.Select(value => value.Repetition?.Direction).OfType<string>().Distinct();

    /// <summary>
    /// The values at one end of their doubt; <see langword="null"/> when the doubt of one is unknown. Each is moved by its own: one that is exact says more than one that is not.
    /// Where the guest went forth and back in turn, the clocks' error is in half of the values with one sign, in half with the other: what is left is that of an odd value.
    /// </summary>
    /// <param name="sign">-1 for the least that they can be, 1 for the most.</param>
    internal double[]? End(int sign)
    {
        double[] doubts = [.. Values.Select(value => value.UncertaintyMs).OfType<double>()];
        if (doubts.Length < Values.Count || doubts.Length == 0)
        {
            return null;
        }

        int[] directions = [.. Values.CountBy(value => value.Repetition?.Direction ?? "").Select(direction => direction.Value)];
        bool cancels = directions.Length == 2 && Math.Abs(directions[0] - directions[1]) <= 1 && Values.All(value => value.IsOfClocks);
        return cancels ? [.. Ms.Select(ms => ms + (sign * SampleSummary.Median(doubts) * Math.Abs(directions[0] - directions[1]) / Values.Count))]
            : [.. Ms.Zip(doubts, (ms, doubt) => ms + (sign * doubt))];
    }

    internal MeasureSample InDirection(string direction) => new([.. Values.Where(value => value.Repetition?.Direction == direction)]);
}
