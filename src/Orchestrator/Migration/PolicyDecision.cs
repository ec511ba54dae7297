using Orchestrator.Migration.Policies;

namespace Orchestrator.Migration;

/// <summary>Something that the policy of a migration did.</summary>
/// <param name="At">When.</param>
/// <param name="Action"><c>set_max_downtime</c>, <c>start_post_copy</c> or <c>give_up</c>.</param>
/// <param name="LimitMs">The limit that was set, in milliseconds.</param>
/// <param name="Reason">Why.</param>
/// <param name="Problem">Why it could not be done; <see langword="null"/> when it was.</param>
public sealed record PolicyDecision(DateTimeOffset At, string Action, double? LimitMs, string Reason, string? Problem)
{
    internal static PolicyDecision Of(PolicyAction action, DateTimeOffset at, string? problem) => new(
        at,
        action switch
        {
            SetMaxDowntime => "set_max_downtime",
            StartPostCopy => "start_post_copy",
            _ => "give_up",
        },
        (action as SetMaxDowntime)?.Limit.TotalMilliseconds,
        action.Reason,
        problem);

    /// <summary>In words.</summary>
    public override string ToString() => (Action switch
    {
        "set_max_downtime" => $"downtime limit {LimitMs:0} ms",
        "start_post_copy" => "switches to post-copy",
        _ => "gives up",
    }) + $": {Reason}{(Problem is null ? "" : $" (could not be done: {Problem})")}";
}
