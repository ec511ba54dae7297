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
        bool first = state.FirstIteration is null || seen.Iteration < state.LastIteration;
        bool boundary = seen.AtIterationBoundary || (!first && seen.Iteration > state.LastIteration);
        long firstIteration = first ? seen.Iteration : state.FirstIteration ?? seen.Iteration;

        PolicyState next = state with
        {
            FirstIteration = firstIteration,
            LastIteration = seen.Iteration,
            AtBoundary = boundary,
            LastRemaining = seen.MemoryRemaining,
            MovedAt = seen.MemoryRemaining == state.LastRemaining ? state.MovedAt : seen.Elapsed,
            Bandwidth = Smooth(state.Bandwidth, seen.BytesPerSecond, policy.Stall?.BandwidthWeight ?? DefaultBandwidthWeight),
        };

        if (boundary && !first)
        {
            next = seen.MemoryRemaining < state.Minimum ? next with { Minimum = seen.MemoryRemaining, MinimumAt = seen.Elapsed } : next;
        }
        else if (first || (seen.Iteration == firstIteration && seen.MemoryRemaining < state.LastRemaining))
        {
            // The first iteration sends everything once: each byte of it is progress. Later only what an iteration leaves counts.
            next = next with { Minimum = first ? long.MaxValue : state.Minimum, MinimumAt = seen.Elapsed };
        }

        StallState stall = first ? StallState.Initial : state.Stall;
        return next with { Stall = boundary && policy.Stall is { } rule ? stall.Next(rule, seen.Elapsed, seen.MemoryRemaining) : stall };
    }

    private static double Smooth(double average, long newest, double weight) =>
        newest <= 0 ? average : average <= 0 ? newest : (weight * newest) + ((1 - weight) * average);
}
