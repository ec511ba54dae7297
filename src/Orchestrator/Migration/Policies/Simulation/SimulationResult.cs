namespace Orchestrator.Migration.Policies.Simulation;

/// <summary>How a simulated migration ends.</summary>
public enum SimulationOutcome
{
    /// <summary>The guest runs on the destination.</summary>
    Completed,

    /// <summary>The guest runs on the destination and has fetched the rest of its memory.</summary>
    PostCopy,

    /// <summary>The guest runs on where it was.</summary>
    GaveUp,
}

/// <summary>Something that a policy did.</summary>
/// <param name="At">When.</param>
/// <param name="Action">What.</param>
public sealed record SimulatedAction(TimeSpan At, PolicyAction Action);

/// <summary>What became of a simulated migration.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Total">How long it took.</param>
/// <param name="Downtime">How long the guest stood still.</param>
/// <param name="BytesSent">What was sent.</param>
/// <param name="Iterations">How many iterations it had.</param>
/// <param name="ThrottlePercent">How much of the guest's processor time was taken from it in the end.</param>
/// <param name="Actions">What the policy did.</param>
public sealed record SimulationResult(
    SimulationOutcome Outcome, TimeSpan Total, TimeSpan Downtime, long BytesSent, long Iterations, int ThrottlePercent, IReadOnlyList<SimulatedAction> Actions);
