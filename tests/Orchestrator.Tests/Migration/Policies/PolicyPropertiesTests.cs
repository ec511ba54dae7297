using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Migration.Policies;
using static Orchestrator.Tests.Migration.Policies.Steps;

namespace Orchestrator.Tests.Migration.Policies;

/// <summary>What holds for every policy, guest and sequence of observations, possible or not.</summary>
public sealed class PolicyPropertiesTests
{
    private sealed record Case(MigrationPolicy Policy, PolicyContext Context, PolicyObservation[] Observations);

    [Test]
    public void A_limit_only_rises_never_above_the_ceiling_and_is_one_that_QEMU_takes() => Always(given =>
    {
        TimeSpan limit = PolicyEngine.InitialMaxDowntime(given.Policy, given.Context);
        TimeSpan ceiling = given.Context.MaxDowntimeOverride ?? given.Policy.MaxDowntime.Ceiling;
        bool right = IsLimit(limit) && limit <= ceiling;
        foreach (SetMaxDowntime set in Actions(given).OfType<SetMaxDowntime>())
        {
            right &= IsLimit(set.Limit) && set.Limit > limit && set.Limit <= ceiling;
            limit = set.Limit;
        }

        return right;
    });

    [Test]
    public void Post_copy_never_comes_where_it_is_not_allowed_or_not_begun_with() => Always(given =>
        (given.Policy.PostCopy && given.Context.PostCopyAllowed) || !Actions(given).Any(action => action is StartPostCopy));

    [Test]
    public void Every_migration_ends_by_its_timeout() => Always(given =>
    {
        TimeSpan timeout = PolicyEngine.Timeout(given.Policy, given.Context);
        PolicyObservation last = Polled(0, 1_000_000, 1) with { Elapsed = timeout };
        Case whole = given with { Observations = [.. given.Observations.Where(seen => seen.Elapsed < timeout), last] };
        return Actions(whole).Any(action => action is GiveUp or StartPostCopy);
    });

    [Test]
    public void Nothing_follows_the_end_and_every_action_has_a_reason() => Always(given =>
    {
        IReadOnlyList<PolicyAction> actions = Actions(given);
        int end = actions.ToList().FindIndex(action => action is GiveUp);
        return (end < 0 || end == actions.Count - 1) && actions.Count(action => action is StartPostCopy) <= 1 && actions.All(action => action.Reason.Length > 0);
    });

    [Test]
    public void The_same_values_give_the_same_answer() => Always(given => Actions(given).SequenceEqual(Actions(given)));

    private static void Always(Func<Case, bool> holds) => Prop.ForAll(Cases.ToArbitrary(), holds).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private static IReadOnlyList<PolicyAction> Actions(Case given) => [.. Run(given.Policy, given.Context, given.Observations).Select(done => done.Action)];

    private static bool IsLimit(TimeSpan limit) => limit >= TimeSpan.FromMilliseconds(1) && limit <= TimeSpan.FromSeconds(2000) && limit.Ticks % TimeSpan.TicksPerMillisecond == 0;

    private static Gen<Case> Cases =>
        from policy in Policies
        from context in Contexts
        from steps in Observed.ListOf()
        select new Case(policy, context, InTime(steps));

    private static Gen<MigrationPolicy> Policies =>
        from policy in Gen.Elements(MigrationPolicy.BuiltIn.ToArray())
        from headroom in Gen.Elements(1.0, 1.2, 10)
        from window in Gen.Elements(1, 10, 40)
        from seconds in Gen.Elements(1, 60, 800)
        select policy with
        {
            Stall = policy.Stall is { } stall ? stall with { Headroom = headroom, Window = TimeSpan.FromSeconds(window) } : null,
            Completion = policy.Completion with { After = new(TimeSpan.FromSeconds(seconds), PerGiB: true) },
        };

    private static Gen<PolicyContext> Contexts =>
        from gib in Gen.Elements(0, 1, 3, 512)
        from postCopy in Gen.Elements(true, false)
        from limit in Gen.Elements<int?>(null, null, 1, 50, 333, 2_000_000)
        from timeout in Gen.Elements<int?>(null, null, 0, 30, 5000)
        from devices in Gen.Elements(0, 0, 150, 5000)
        select new PolicyContext((long)gib << 30, postCopy, limit is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            timeout is { } s ? TimeSpan.FromSeconds(s) : null, TimeSpan.FromMilliseconds(devices));

    private static Gen<(int Milliseconds, int Iterations, PolicyObservation Seen)> Observed =>
        from milliseconds in Gen.Choose(0, 15_000)
        from iterations in Gen.Elements(0, 1, 1, 1, 2, -3)
        from remaining in Gen.Elements(0L, 1, 4 * MiB, 30 * MiB, 31 * MiB, 32 * MiB, 5000 * MiB, long.MaxValue)
        from bandwidth in Gen.Elements(0L, 1, 32 * MiB, 1000 * MiB, long.MaxValue)
        from expected in Gen.Elements<int?>(null, null, 0, 900, int.MaxValue)
        from boundary in Gen.Elements(true, false)
        from total in Gen.Elements(0L, 128 * MiB, 128 * MiB, 128 * MiB)
        select (milliseconds, iterations, new PolicyObservation(
            default, 0, total, remaining, bandwidth, 0, expected is { } ms ? TimeSpan.FromMilliseconds(ms) : null, boundary, InPostCopy: false));

    private static PolicyObservation[] InTime(IEnumerable<(int Milliseconds, int Iterations, PolicyObservation Seen)> steps)
    {
        TimeSpan elapsed = default;
        long iteration = 5;
        return
        [
            .. steps.Select(step =>
            {
                elapsed += TimeSpan.FromMilliseconds(step.Milliseconds);
                iteration = Math.Max(0, iteration + step.Iterations);
                return step.Seen with { Elapsed = elapsed, Iteration = iteration };
            }),
        ];
    }
}
