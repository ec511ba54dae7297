using System.Globalization;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Running;

/// <summary>What is known of a scenario so far.</summary>
internal sealed class ScenarioLog(Scenario scenario, string? setup)
{
    private readonly Dictionary<string, List<MeasuredValue>> _values = MeasuresOf(scenario.Kind).ToDictionary(name => name, _ => new List<MeasuredValue>());

    internal List<Repetition> Repetitions { get; } = [];

    internal List<RunProblem> Problems { get; } = [];

    /// <summary>Keeps a repetition, with the doubt of its values.</summary>
    internal void Add(Repetition made, IReadOnlyDictionary<string, double?> doubts)
    {
        if (!made.IsWarmUp && !made.IsWayHome)
        {
            foreach ((string measure, double ms) in made.Values)
            {
                _values[measure].Add(new(ms, doubts.GetValueOrDefault(measure), Repetitions.Count));
            }
        }

        Repetitions.Add(made);
    }

    internal ScenarioResult Result() => new()
    {
        Name = scenario.Name,
        Kind = RegressionPlanDocument.WordOf(scenario.Kind),
        Setup = setup,
        Policy = scenario.Kind == ScenarioKind.Migrate ? scenario.Policy.Name : null,
        Repetitions = scenario.Repetitions,
        Measures = [.. _values.Select(pair => new MeasureResult { Name = pair.Key, Values = [.. pair.Value] })],
        RepetitionsMade = [.. Repetitions],
        Problems = [.. Problems],
    };

    /// <summary>The name of a repetition's evidence, relative to the run's folder.</summary>
    internal string EvidenceName => string.Create(CultureInfo.InvariantCulture, $"evidence/{scenario.Name}-{Repetitions.Count + 1:00}.json");

    /// <summary>The name of what its load prints, likewise.</summary>
    internal string LoadOutputName => string.Create(CultureInfo.InvariantCulture, $"loads/{scenario.Name}-{Repetitions.Count + 1:00}.log");

    internal static IReadOnlyList<string> MeasuresOf(ScenarioKind kind) => kind switch
    {
        ScenarioKind.Migrate => ["downtime"],
        ScenarioKind.Lifecycle => ["start", "stop"],
        _ => ["attach", "detach"],
    };

    /// <summary>What differs from another scenario, in words.</summary>
    internal static string SetupOf(Scenario scenario, PlannedGuest guest)
    {
        string kind = guest switch
        {
            { Lab: { } lab } => string.Create(CultureInfo.InvariantCulture, $"guest of the lab, {lab.Vcpus} vCPU, {lab.MemoryMiB} MiB{(lab.DirtyMiBPerSecond > 0 ? $", dirties {lab.DirtyMiBPerSecond} MiB/s" : "")}"),
            { Xml: { } xml } => $"guest of {Path.GetFileName(xml)}",
            _ => $"domain {guest.Domain}",
        };
        string devices = scenario.Devices.Count == 0 ? "" : $"; devices {string.Join(", ", scenario.Devices.Select(Path.GetFileName))}";
        string load = scenario.Load is null ? "" : $"; load {string.Join(' ', scenario.Load.Command)}";
        return $"{kind}{devices}{load}{(scenario.Kind == ScenarioKind.Migrate ? $"; mode {scenario.Mode.ToString().ToLowerInvariant()}" : "")}";
    }
}
