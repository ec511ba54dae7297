namespace Libvirt.Interop;

/// <summary>The state of a domain.</summary>
[NativeEnum("VIR_DOMAIN_")]
public enum DomainState
{
    /// <summary><c>VIR_DOMAIN_NOSTATE</c>: no state.</summary>
    Nostate = 0,

    /// <summary><c>VIR_DOMAIN_RUNNING</c>: the domain is running.</summary>
    Running = 1,

    /// <summary><c>VIR_DOMAIN_BLOCKED</c>: the domain is blocked on resource.</summary>
    Blocked = 2,

    /// <summary><c>VIR_DOMAIN_PAUSED</c>: the domain is paused by user.</summary>
    Paused = 3,

    /// <summary><c>VIR_DOMAIN_SHUTDOWN</c>: the domain is being shut down.</summary>
    Shutdown = 4,

    /// <summary><c>VIR_DOMAIN_SHUTOFF</c>: the domain is shut off.</summary>
    Shutoff = 5,

    /// <summary><c>VIR_DOMAIN_CRASHED</c>: the domain is crashed.</summary>
    Crashed = 6,

    /// <summary><c>VIR_DOMAIN_PMSUSPENDED</c>: the domain is suspended by guest power management.</summary>
    PMSuspended = 7,
}

/// <summary>Why a domain is running.</summary>
[NativeEnum("VIR_DOMAIN_RUNNING_")]
public enum DomainRunningReason
{
    /// <summary><c>VIR_DOMAIN_RUNNING_UNKNOWN</c>.</summary>
    Unknown = 0,

    /// <summary><c>VIR_DOMAIN_RUNNING_BOOTED</c>: normal startup from boot.</summary>
    Booted = 1,

    /// <summary><c>VIR_DOMAIN_RUNNING_MIGRATED</c>: migrated from another host.</summary>
    Migrated = 2,

    /// <summary><c>VIR_DOMAIN_RUNNING_RESTORED</c>: restored from a state file.</summary>
    Restored = 3,

    /// <summary><c>VIR_DOMAIN_RUNNING_FROM_SNAPSHOT</c>: restored from snapshot.</summary>
    FromSnapshot = 4,

    /// <summary><c>VIR_DOMAIN_RUNNING_UNPAUSED</c>: returned from paused state.</summary>
    Unpaused = 5,

    /// <summary><c>VIR_DOMAIN_RUNNING_MIGRATION_CANCELED</c>: returned from migration.</summary>
    MigrationCanceled = 6,

    /// <summary><c>VIR_DOMAIN_RUNNING_SAVE_CANCELED</c>: returned from failed save process.</summary>
    SaveCanceled = 7,

    /// <summary><c>VIR_DOMAIN_RUNNING_WAKEUP</c>: returned from pmsuspended due to wakeup event.</summary>
    Wakeup = 8,

    /// <summary><c>VIR_DOMAIN_RUNNING_CRASHED</c>: resumed from crashed.</summary>
    Crashed = 9,

    /// <summary><c>VIR_DOMAIN_RUNNING_POSTCOPY</c>: running in post-copy migration mode.</summary>
    Postcopy = 10,

    /// <summary><c>VIR_DOMAIN_RUNNING_POSTCOPY_FAILED</c>: running in failed post-copy migration.</summary>
    PostcopyFailed = 11,
}

/// <summary>Why a domain is paused.</summary>
[NativeEnum("VIR_DOMAIN_PAUSED_")]
public enum DomainPausedReason
{
    /// <summary><c>VIR_DOMAIN_PAUSED_UNKNOWN</c>: the reason is unknown.</summary>
    Unknown = 0,

    /// <summary><c>VIR_DOMAIN_PAUSED_USER</c>: paused on user request.</summary>
    User = 1,

    /// <summary><c>VIR_DOMAIN_PAUSED_MIGRATION</c>: paused for offline migration.</summary>
    Migration = 2,

    /// <summary><c>VIR_DOMAIN_PAUSED_SAVE</c>: paused for save.</summary>
    Save = 3,

    /// <summary><c>VIR_DOMAIN_PAUSED_DUMP</c>: paused for offline core dump.</summary>
    Dump = 4,

    /// <summary><c>VIR_DOMAIN_PAUSED_IOERROR</c>: paused due to a disk I/O error.</summary>
    Ioerror = 5,

    /// <summary><c>VIR_DOMAIN_PAUSED_WATCHDOG</c>: paused due to a watchdog event.</summary>
    Watchdog = 6,

    /// <summary><c>VIR_DOMAIN_PAUSED_FROM_SNAPSHOT</c>: paused after restoring from snapshot.</summary>
    FromSnapshot = 7,

    /// <summary><c>VIR_DOMAIN_PAUSED_SHUTTING_DOWN</c>: paused during shutdown process.</summary>
    ShuttingDown = 8,

    /// <summary><c>VIR_DOMAIN_PAUSED_SNAPSHOT</c>: paused while creating a snapshot.</summary>
    Snapshot = 9,

    /// <summary><c>VIR_DOMAIN_PAUSED_CRASHED</c>: paused due to a guest crash.</summary>
    Crashed = 10,

    /// <summary><c>VIR_DOMAIN_PAUSED_STARTING_UP</c>: the domain is being started.</summary>
    StartingUp = 11,

    /// <summary><c>VIR_DOMAIN_PAUSED_POSTCOPY</c>: paused for post-copy migration.</summary>
    Postcopy = 12,

    /// <summary><c>VIR_DOMAIN_PAUSED_POSTCOPY_FAILED</c>: paused after failed post-copy.</summary>
    PostcopyFailed = 13,

    /// <summary><c>VIR_DOMAIN_PAUSED_API_ERROR</c>: Some APIs (e.g., migration, snapshot) internally need to suspend a domain.</summary>
    ApiError = 14,
}

/// <summary>Why a domain is shut off.</summary>
[NativeEnum("VIR_DOMAIN_SHUTOFF_")]
public enum DomainShutoffReason
{
    /// <summary><c>VIR_DOMAIN_SHUTOFF_UNKNOWN</c>: the reason is unknown.</summary>
    Unknown = 0,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_SHUTDOWN</c>: normal shutdown.</summary>
    Shutdown = 1,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_DESTROYED</c>: forced poweroff.</summary>
    Destroyed = 2,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_CRASHED</c>: domain crashed.</summary>
    Crashed = 3,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_MIGRATED</c>: migrated to another host.</summary>
    Migrated = 4,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_SAVED</c>: saved to a file.</summary>
    Saved = 5,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_FAILED</c>: domain failed to start.</summary>
    Failed = 6,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT</c>: restored from a snapshot which was taken while domain was shutoff.</summary>
    FromSnapshot = 7,

    /// <summary><c>VIR_DOMAIN_SHUTOFF_DAEMON</c>: daemon decides to kill domain during reconnection processing.</summary>
    Daemon = 8,
}
