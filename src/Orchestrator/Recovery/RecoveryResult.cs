using Orchestrator.Migration;

namespace Orchestrator.Recovery;

/// <summary>What a recovery came to, or would come to.</summary>
public sealed record RecoveryResult
{
    /// <summary>What was recovered.</summary>
    public required UnfinishedOperation Operation { get; init; }

    /// <summary>How the operation ended.</summary>
    public required MigrationOutcome Outcome { get; init; }

    /// <summary>The same in a sentence that names the domain and the hosts.</summary>
    public required string Message { get; init; }

    /// <summary>What a person can do; <see langword="null"/> where there is nothing to do.</summary>
    public string? Remedy { get; init; }

    /// <summary>What the two hosts together meant; <see langword="null"/> when they were not asked.</summary>
    public MigrationFinding? Finding { get; init; }

    /// <summary>What was done, or for a dry run would be, in words.</summary>
    public IReadOnlyList<string> Done { get; init; } = [];

    /// <summary>Whether nothing is left to recover.</summary>
    public bool IsFinished { get; init; }

    /// <summary>Whether a migration that still ran was taken over and driven to its end.</summary>
    public bool IsAdopted { get; init; }

    /// <summary>What was observed of a migration that was driven to its end; <see langword="null"/> when none was.</summary>
    public FollowedMigration? Followed { get; init; }

    /// <summary>Whether it was only looked at.</summary>
    public bool IsDryRun { get; init; }
}
