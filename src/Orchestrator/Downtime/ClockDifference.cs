namespace Orchestrator.Downtime;

/// <summary>How the destination's clock stands against the source's at the blackout: what a value between stamps of both is corrected by.</summary>
public sealed record ClockDifference
{
    internal const string Deliveries = "deliveries";

    /// <summary>The destination's clock minus the source's, in milliseconds; <see langword="null"/> when unknown.</summary>
    public double? OffsetMs { get; init; }

    /// <summary>The difference lies within this many milliseconds of <see cref="OffsetMs"/>; <see langword="null"/> when unknown.</summary>
    public double? UncertaintyMs { get; init; }

    /// <summary>The least that the difference can be, in milliseconds; <see langword="null"/> when nothing bounds it.</summary>
    public double? LowMs { get; init; }

    /// <summary>The most that the difference can be, in milliseconds; <see langword="null"/> when nothing bounds it.</summary>
    public double? HighMs { get; init; }

    /// <summary>What gives <see cref="LowMs"/>: <c>deliveries</c>, the stamped events' way to us, or an event of the source that only comes after one of the destination.</summary>
    public string? LowBy { get; init; }

    /// <summary>What gives <see cref="HighMs"/>: <c>deliveries</c>, or an event of the destination that only comes after one of the source.</summary>
    public string? HighBy { get; init; }

    /// <summary>What contradicts itself in the bounds; <see langword="null"/> when nothing does.</summary>
    public string? Problem { get; init; }
}
