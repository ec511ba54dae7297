namespace Orchestrator.Migration.Policies;

/// <summary>A time after which something is done.</summary>
/// <param name="After">The time.</param>
/// <param name="Then">Post-copy, giving up, or the one and, where it is not allowed or does not begin, the other.</param>
public sealed record PolicyDeadline(ScaledDuration After, PolicyMeasures Then = PolicyMeasures.GiveUp);
