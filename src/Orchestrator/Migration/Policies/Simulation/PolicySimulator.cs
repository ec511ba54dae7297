namespace Orchestrator.Migration.Policies.Simulation;

/// <summary>Replays a policy against a model of a guest: the same values always give the same result, in milliseconds instead of minutes. Pure.</summary>
public static class PolicySimulator
{
    /// <summary>How often a running migration is looked at between its iterations.</summary>
    private const double PollSeconds = 0.5;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Migrates a guest under a policy.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="guest">The guest.</param>
    /// <param name="timeout">A time that the user gives, instead of the policy's.</param>
    /// <exception cref="ArgumentException">The migration could last longer than a day.</exception>
    public static SimulationResult Run(MigrationPolicy policy, SimulatedGuest guest, TimeSpan? timeout = null) => Run(policy, guest, timeout, seesBoundaries: true);

    /// <param name="policy">The policy.</param>
    /// <param name="guest">The guest.</param>
    /// <param name="timeout">A time that the user gives.</param>
    /// <param name="seesBoundaries">Whether iterations are seen when they begin (libvirt's event), or only at the next poll.</param>
    internal static SimulationResult Run(MigrationPolicy policy, SimulatedGuest guest, TimeSpan? timeout, bool seesBoundaries)
    {
        var context = new PolicyContext(guest.MemoryBytes, guest.PostCopyAllowed && policy.PostCopy, TimeoutOverride: timeout, DeviceCost: guest.DeviceCost);
        if (PolicyEngine.Timeout(policy, context) > Longest)
        {
            throw new ArgumentException("A simulated migration lasts a day at most.", nameof(policy));
        }

        var migration = new SimulatedMigration(guest, policy, PolicyEngine.InitialMaxDowntime(policy, context));
        var actions = new List<SimulatedAction>();
        PolicyState state = PolicyState.Initial;
        double nextPoll = 0;
        bool boundary = true;
        while (true)
        {
            (state, IReadOnlyList<PolicyAction> wanted) = PolicyEngine.Step(policy, context, state, migration.Observe(boundary));
            foreach (PolicyAction action in wanted)
            {
                actions.Add(new(migration.Elapsed, action));
                switch (action)
                {
                    case SetMaxDowntime set:
                        migration.Limit = set.Limit;
                        break;
                    case StartPostCopy:
                        return migration.PostCopy(actions);
                    default:
                        return migration.GiveUp(actions);
                }
            }

            nextPoll = nextPoll > migration.Now ? nextPoll : migration.Now + PollSeconds;
            do
            {
                boundary = migration.Advance(nextPoll);
                if (boundary && migration.CanSwitchOver)
                {
                    return migration.SwitchOver(actions);
                }
            }
            while (boundary && !seesBoundaries);
        }
    }
}
