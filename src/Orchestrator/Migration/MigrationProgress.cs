using Orchestrator.Downtime;

namespace Orchestrator.Migration;

/// <summary>How far a migration is.</summary>
/// <param name="Stage">
/// What is being done: <c>checking</c>, <c>preparing</c>, <c>detaching</c> and <c>attaching</c> (with devices that do not migrate), <c>migrating</c>, <c>post_copy</c> (the guest runs on the destination, and its memory follows),
/// <c>cancelling</c>, <c>verifying</c>.
/// </param>
/// <param name="Job">The newest statistics; <see langword="null"/> before there are any.</param>
/// <param name="Note">Something that has just been decided, in words.</param>
public sealed record MigrationProgress(string Stage, JobSample? Job = null, string? Note = null)
{
    /// <summary>The part of the memory that has been sent and not dirtied since, 0 to 1.</summary>
    public double Fraction => Job is { MemoryTotal: > 0 } job ? Math.Clamp(1.0 - ((double)job.MemoryRemaining / job.MemoryTotal), 0, 1) : 0;

    /// <summary>Memory that the guest dirties, in bytes per second.</summary>
    public long DirtyBytesPerSecond => Job is { } job ? job.DirtyPagesPerSecond * job.PageSize : 0;
}
