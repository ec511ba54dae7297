namespace Orchestrator.Lab;

/// <summary>One sign of life of a guest; it gives one every 10 ms.</summary>
/// <param name="Arrived">When it reached the collector, on this machine's clock.</param>
/// <param name="Sequence">Its number; the first after the guest's start is 0.</param>
/// <param name="MonotonicNs">The guest's own clock in nanoseconds; it stands still while the guest is paused.</param>
/// <param name="DirtiedBytes">How much memory the guest has dirtied since its start.</param>
public readonly record struct Tick(DateTimeOffset Arrived, long Sequence, long MonotonicNs, long DirtiedBytes);
