namespace Libvirt.Interop;

/// <summary>The kind of a domain's job, or how it ended.</summary>
[NativeEnum("VIR_DOMAIN_JOB_")]
public enum DomainJobType
{
    /// <summary><c>VIR_DOMAIN_JOB_NONE</c>: No job is active.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_JOB_BOUNDED</c>: Job with a finite completion time.</summary>
    Bounded = 1,

    /// <summary><c>VIR_DOMAIN_JOB_UNBOUNDED</c>: Job without a finite completion time.</summary>
    Unbounded = 2,

    /// <summary><c>VIR_DOMAIN_JOB_COMPLETED</c>: Job has finished, but isn't cleaned up.</summary>
    Completed = 3,

    /// <summary><c>VIR_DOMAIN_JOB_FAILED</c>: Job hit error, but isn't cleaned up.</summary>
    Failed = 4,

    /// <summary><c>VIR_DOMAIN_JOB_CANCELLED</c>: Job was aborted, but isn't cleaned up.</summary>
    Cancelled = 5,
}

/// <summary>What a domain's job does.</summary>
[NativeEnum("VIR_DOMAIN_JOB_OPERATION_")]
public enum DomainJobOperation
{
    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_UNKNOWN</c>.</summary>
    Unknown = 0,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_START</c>.</summary>
    Start = 1,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_SAVE</c>.</summary>
    Save = 2,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_RESTORE</c>.</summary>
    Restore = 3,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN</c>.</summary>
    MigrationIn = 4,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT</c>.</summary>
    MigrationOut = 5,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_SNAPSHOT</c>.</summary>
    Snapshot = 6,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT</c>.</summary>
    SnapshotRevert = 7,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_DUMP</c>.</summary>
    Dump = 8,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_BACKUP</c>.</summary>
    Backup = 9,

    /// <summary><c>VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE</c>.</summary>
    SnapshotDelete = 10,
}

/// <summary>Which job's statistics to read.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_JOB_STATS_")]
public enum DomainJobStatsFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_JOB_STATS_COMPLETED</c>: return stats of a recently completed job.</summary>
    Completed = 1 << 0,

    /// <summary><c>VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED</c>: don't remove completed stats when reading them.</summary>
    KeepCompleted = 1 << 1,
}
