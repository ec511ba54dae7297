namespace Orchestrator.Migration.Policies;

/// <summary>What is seen of a running migration.</summary>
/// <param name="Elapsed">Since it began.</param>
/// <param name="Iteration">libvirt's counter; it may go on counting from a migration that was cancelled earlier.</param>
/// <param name="MemoryTotal">The guest's memory, in bytes; 0 while the job has no figures yet.</param>
/// <param name="MemoryRemaining">What is left of it in this iteration, in bytes.</param>
/// <param name="BytesPerSecond">How fast it is sent; 0 when unknown.</param>
/// <param name="DirtyBytesPerSecond">How fast the guest dirties it; 0 when unknown.</param>
/// <param name="ExpectedDowntime">What QEMU expects, if it says so.</param>
/// <param name="AtIterationBoundary">Whether an iteration has just begun, so that what is left is what the last one left.</param>
/// <param name="InPostCopy">Whether the guest runs on the destination already.</param>
public sealed record PolicyObservation(
    TimeSpan Elapsed,
    long Iteration,
    long MemoryTotal,
    long MemoryRemaining,
    long BytesPerSecond,
    long DirtyBytesPerSecond,
    TimeSpan? ExpectedDowntime,
    bool AtIterationBoundary,
    bool InPostCopy);
