using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Judging;

/// <summary>Where a run and its baseline are unlike. Pure.</summary>
internal static class EnvironmentDifferences
{
    /// <summary>Each difference in words, the baseline's value first. A fact that one of them does not know is told, too: it may be another.</summary>
    internal static IReadOnlyList<string> Between(RegressionRun baseline, RegressionRun measured) =>
    [
        .. Facts("source", baseline.Environment.Source, measured.Environment.Source),
        .. Facts("destination", baseline.Environment.Destination, measured.Environment.Destination),
        .. Fact("tool", baseline.Environment.Tool, measured.Environment.Tool),
        .. measured.Scenarios.SelectMany(scenario => Scenario(baseline.Scenarios.FirstOrDefault(other => other.Name == scenario.Name), scenario)),
        .. baseline.Scenarios.Where(scenario => measured.Scenarios.All(other => other.Name != scenario.Name)).Select(scenario => $"{scenario.Name}: only the baseline has this scenario"),
    ];

    private static IEnumerable<string> Scenario(ScenarioResult? baseline, ScenarioResult measured) => baseline is null
        ? [$"{measured.Name}: the baseline does not have this scenario; it was not compared"]
        :
        [
            .. Fact($"{measured.Name}: setup", baseline.Setup, measured.Setup),
            .. Fact($"{measured.Name}: policy", baseline.Policy, measured.Policy),
            .. measured.Measures
                .Where(measure => measure.Values.Count > 0 && !baseline.Measures.Any(other => other.Name == measure.Name && other.Values.Count > 0))
                .Select(measure => $"{measured.Name}: the baseline has no values of {measure.Name}; they were not compared"),
        ];

    private static IEnumerable<string> Facts(string host, IReadOnlyDictionary<string, string> baseline, IReadOnlyDictionary<string, string> measured) =>
        baseline.Keys.Union(measured.Keys).Order(StringComparer.Ordinal).SelectMany(name => Fact($"{host}: {name}", baseline.GetValueOrDefault(name), measured.GetValueOrDefault(name)));

    private static IEnumerable<string> Fact(string name, string? baseline, string? measured) =>
        baseline == measured ? [] : [$"{name}: {baseline ?? "unknown"}, now {measured ?? "unknown"}"];
}
