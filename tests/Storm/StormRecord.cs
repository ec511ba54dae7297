using System.Text.Json.Serialization;
using Orchestrator.Lifecycle;

namespace Storm;

/// <summary>How a request ended.</summary>
internal enum StormResult
{
    Done,
    Refused,
    Failed,
    TimedOut,
    Degraded,
    Unknown,
    Unreachable,

    /// <summary>With something that no request may end with: a defect.</summary>
    Broken,
}

/// <summary>What became of a request. Times are ticks of the machine's monotonic clock, which all its processes share.</summary>
internal sealed record StormRecord
{
    public required int Worker { get; init; }

    public required int Index { get; init; }

    public required StormRequest Request { get; init; }

    public required long Started { get; init; }

    public required long Ended { get; init; }

    /// <summary>When it had the domain to itself; null when it never had.</summary>
    public long? Entered { get; init; }

    /// <summary>What the domain was doing then.</summary>
    public DomainCondition? Before { get; init; }

    public required StormResult Result { get; init; }

    public string? Message { get; init; }

    public override string ToString() => $"worker {Worker} #{Index}: {Request}: {Before} -> {Result} {Message}";
}

/// <summary>What stands on the hosts in the end.</summary>
internal sealed record StormGuestFacts(int Guest, bool IsDefined, DomainCondition Condition, StormDevices Live, StormDevices Config, IReadOnlyList<string> Elsewhere);

/// <summary>A time during which a host's daemon was dead or not yet itself again.</summary>
internal sealed record StormOutage(int Host, long From, long To);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StormRecord))]
internal sealed partial class StormJson : JsonSerializerContext;
