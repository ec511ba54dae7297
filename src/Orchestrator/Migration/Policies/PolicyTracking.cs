namespace Orchestrator.Migration.Policies;

/// <summary>Takes an observation into what is remembered. Pure.</summary>
internal static class PolicyTracking
{
    private const double DefaultBandwidthWeight = 0.4;

    internal static PolicyState Observe(MigrationPolicy policy, PolicyState state, PolicyObservation seen)
    {
        if (seen.MemoryTotal <= 0)
        {
            return state with { AtBoundary = false };
        }

        // A counter that goes back is that of another job: what was before is none of its past.
        // One that is high at first goes on from a migration that was cancelled: only differences mean something.
        bool first = state.LastIteration is null || seen.Iteration < state.LastIteration;

        // The event may come after the poll that has seen the counter go on. What is left then is no end of an iteration any more: each counts once.
        bool boundary = first ? seen.AtIterationBoundary : seen.Iteration > state.LastIteration;

        PolicyState next = state with
        {
            LastIteration = seen.Iteration,
            AtBoundary = boundary,
            LastRemaining = seen.MemoryRemaining,
            MovedAt = seen.MemoryRemaining == state.LastRemaining ? state.MovedAt : seen.Elapsed,
            Bandwidth = Smooth(state.Bandwidth, seen.BytesPerSecond, policy.Stall?.BandwidthWeight ?? DefaultBandwidthWeight),
        };

        // What is left within an iteration shrinks in any case; only what it leaves in the end counts.
        if (first || (boundary && seen.MemoryRemaining < state.Minimum))
        {
            next = next with { Minimum = first ? long.MaxValue : seen.MemoryRemaining, MinimumAt = seen.Elapsed };
        }

        StallState stall = first ? StallState.Initial : state.Stall;
        return next with { Stall = boundary && policy.Stall is { } rule ? stall.Next(rule, seen.Elapsed, seen.MemoryRemaining) : stall };
    }

    private static double Smooth(double average, long newest, double weight) =>
        newest <= 0 ? average : average <= 0 ? newest : (weight * newest) + ((1 - weight) * average);
}
