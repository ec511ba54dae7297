using Orchestrator.Downtime;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Statistics;

namespace Orchestrator.Regression.Judging;

/// <summary>Which part of the blackout became longer. Pure.</summary>
internal static class PhaseGrowth
{
    // A blackout's phases; the rest of the call is no downtime, and its length is the network's and the load's.
    private const string Blackout = "blackout: ";

    /// <summary>
    /// The phase whose median grew most; <see langword="null"/> when none grew, or none is known of both samples. Medians are taken of each direction and then averaged: an
    /// error of the clocks moves a cut between two phases one way when the guest goes forth, and the other way when it goes back.
    /// </summary>
    internal static PhaseChange? Of(MeasureSample before, MeasureSample now)
    {
        Dictionary<string, double> then = Medians(before);
        return Medians(now)
            .Where(phase => then.ContainsKey(phase.Key))
            .Select(phase => new PhaseChange(phase.Key, Math.Round(phase.Value - then[phase.Key], 3)))
            .Where(phase => phase.ChangeMs > 0)
            .MaxBy(phase => phase.ChangeMs);
    }

    private static Dictionary<string, double> Medians(MeasureSample sample) => sample.Values
        .GroupBy(value => value.Repetition?.Direction)
        .SelectMany(direction => direction
            .SelectMany(value => value.Repetition?.Downtime?.Phases ?? [])
            .Where(phase => phase.Name.StartsWith(Blackout, StringComparison.Ordinal))
            .GroupBy(phase => phase.Name, phase => phase.DurationMs)
            .Select(phase => new MigrationPhase(phase.Key, SampleSummary.Median(phase))))
        .GroupBy(phase => phase.Name, phase => phase.DurationMs)
        .ToDictionary(phase => phase.Key, phase => phase.Average());
}
