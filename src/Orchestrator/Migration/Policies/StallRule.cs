namespace Orchestrator.Migration.Policies;

/// <summary>
/// What to do when copying does not get ahead of the guest: what is left at the end of an iteration is no less than what was left before. It acts at a local
/// minimum, where switching over is cheapest, and is content with less favourable ones as time goes by.
/// </summary>
public sealed record StallRule
{
    /// <summary>How far back the best value lies that has to be improved on; also how long a minimum is waited for at first, and how long the ceiling is tried before more is done.</summary>
    public required TimeSpan Window { get; init; }

    /// <summary>What to do, in the measures' order.</summary>
    public required PolicyMeasures Then { get; init; }

    /// <summary>The part by which a value has to be less to be an improvement, 0 to 0.5.</summary>
    public double Margin { get; init; } = 0.04;

    /// <summary>The weight of the newest bandwidth in the average, 0 (exclusive) to 1.</summary>
    public double BandwidthWeight { get; init; } = 0.4;

    /// <summary>What the wait for a minimum shrinks to each time it was in vain, 0 (exclusive) to 1.</summary>
    public double PatienceDecay { get; init; } = 0.5;

    /// <summary>How much higher than the estimated blackout the limit is set, 1 to 10: the next iteration may leave a little more.</summary>
    public double Headroom { get; init; } = 1.2;
}
