using System.Globalization;

namespace Orchestrator.Migration.Policies;

/// <summary>Decides what a policy does next. Pure: the same values always give the same answer.</summary>
public static class PolicyEngine
{
    /// <summary>How long post-copy may take to begin once it was asked for.</summary>
    internal static readonly TimeSpan PostCopyGrace = TimeSpan.FromSeconds(30);

    // QEMU compares with its limit at least this often; before, a limit cannot be said to be too low.
    private static readonly TimeSpan SwitchOverGrace = TimeSpan.FromSeconds(1);

    /// <summary>The limit to set before the migration begins. Always to be set: the one of an earlier migration stays with the guest.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="context">What is known.</param>
    public static TimeSpan InitialMaxDowntime(MigrationPolicy policy, PolicyContext context) => DowntimeLimits.Initial(policy, context);

    /// <summary>When the policy does its last (<see cref="MigrationPolicy.Completion"/>); the user's time if there is one.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="context">What is known.</param>
    public static TimeSpan Timeout(MigrationPolicy policy, PolicyContext context) => context.TimeoutOverride ?? policy.Completion.After.For(context.MemoryBytes);

    /// <summary>What to do after an observation.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="context">What was known before.</param>
    /// <param name="state">What the last step returned.</param>
    /// <param name="observation">What is seen now.</param>
    /// <returns>The state for the next step, and what to do in this order; mostly nothing.</returns>
    public static (PolicyState State, IReadOnlyList<PolicyAction> Actions) Step(
        MigrationPolicy policy, PolicyContext context, PolicyState state, PolicyObservation observation)
    {
        // From post-copy there is no way back, and nothing left to decide.
        if (state.GaveUp || observation.InPostCopy)
        {
            return (state, []);
        }

        PolicyState now = PolicyTracking.Observe(policy, state, observation);
        if (now.PostCopyAskedAt is not null && !context.PostCopyAllowed)
        {
            now = now with { PostCopyAskedAt = null };
        }

        return Decide(policy, context, now, observation) switch
        {
            null => (now, []),
            SetMaxDowntime set => (now with { Limit = set.Limit, LimitSetAt = observation.Elapsed, Retreats = now.Retreats + (set.Limit < now.Limit ? 1 : 0) }, [set]),
            StartPostCopy start => (now with { PostCopyAskedAt = observation.Elapsed }, [start]),
            var end => (now with { GaveUp = true }, [end]),
        };
    }

    private static PolicyAction? Decide(MigrationPolicy policy, PolicyContext context, PolicyState state, PolicyObservation seen)
    {
        if (state.PostCopyAskedAt is { } asked)
        {
            return seen.Elapsed - asked < PostCopyGrace ? null : new GiveUp($"post-copy was asked for {Words(PostCopyGrace)} ago and has not begun");
        }

        if (Timeout(policy, context) is var timeout && seen.Elapsed >= timeout)
        {
            return Take(policy, context, policy.Completion.Then, $"the migration has not ended within {Words(timeout)}")
                ?? new GiveUp($"the migration has not ended within {Words(timeout)}");
        }

        return WithoutProgress(policy, context, state, seen) ?? Stalled(policy, context, state, seen) ?? ByTheClock(policy, context, state, seen);
    }

    private static PolicyAction? WithoutProgress(MigrationPolicy policy, PolicyContext context, PolicyState state, PolicyObservation seen)
    {
        if (policy.Progress is not { } progress)
        {
            return null;
        }

        // Within an iteration what is left shrinks in any case; only its end shows whether that was of use.
        TimeSpan after = progress.After.For(context.MemoryBytes);
        return state.AtBoundary && seen.Elapsed - state.MinimumAt >= after
                ? Take(policy, context, progress.Then, $"for {Words(after)} no iteration has left less than the {Size(state.Minimum)} of the best one")
            : seen.Elapsed - state.MovedAt >= after ? Take(policy, context, progress.Then, $"for {Words(after)} nothing has been sent")
            : null;
    }

    private static PolicyAction? Stalled(MigrationPolicy policy, PolicyContext context, PolicyState state, PolicyObservation seen)
    {
        if (policy.Stall is not { } rule || !state.AtBoundary || state.Bandwidth <= 0)
        {
            return null;
        }

        TimeSpan initial = DowntimeLimits.Initial(policy, context);
        TimeSpan limit = state.Limit ?? initial;
        if (DowntimeLimits.Raises(policy) && limit > initial && seen.Elapsed - state.LimitSetAt >= SwitchOverGrace && seen.MemoryRemaining > state.Bandwidth * initial.TotalSeconds)
        {
            // QEMU ends an iteration as soon as what is left is within the limit: with a high one it leaves much, and the guest adds to it. A low one gets further down.
            // Where even the low one would do, QEMU is about to switch over.
            return new SetMaxDowntime(initial, $"{Words(limit)} were not enough: the last iteration left {Size(seen.MemoryRemaining)}; copying goes on to a lower minimum");
        }

        if (!state.Stall.IsLocalMinimum(rule, seen.MemoryRemaining))
        {
            return null;
        }

        // QEMU's own expectation is of the moment when the iteration began, ours may come a little late.
        TimeSpan estimate = TimeSpan.FromSeconds(Math.Min(seen.MemoryRemaining / state.Bandwidth, MigrationRequest.LargestMaxDowntime.TotalSeconds));
        estimate = seen.ExpectedDowntime is { } expected && expected > estimate ? DowntimeLimits.Whole(expected) : estimate;
        string why = $"copying does not get ahead of the guest: the last iteration left {Size(seen.MemoryRemaining)}, {Words(DowntimeLimits.Whole(estimate))} of blackout";

        TimeSpan highest = DowntimeLimits.Highest(policy, context);
        if (DowntimeLimits.Raises(policy) && estimate <= highest)
        {
            // Each time that it was not enough, a little more.
            TimeSpan needed = DowntimeLimits.Min(DowntimeLimits.Whole(estimate * rule.Headroom * (1 + (state.Retreats / 4.0))), highest);
            return needed > limit ? new SetMaxDowntime(needed, why) : null;
        }

        // The guest may still be caught: while auto-converge slows it down, or when it rests.
        TimeSpan since = state.LimitSetAt > state.Stall.ImprovedAt ? state.LimitSetAt : state.Stall.ImprovedAt;
        return DowntimeLimits.Raises(policy) && seen.Elapsed - since < rule.Window ? null
            : Take(policy, context, rule.Then, DowntimeLimits.Raises(policy) ? $"{why}, and the limit may not be higher than {Words(highest)}" : why);
    }

    private static SetMaxDowntime? ByTheClock(MigrationPolicy policy, PolicyContext context, PolicyState state, PolicyObservation seen)
    {
        if (policy.MaxDowntime.Steps is null)
        {
            return null;
        }

        TimeSpan due = DowntimeLimits.Min(DowntimeLimits.Stepped(policy, context, seen.Elapsed), DowntimeLimits.Highest(policy, context));
        return due > (state.Limit ?? DowntimeLimits.Initial(policy, context)) ? new(due, $"the next step is due after {Words(seen.Elapsed)}") : null;
    }

    private static PolicyAction? Take(MigrationPolicy policy, PolicyContext context, PolicyMeasures measures, string reason) =>
        measures.HasFlag(PolicyMeasures.PostCopy) && policy.PostCopy && context.PostCopyAllowed ? new StartPostCopy(reason)
        : measures.HasFlag(PolicyMeasures.GiveUp) ? new GiveUp(reason)
        : null;

    private static string Words(TimeSpan duration) => duration >= TimeSpan.FromSeconds(10)
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0} ms");

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB");
}
