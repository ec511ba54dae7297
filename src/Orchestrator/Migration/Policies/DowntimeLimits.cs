namespace Orchestrator.Migration.Policies;

/// <summary>The limits that a policy allows. Pure.</summary>
internal static class DowntimeLimits
{
    internal static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);

    internal static TimeSpan Initial(MigrationPolicy policy, PolicyContext context) =>
        policy.MaxDowntime.Steps is not null ? Stepped(policy, context, TimeSpan.Zero)
        : !Raises(policy) ? Maximum(policy, context)
        : Whole(Min(policy.MaxDowntime.Initial ?? policy.MaxDowntime.Ceiling, Maximum(policy, context)));

    /// <summary>What the limit is never raised above: what the devices cost is not in QEMU's count, so there has to be room for it.</summary>
    internal static TimeSpan Highest(MigrationPolicy policy, PolicyContext context)
    {
        TimeSpan initial = Initial(policy, context);
        TimeSpan room = Maximum(policy, context) - context.DeviceCost;
        return room > initial ? Whole(room) : initial;
    }

    /// <summary>nova's progression, in its arithmetic: 500 ms in 10 steps is 50, 95, 140 … 500.</summary>
    internal static TimeSpan Stepped(MigrationPolicy policy, PolicyContext context, TimeSpan elapsed)
    {
        DowntimeSteps steps = policy.MaxDowntime.Steps!;
        TimeSpan every = steps.Every.For(context.MemoryBytes);
        double passed = every > TimeSpan.Zero ? Math.Clamp(Math.Floor(elapsed / every), 0, steps.Count) : steps.Count;
        double maximum = Maximum(policy, context).TotalMilliseconds;
        double first = maximum / steps.Count;
        return TimeSpan.FromMilliseconds(Math.Max(1, Math.Truncate(first + ((maximum - first) / steps.Count * passed))));
    }

    internal static bool Raises(MigrationPolicy policy) => policy.Stall is { } stall && stall.Then.HasFlag(PolicyMeasures.Raise);

    /// <summary>Whole milliseconds that QEMU takes.</summary>
    internal static TimeSpan Whole(TimeSpan limit) =>
        TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(limit.TotalMilliseconds), 1, MigrationRequest.LargestMaxDowntime.TotalMilliseconds));

    internal static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Maximum(MigrationPolicy policy, PolicyContext context) => Whole(context.MaxDowntimeOverride ?? policy.MaxDowntime.Ceiling);
}
