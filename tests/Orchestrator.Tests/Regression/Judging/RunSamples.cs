using Orchestrator.Downtime;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Tests.Regression.Judging;

/// <summary>Runs as the runner makes them, with the values that a test names.</summary>
internal static class RunSamples
{
    internal const string Forth = "lab-a → lab-b";
    internal const string Back = "lab-b → lab-a";

    internal static readonly DateTimeOffset Start = new(2026, 11, 21, 2, 0, 0, TimeSpan.Zero);

    internal static RegressionPlan Plan(ScenarioLimits? limits = null, ComparisonRule? comparison = null, int repetitions = 5) => new()
    {
        Name = "nightly",
        Guests = new Dictionary<string, PlannedGuest> { ["small"] = new() { Domain = "small" } },
        Scenarios = [new() { Name = "vdpa", Guest = "small", Repetitions = repetitions, Limits = limits ?? new() }],
        Comparison = comparison ?? new(),
    };

    /// <summary>A run of one scenario whose guest went forth and back in turn.</summary>
    internal static RegressionRun Run(params double[] values) => Run(values, 0.2);

    internal static RegressionRun Run(double[] values, double? uncertainty, bool wayBack = true, string id = "20261121T020000Z-3fa9") => Run(
        [.. values.Select((ms, index) => new MeasuredValue(ms, uncertainty, index))],
        [.. values.Select((ms, index) => Made(index % 2 == 0 || !wayBack ? Forth : Back, ms))], values.Length, id);

    internal static RegressionRun Run(IReadOnlyList<MeasuredValue> values, IReadOnlyList<Repetition> made, int wanted, string id = "20261121T020000Z-3fa9") => new()
    {
        Id = id,
        Plan = "nightly",
        Started = Start,
        Ended = Start.AddMinutes(5),
        Environment = new(new Dictionary<string, string> { ["kernel"] = "6.6.0", ["qemu"] = "8.2.0" }, new Dictionary<string, string> { ["kernel"] = "6.6.0" }, "0.1.0") { Hosts = ["lab-a", "lab-b"] },
        Scenarios =
        [
            new()
            {
                Name = "vdpa", Kind = "migrate", Policy = "adaptive", Repetitions = wanted, RepetitionsMade = made,
                Measures = [new() { Name = "downtime", Values = values }],
            },
        ],
    };

    internal static Repetition Made(string? direction, double ms, string method = "trace", params MigrationPhase[] phases) => new()
    {
        Started = Start,
        Direction = direction,
        Outcome = "completed",
        Values = new Dictionary<string, double> { ["downtime"] = ms },
        Downtime = new()
        {
            ValueMs = ms,
            Method = method,
            Sources = new(new(), new(), new(), new(), new()),
            Phases = phases,
        },
    };

    internal static RegressionRun Change(this RegressionRun run, Func<ScenarioResult, ScenarioResult> change) => run with { Scenarios = [.. run.Scenarios.Select(change)] };

    internal static MeasureResult Downtime(this RegressionRun run) => run.Scenarios.Single().Measures.Single();
}
