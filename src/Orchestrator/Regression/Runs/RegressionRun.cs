using System.Text.Json.Serialization;
using Orchestrator.Downtime;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Regression.Runs;

/// <summary>One night: what was measured, where, and what is to be thought of it. Kept as <c>run.json</c> beside its artefacts.</summary>
public sealed record RegressionRun
{
    /// <summary>The version of this document's format.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>What it is called: the time it began and four random digits, <c>20261121T020000Z-3fa9</c>; sorts by time, and names its folder.</summary>
    public required string Id { get; init; }

    /// <summary>The plan's name.</summary>
    public required string Plan { get; init; }

    /// <summary>The plan's description.</summary>
    public string? Description { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended; <see langword="null"/> while it goes on, or when its process died.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>What tells it apart: the plan's labels and the caller's.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Where it was measured.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>The baseline that it was compared with; <see langword="null"/> for none.</summary>
    public BaselineReference? Baseline { get; init; }

    /// <summary>The scenarios, in the plan's order.</summary>
    public IReadOnlyList<ScenarioResult> Scenarios { get; init; } = [];

    /// <summary>What went wrong besides the scenarios: a hook, a setting that was not put back, a guest that is not at home.</summary>
    public IReadOnlyList<RunProblem> Problems { get; init; } = [];

    /// <summary>What a reader should know: a setting that there was no right to change, a baseline of another environment.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What is to be thought of it: the worst of its scenarios and problems.</summary>
    public Verdict Verdict { get; init; } = Verdict.Inconclusive;

    /// <summary>The exit code that says so.</summary>
    public int ExitCode { get; init; }
}

/// <summary>What is to be thought of a measurement, from good to bad as a night's reader acts on it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    /// <summary>Measured, within its limits and no worse than before.</summary>
    [JsonStringEnumMemberName("passed")]
    Passed,

    /// <summary>Measured, but not well enough to tell.</summary>
    [JsonStringEnumMemberName("inconclusive")]
    Inconclusive,

    /// <summary>Could not be measured as planned: the environment is broken, and says nothing about the build.</summary>
    [JsonStringEnumMemberName("environment")]
    Environment,

    /// <summary>Measured, and too long: over a limit, or longer than the baseline.</summary>
    [JsonStringEnumMemberName("regression")]
    Regression,
}

/// <summary>Something that went wrong.</summary>
/// <param name="Code">The exit code that it stands for by itself (1, 3, 4, 5, 6, 7, 130).</param>
/// <param name="Message">What happened, to what, on which host.</param>
/// <param name="Remedy">What to do; <see langword="null"/> when nothing is known.</param>
public sealed record RunProblem(int Code, string Message, string? Remedy = null);

/// <summary>What a run was compared with.</summary>
/// <param name="Name">The baseline's name.</param>
/// <param name="RunId">The run that it is.</param>
/// <param name="Differences">Where that run was another: a fact of its environment or of a scenario with both values, or a scenario that it does not have, in words.</param>
/// <param name="IsNew">Whether this run has become that baseline, since there was none of that name.</param>
public sealed record BaselineReference(string Name, string RunId, IReadOnlyList<string> Differences, bool IsNew = false);

/// <summary>Where a run was measured: facts by name, such as <c>qemu</c>, <c>libvirt</c>, <c>kernel</c>, <c>cpu</c>, <c>server</c>, <c>bios</c>, <c>nic</c>. What is unknown is left out.</summary>
/// <param name="Source">The source's facts.</param>
/// <param name="Destination">The destination's facts.</param>
/// <param name="Tool">This program's version.</param>
public sealed record RunEnvironment(IReadOnlyDictionary<string, string> Source, IReadOnlyDictionary<string, string> Destination, string Tool)
{
    /// <summary>Both hosts' names, the source's first.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];
}

/// <summary>What a scenario came to.</summary>
public sealed record ScenarioResult
{
    /// <summary>The scenario's name.</summary>
    public required string Name { get; init; }

    /// <summary><c>migrate</c>, <c>lifecycle</c> or <c>hot-plug</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>What differs from another scenario, in words: guest, devices, load.</summary>
    public string? Setup { get; init; }

    /// <summary>The policy's name; <see langword="null"/> where nothing migrates.</summary>
    public string? Policy { get; init; }

    /// <summary>How many values were wanted of each measure.</summary>
    public int Repetitions { get; init; }

    /// <summary>The limits that it is judged by.</summary>
    public ScenarioLimits Limits { get; init; } = new();

    /// <summary>How it is compared with a baseline.</summary>
    public ComparisonRule Comparison { get; init; } = new();

    /// <summary>What is measured: one of migrations (<c>downtime</c>), two of the others (<c>start</c> and <c>stop</c>, <c>attach</c> and <c>detach</c>).</summary>
    public IReadOnlyList<MeasureResult> Measures { get; init; } = [];

    /// <summary>All repetitions as they were made, warm-ups included.</summary>
    public IReadOnlyList<Repetition> RepetitionsMade { get; init; } = [];

    /// <summary>What is to be thought of it.</summary>
    public Verdict Verdict { get; init; } = Verdict.Inconclusive;

    /// <summary>Why, in sentences; empty when it passed.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>What went wrong, where it could not be measured as planned.</summary>
    public IReadOnlyList<RunProblem> Problems { get; init; } = [];
}

/// <summary>One measure of a scenario, over its repetitions.</summary>
public sealed record MeasureResult
{
    /// <summary><c>downtime</c>, <c>start</c>, <c>stop</c>, <c>attach</c> or <c>detach</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The values that count, in the order they were measured; the warm-ups' are not among them.</summary>
    public IReadOnlyList<MeasuredValue> Values { get; init; } = [];

    /// <summary>Their statistics; <see langword="null"/> when there are no values.</summary>
    public SampleStatistics? Statistics { get; init; }

    /// <summary>The limits and whether they are kept.</summary>
    public IReadOnlyList<LimitResult> Limits { get; init; } = [];

    /// <summary>The change against the baseline; <see langword="null"/> when it was not compared.</summary>
    public ChangeResult? Change { get; init; }
}

/// <summary>One value.</summary>
/// <param name="Ms">The value in milliseconds.</param>
/// <param name="UncertaintyMs">It lies within this many milliseconds of it; <see langword="null"/> when unknown.</param>
/// <param name="Repetition">The repetition that it comes from: an index of <see cref="ScenarioResult.RepetitionsMade"/>.</param>
public sealed record MeasuredValue(double Ms, double? UncertaintyMs, int Repetition);

/// <summary>What a sample is like. All in milliseconds.</summary>
/// <param name="Count">How many values.</param>
/// <param name="Median">The median.</param>
/// <param name="P95">The 95th percentile.</param>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
/// <param name="Mean">The mean.</param>
/// <param name="MedianLow">The lower end of the median's 95 % bootstrap interval.</param>
/// <param name="MedianHigh">Its upper end.</param>
public sealed record SampleStatistics(int Count, double Median, double P95, double Min, double Max, double Mean, double MedianLow, double MedianHigh);

/// <summary>A limit and what became of it.</summary>
/// <param name="Name"><c>each</c>, <c>median</c>, <c>p95</c> or <c>max</c>.</param>
/// <param name="LimitMs">The limit.</param>
/// <param name="ValueMs">The value that it is about: the largest one for <c>each</c>.</param>
/// <param name="UncertaintyMs">The value's doubt.</param>
/// <param name="Verdict">Passed, inconclusive (the limit lies inside value ± uncertainty) or regression.</param>
public sealed record LimitResult(string Name, double LimitMs, double ValueMs, double? UncertaintyMs, Verdict Verdict);

/// <summary>A change against the baseline.</summary>
public sealed record ChangeResult
{
    /// <summary>The direction that all of this is about, <c>lab-a → lab-b</c>, where one alone became longer; <see langword="null"/> for all values.</summary>
    public string? Direction { get; init; }

    /// <summary>The shift, baseline to now, in milliseconds: the Hodges–Lehmann estimate. Positive is longer.</summary>
    public required double ShiftMs { get; init; }

    /// <summary>The lower end of the shift's interval.</summary>
    public required double LowMs { get; init; }

    /// <summary>Its upper end.</summary>
    public required double HighMs { get; init; }

    /// <summary>The probability that an unchanged system looks so different (Mann–Whitney, one-sided).</summary>
    public required double PValue { get; init; }

    /// <summary>The change that matters, in milliseconds.</summary>
    public required double ThresholdMs { get; init; }

    /// <summary>The baseline's median.</summary>
    public required double BaselineMedianMs { get; init; }

    /// <summary>How many values the baseline has.</summary>
    public required int BaselineCount { get; init; }

    /// <summary>The phase that grew most, and by how much in milliseconds, medians compared; <see langword="null"/> when phases are not known of both.</summary>
    public PhaseChange? Phase { get; init; }

    /// <summary>Passed, inconclusive (the interval contains the threshold) or regression.</summary>
    public required Verdict Verdict { get; init; }
}

/// <summary>How much a phase grew.</summary>
/// <param name="Name">The phase.</param>
/// <param name="ChangeMs">The change of its median, in milliseconds.</param>
public sealed record PhaseChange(string Name, double ChangeMs);

/// <summary>One repetition.</summary>
public sealed record Repetition
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>How long all of it took, in milliseconds.</summary>
    public double TookMs { get; init; }

    /// <summary>Whether it does not count.</summary>
    public bool IsWarmUp { get; init; }

    /// <summary>Whether it brought the guest home without being measured.</summary>
    public bool IsWayHome { get; init; }

    /// <summary>From where to where, <c>lab-a → lab-b</c>; <see langword="null"/> where nothing migrates.</summary>
    public string? Direction { get; init; }

    /// <summary>How it ended: of a migration its outcome, else <c>done</c> or <c>failed</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>The values, by measure, in milliseconds.</summary>
    public IReadOnlyDictionary<string, double> Values { get; init; } = new Dictionary<string, double>();

    /// <summary>The measured downtime with its methods and phases; <see langword="null"/> where nothing migrates.</summary>
    public DowntimeReport? Downtime { get; init; }

    /// <summary>What the policy did, in words.</summary>
    public IReadOnlyList<string> Decisions { get; init; } = [];

    /// <summary>The file of its evidence, relative to the run's folder; <see langword="null"/> for none.</summary>
    public string? Evidence { get; init; }

    /// <summary>What the load came to, in words; <see langword="null"/> without one.</summary>
    public string? Load { get; init; }

    /// <summary>Why it gave no value; <see langword="null"/> when it did.</summary>
    public string? Problem { get; init; }
}
