using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Acceptance;

/// <summary>What became of a case.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CaseVerdict>))]
public enum CaseVerdict
{
    /// <summary>Every check held, and there was at least one.</summary>
    [JsonStringEnumMemberName("pass")]
    Pass,

    /// <summary>A check did not hold, a step failed, or something was left behind.</summary>
    [JsonStringEnumMemberName("fail")]
    Fail,

    /// <summary>It cannot be told.</summary>
    [JsonStringEnumMemberName("inconclusive")]
    Inconclusive,

    /// <summary>These hosts cannot do what it is about.</summary>
    [JsonStringEnumMemberName("not_applicable")]
    NotApplicable,
}

/// <summary>A run of an acceptance plan.</summary>
public sealed record AcceptanceRun
{
    /// <summary>The format of this record.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>What it is called.</summary>
    public required string Id { get; init; }

    /// <summary>The plan's name.</summary>
    public required string Plan { get; init; }

    /// <summary>What the plan is for.</summary>
    public string? Description { get; init; }

    /// <summary>The plan's words for the Chinese report.</summary>
    public AcceptanceTexts Texts { get; init; } = new();

    /// <summary>The ids of the cases that were chosen, as the caller named them; empty for all of the plan's.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>When it began, in the local time of the machine that ran it.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended; <see langword="null"/> while it goes on.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Where it was run.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>The guest's shape, in words: <c>4 vCPUs, 8192 MiB</c>.</summary>
    public string? Guest { get; init; }

    /// <summary>The cases, in the plan's order.</summary>
    public IReadOnlyList<CaseResult> Cases { get; init; } = [];

    /// <summary>The exit code: the worst of the cases'; of a run that nobody cancelled and in which no case passed, inconclusive.</summary>
    public int ExitCode
    {
        get
        {
            int worst = OutcomeCode.Worst([.. Cases.Select(result => result.Code)]);
            return worst == OutcomeCode.Done && Count(CaseVerdict.Pass) == 0 ? OutcomeCode.Inconclusive : worst;
        }
    }

    /// <summary>How many cases came to a verdict.</summary>
    /// <param name="verdict">The verdict.</param>
    public int Count(CaseVerdict verdict) => Cases.Count(result => result.Verdict == verdict);

    /// <summary>Writes it as JSON; ends with a line break.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, AcceptanceJson.Readable.AcceptanceRun) + "\n";

    /// <summary>Reads one.</summary>
    /// <param name="json">Its JSON.</param>
    /// <exception cref="InvalidDataException">It is no run of a format that this version reads.</exception>
    public static AcceptanceRun Parse(string json)
    {
        try
        {
            AcceptanceRun run = JsonSerializer.Deserialize(json, AcceptanceJson.Default.AcceptanceRun) ?? throw new InvalidDataException("this is no run of an acceptance plan");
            return run.FormatVersion == 1 ? run : throw new InvalidDataException(FormattableString.Invariant($"this run has format_version {run.FormatVersion}; this version reads 1"));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"this is no run of an acceptance plan: {e.Message}", e);
        }
    }
}

/// <summary>What became of a case.</summary>
public sealed record CaseResult
{
    /// <summary>Its id in the plan.</summary>
    public required string Id { get; init; }

    /// <summary>The case's own id.</summary>
    public required string Case { get; init; }

    /// <summary>What it is about.</summary>
    public required CaseGroup Group { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its name in Chinese.</summary>
    public required string ChineseName { get; init; }

    /// <summary>What it covers.</summary>
    public required string Covers { get; init; }

    /// <summary>How bad its failure is.</summary>
    public required CaseSeverity Severity { get; init; }

    /// <summary>What has to be there.</summary>
    public IReadOnlyList<string> Preconditions { get; init; } = [];

    /// <summary>What the plan gave it, in words.</summary>
    public string Setup { get; init; } = "";

    /// <summary>The kind of its guest's devices; <see langword="null"/> where it has none.</summary>
    public CaseDeviceKind? Kind { get; init; }

    /// <summary>How many of them there are.</summary>
    public int Devices { get; init; }

    /// <summary>How often it does what it does.</summary>
    public int Repetitions { get; init; } = 1;

    /// <summary>What no downtime of it may exceed, in milliseconds; <see langword="null"/> for any.</summary>
    public double? LimitMs { get; init; }

    /// <summary>The program that its guest runs during migrations; <see langword="null"/> for none.</summary>
    public string? Load { get; init; }

    /// <summary>What was done, in order.</summary>
    public IReadOnlyList<string> Steps { get; init; } = [];

    /// <summary>What was looked at on the hosts.</summary>
    public IReadOnlyList<CaseCheck> Checks { get; init; } = [];

    /// <summary>The downtimes of its migrations.</summary>
    public IReadOnlyList<CaseDowntime> Downtimes { get; init; } = [];

    /// <summary>What became of it.</summary>
    public required CaseVerdict Verdict { get; init; }

    /// <summary>Why; <see langword="null"/> when it passed.</summary>
    public string? Reason { get; init; }

    /// <summary>The exit code that it stands for by itself.</summary>
    public required int Code { get; init; }

    /// <summary>Whether the run was cancelled before it did anything.</summary>
    public bool NotRun => Code == OutcomeCode.Cancelled && Steps.Count == 0;

    /// <summary>What it made and could not remove, in words.</summary>
    public IReadOnlyList<string> LeftBehind { get; init; } = [];

    /// <summary>How long it took, in milliseconds.</summary>
    public double TookMs { get; init; }
}

/// <summary>Something that was looked at.</summary>
/// <param name="What">What has to be so.</param>
/// <param name="Result">Whether it is.</param>
/// <param name="Observed">What was seen, on which host.</param>
public sealed record CaseCheck(string What, CheckResult Result, string Observed)
{
    /// <summary>The exit code that its failure stands for.</summary>
    internal int Code { get; init; } = OutcomeCode.Failed;
}

/// <summary>The downtime of one migration.</summary>
/// <param name="Direction">From where to where.</param>
/// <param name="ValueMs">The downtime; <see langword="null"/> when it could not be measured.</param>
/// <param name="UncertaintyMs">Its doubt; <see langword="null"/> when unknown.</param>
/// <param name="Method">How it was measured.</param>
/// <param name="LimitMs">What it may not exceed; <see langword="null"/> for any.</param>
/// <param name="Problem">Why it could not be measured.</param>
public sealed record CaseDowntime(string Direction, double? ValueMs, double? UncertaintyMs, string? Method, double? LimitMs, string? Problem);

/// <summary>The JSON of acceptance runs: snake_case, generated at build time (no reflection).</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(AcceptanceRun))]
internal sealed partial class AcceptanceJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: Chinese stays readable.</summary>
    internal static AcceptanceJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
