namespace Orchestrator.Migration.Policies;

/// <summary>What a migration may do to come to its end, and when: data, which <see cref="PolicyEngine"/> interprets.</summary>
public sealed partial record MigrationPolicy
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in a sentence.</summary>
    public string? Description { get; init; }

    /// <summary>How long the guest may stand still.</summary>
    public required DowntimeRule MaxDowntime { get; init; }

    /// <summary>When the migration as a whole ends, whatever else is tried.</summary>
    public required PolicyDeadline Completion { get; init; }

    /// <summary>What to do after so long without a new minimum of what is left; <see langword="null"/> for nothing.</summary>
    public PolicyDeadline? Progress { get; init; }

    /// <summary>What to do when copying does not get ahead of the guest; <see langword="null"/> for nothing.</summary>
    public StallRule? Stall { get; init; }

    /// <summary>Whether QEMU slows the guest down by and by when it dirties too much. It has to be begun with.</summary>
    public bool AutoConverge { get; init; }

    /// <summary>Whether post-copy is made possible. It has to be begun with, both hosts have to be able to do it, and it never goes together with vDPA or VFIO devices.</summary>
    public bool PostCopy { get; init; }

    /// <summary>How the data travel.</summary>
    public TransferOptions Options { get; init; } = new();
}
