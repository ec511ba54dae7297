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

    /// <summary>Given up, because somebody asked for its end.</summary>
    Cancelled,

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

    /// <summary>The host it was aimed at: where the guest was found just before, or its home.</summary>
    public int Host { get; init; }

    /// <summary>For a migration: the host to go to.</summary>
    public int? To { get; init; }

    /// <summary>When it had the domain to itself; null when it never had.</summary>
    public long? Entered { get; init; }

    /// <summary>What the domain was doing then.</summary>
    public DomainCondition? Before { get; init; }

    public required StormResult Result { get; init; }

    public string? Message { get; init; }

    public override string ToString() => $"worker {Worker} #{Index}: {Request} on host {Host}: {Before} -> {Result} {Message}";
}

/// <summary>What stands on the hosts in the end.</summary>
/// <param name="Guest">The guest.</param>
/// <param name="Host">The host it stands on; its home when it stands on none.</param>
/// <param name="IsDefined">It has a definition.</param>
/// <param name="Condition">What it is doing.</param>
/// <param name="Live">Its devices.</param>
/// <param name="Config">Those of its definition.</param>
/// <param name="Elsewhere">Other hosts on which it stands, too.</param>
internal sealed record StormGuestFacts(int Guest, int Host, bool IsDefined, DomainCondition Condition, StormDevices Live, StormDevices Config, IReadOnlyList<string> Elsewhere);

/// <summary>A time during which a host's daemon was dead or not yet itself again.</summary>
internal sealed record StormOutage(int Host, long From, long To);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StormRecord))]
internal sealed partial class StormJson : JsonSerializerContext;
