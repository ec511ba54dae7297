namespace Orchestrator.Migration.Policies;

/// <summary>What a policy wants done.</summary>
/// <param name="Reason">Why, for people: a sentence without a capital and a full stop.</param>
public abstract record PolicyAction(string Reason);

/// <summary>Set the downtime limit.</summary>
/// <param name="Limit">The limit, in whole milliseconds, never less than before.</param>
/// <param name="Reason">Why.</param>
public sealed record SetMaxDowntime(TimeSpan Limit, string Reason) : PolicyAction(Reason);

/// <summary>Switch to post-copy.</summary>
/// <param name="Reason">Why.</param>
public sealed record StartPostCopy(string Reason) : PolicyAction(Reason);

/// <summary>End the migration and let the guest run where it is.</summary>
/// <param name="Reason">Why.</param>
public sealed record GiveUp(string Reason) : PolicyAction(Reason);
