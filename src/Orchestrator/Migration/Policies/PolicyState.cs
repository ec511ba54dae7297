namespace Orchestrator.Migration.Policies;

/// <summary>What a policy remembers from one observation to the next. Begin with <see cref="Initial"/>.</summary>
public sealed record PolicyState
{
    /// <summary>Before the first observation.</summary>
    public static PolicyState Initial { get; } = new();

    /// <summary>The limit in force; <see langword="null"/> for the one at the start. Set it when a migration is adopted that somebody else began.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Whether the policy has given up: nothing more comes from it.</summary>
    public bool GaveUp { get; init; }

    /// <summary>When post-copy was asked for.</summary>
    internal TimeSpan? PostCopyAskedAt { get; init; }

    internal TimeSpan LimitSetAt { get; init; }

    /// <summary>The counter when we first saw it: libvirt's goes on from migrations that were cancelled earlier.</summary>
    internal long? FirstIteration { get; init; }

    internal long LastIteration { get; init; }

    internal bool AtBoundary { get; init; }

    internal long LastRemaining { get; init; } = long.MaxValue;

    /// <summary>When what is left last changed: later than that, nothing goes over the link.</summary>
    internal TimeSpan MovedAt { get; init; }

    internal long Minimum { get; init; } = long.MaxValue;

    internal TimeSpan MinimumAt { get; init; }

    /// <summary>The smoothed bandwidth in bytes per second; 0 when unknown.</summary>
    internal double Bandwidth { get; init; }

    internal StallState Stall { get; init; } = StallState.Initial;
}
