using Orchestrator.Downtime;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>How long each phase of a scenario's migrations took. Pure.</summary>
internal static class PhaseMedians
{
    /// <summary>The phase that stands for all passes over the guest's memory: how many there are differs from migration to migration.</summary>
    public const string Iterations = "iterations";

    /// <summary>The median of each phase over the repetitions that count, in milliseconds, in the order of the phases.</summary>
    public static IReadOnlyList<(string Phase, double Ms)> Of(ScenarioResult scenario)
    {
        List<IReadOnlyList<MigrationPhase>> calls = [.. scenario.RepetitionsMade.Where(repetition => !repetition.IsWarmUp && !repetition.IsWayHome).Select(repetition => repetition.Downtime?.Phases ?? []).Where(phases => phases.Count > 0)];
        List<string> order = [.. calls.SelectMany(phases => phases).Select(Name).Distinct()];
        return
        [
            .. order.Select(name => (name, Median([.. calls.Select(phases => phases.Where(phase => Name(phase) == name).Select(phase => (double?)phase.DurationMs).DefaultIfEmpty(null).Sum(ms => ms)).OfType<double>()]))),
        ];
    }

    private static string Name(MigrationPhase phase) => phase.Name.StartsWith("pass ", StringComparison.Ordinal) ? Iterations : phase.Name;

    private static double Median(List<double> values)
    {
        values.Sort();
        int middle = values.Count / 2;
        return values.Count == 0 ? double.NaN : values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
