namespace Libvirt.Interop;

/// <summary>The kind of a lifecycle event.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_")]
public enum DomainEventType
{
    /// <summary><c>VIR_DOMAIN_EVENT_DEFINED</c>.</summary>
    Defined = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_UNDEFINED</c>.</summary>
    Undefined = 1,

    /// <summary><c>VIR_DOMAIN_EVENT_STARTED</c>.</summary>
    Started = 2,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED</c>.</summary>
    Suspended = 3,

    /// <summary><c>VIR_DOMAIN_EVENT_RESUMED</c>.</summary>
    Resumed = 4,

    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED</c>.</summary>
    Stopped = 5,

    /// <summary><c>VIR_DOMAIN_EVENT_SHUTDOWN</c>.</summary>
    Shutdown = 6,

    /// <summary><c>VIR_DOMAIN_EVENT_PMSUSPENDED</c>.</summary>
    PMSuspended = 7,

    /// <summary><c>VIR_DOMAIN_EVENT_CRASHED</c>.</summary>
    Crashed = 8,
}

/// <summary>Why a domain was defined.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_DEFINED_")]
public enum DomainEventDefinedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_DEFINED_ADDED</c>: Newly created config file.</summary>
    Added = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_DEFINED_UPDATED</c>: Changed config file.</summary>
    Updated = 1,

    /// <summary><c>VIR_DOMAIN_EVENT_DEFINED_RENAMED</c>: Domain was renamed.</summary>
    Renamed = 2,

    /// <summary><c>VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT</c>: Config was restored from a snapshot.</summary>
    FromSnapshot = 3,
}

/// <summary>Why a domain was undefined.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_UNDEFINED_")]
public enum DomainEventUndefinedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_UNDEFINED_REMOVED</c>: Deleted the config file.</summary>
    Removed = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_UNDEFINED_RENAMED</c>: Domain was renamed.</summary>
    Renamed = 1,
}

/// <summary>Why a domain started.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_STARTED_")]
public enum DomainEventStartedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_STARTED_BOOTED</c>: Normal startup from boot.</summary>
    Booted = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_STARTED_MIGRATED</c>: Incoming migration from another host.</summary>
    Migrated = 1,

    /// <summary><c>VIR_DOMAIN_EVENT_STARTED_RESTORED</c>: Restored from a state file.</summary>
    Restored = 2,

    /// <summary><c>VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT</c>: Restored from snapshot.</summary>
    FromSnapshot = 3,

    /// <summary><c>VIR_DOMAIN_EVENT_STARTED_WAKEUP</c>: Started due to wakeup event.</summary>
    Wakeup = 4,
}

/// <summary>Why a domain was suspended.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_SUSPENDED_")]
public enum DomainEventSuspendedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_PAUSED</c>: Normal suspend due to admin pause.</summary>
    Paused = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED</c>: Suspended for offline migration.</summary>
    Migrated = 1,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_IOERROR</c>: Suspended due to a disk I/O error.</summary>
    Ioerror = 2,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG</c>: Suspended due to a watchdog firing.</summary>
    Watchdog = 3,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_RESTORED</c>: Restored from paused state file.</summary>
    Restored = 4,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT</c>: Restored from paused snapshot.</summary>
    FromSnapshot = 5,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR</c>: Some APIs (e.g., migration, snapshot) internally need to suspend a domain.</summary>
    ApiError = 6,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY</c>: suspended for post-copy migration.</summary>
    Postcopy = 7,

    /// <summary><c>VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED</c>: suspended after failed post-copy.</summary>
    PostcopyFailed = 8,
}

/// <summary>Why a domain resumed. A source that takes its guest back after a failed migration reports <see cref="Migrated"/> too: look at which host sent it.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_RESUMED_")]
public enum DomainEventResumedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_RESUMED_UNPAUSED</c>: Normal resume due to admin unpause.</summary>
    Unpaused = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_RESUMED_MIGRATED</c>: Resumed for completion of migration.</summary>
    Migrated = 1,

    /// <summary><c>VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT</c>: Resumed from snapshot.</summary>
    FromSnapshot = 2,

    /// <summary><c>VIR_DOMAIN_EVENT_RESUMED_POSTCOPY</c>: Resumed, but migration is still running in post-copy mode.</summary>
    Postcopy = 3,

    /// <summary><c>VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED</c>: Running, but migration failed in post-copy.</summary>
    PostcopyFailed = 4,
}

/// <summary>Why a domain stopped.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_STOPPED_")]
public enum DomainEventStoppedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN</c>: Normal shutdown.</summary>
    Shutdown = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED_DESTROYED</c>: Forced poweroff from host.</summary>
    Destroyed = 1,

    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED_CRASHED</c>: Guest crashed.</summary>
    Crashed = 2,

    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED_MIGRATED</c>: Migrated off to another host.</summary>
    Migrated = 3,

    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED_SAVED</c>: Saved to a state file.</summary>
    Saved = 4,

    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED_FAILED</c>: Host emulator/mgmt failed.</summary>
    Failed = 5,

    /// <summary><c>VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT</c>: offline snapshot loaded.</summary>
    FromSnapshot = 6,
}

/// <summary>Who shut a domain down.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_SHUTDOWN_")]
public enum DomainEventShutdownDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED</c>: Guest finished shutdown sequence.</summary>
    Finished = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_SHUTDOWN_GUEST</c>: Domain finished shutting down after request from the guest itself (e.g.</summary>
    Guest = 1,

    /// <summary><c>VIR_DOMAIN_EVENT_SHUTDOWN_HOST</c>: Domain finished shutting down after request from the host (e.g.</summary>
    Host = 2,
}

/// <summary>How a guest suspended itself.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_PMSUSPENDED_")]
public enum DomainEventPMSuspendedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_PMSUSPENDED_MEMORY</c>: Guest was PM suspended to memory.</summary>
    Memory = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_PMSUSPENDED_DISK</c>: Guest was PM suspended to disk.</summary>
    Disk = 1,
}

/// <summary>How a guest crashed.</summary>
[NativeEnum("VIR_DOMAIN_EVENT_CRASHED_")]
public enum DomainEventCrashedDetail
{
    /// <summary><c>VIR_DOMAIN_EVENT_CRASHED_PANICKED</c>: Guest was panicked.</summary>
    Panicked = 0,

    /// <summary><c>VIR_DOMAIN_EVENT_CRASHED_CRASHLOADED</c>: Guest was crashloaded.</summary>
    Crashloaded = 1,
}
