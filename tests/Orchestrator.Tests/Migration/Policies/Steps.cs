using Orchestrator.Migration.Policies;

namespace Orchestrator.Tests.Migration.Policies;

/// <summary>Feeds a policy with what would be seen, and keeps what it does.</summary>
internal static class Steps
{
    internal const long MiB = 1 << 20;

    internal static readonly PolicyContext SmallGuest = new(128 * MiB);

    /// <summary>An observation at the beginning of an iteration.</summary>
    internal static PolicyObservation Seen(double seconds, long iteration, double remainingMiB, double mibPerSecond = 32, double? expectedMs = null) => new(
        TimeSpan.FromSeconds(seconds), iteration, 128 * MiB, (long)(remainingMiB * MiB), (long)(mibPerSecond * MiB), 0,
        expectedMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null, AtIterationBoundary: true, InPostCopy: false);

    /// <summary>The same, seen in the midst of an iteration.</summary>
    internal static PolicyObservation Polled(double seconds, long iteration, double remainingMiB) => Seen(seconds, iteration, remainingMiB) with { AtIterationBoundary = false };

    internal static List<(double At, PolicyAction Action)> Run(MigrationPolicy policy, PolicyContext context, IEnumerable<PolicyObservation> observations) =>
        Run(policy, context, PolicyState.Initial, observations);

    internal static List<(double At, PolicyAction Action)> Run(MigrationPolicy policy, PolicyContext context, PolicyState state, IEnumerable<PolicyObservation> observations)
    {
        var done = new List<(double, PolicyAction)>();
        foreach (PolicyObservation observation in observations)
        {
            (state, IReadOnlyList<PolicyAction> actions) = PolicyEngine.Step(policy, context, state, observation);
            done.AddRange(actions.Select(action => (observation.Elapsed.TotalSeconds, action)));
        }

        return done;
    }

    /// <summary>A short form: <c>12 limit 600</c>, <c>12 post-copy</c>, <c>12 give-up</c>.</summary>
    internal static IEnumerable<string> Short(IEnumerable<(double At, PolicyAction Action)> actions) => actions.Select(done => done.Action switch
    {
        SetMaxDowntime set => FormattableString.Invariant($"{done.At} limit {set.Limit.TotalMilliseconds}"),
        StartPostCopy => FormattableString.Invariant($"{done.At} post-copy"),
        _ => FormattableString.Invariant($"{done.At} give-up"),
    });
}
