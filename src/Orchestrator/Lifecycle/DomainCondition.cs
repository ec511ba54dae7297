using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>What a domain is doing on one host, as far as it matters for what may be done with it.</summary>
public enum DomainCondition
{
    /// <summary>The host has no such domain.</summary>
    Absent,

    /// <summary>It has a definition and does not run.</summary>
    Off,

    /// <summary>It does not run here because it was migrated to another host, where it may run.</summary>
    Moved,

    /// <summary>Somebody starts it right now.</summary>
    Starting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It was paused by somebody.</summary>
    Paused,

    /// <summary>It was paused by something: an I/O error, a watchdog, a crash of the guest, an operation that failed.</summary>
    Halted,

    /// <summary>Its guest put itself to sleep (ACPI S3).</summary>
    Asleep,

    /// <summary>Its guest is going down, or has gone down and QEMU has not ended yet.</summary>
    ShuttingDown,

    /// <summary>Its guest crashed, and QEMU was kept.</summary>
    Crashed,

    /// <summary>It is being migrated to another host.</summary>
    Leaving,

    /// <summary>It is the copy of a guest that is being migrated to this host; the guest itself is still on the other one.</summary>
    Arriving,

    /// <summary>It is being migrated, and its memory is on two hosts.</summary>
    PostCopy,

    /// <summary>Its migration broke while its memory was on two hosts.</summary>
    PostCopyBroken,

    /// <summary>A migration paused it and is gone: whether it also runs elsewhere is not known here.</summary>
    Stranded,

    /// <summary>Another job runs on it: it is saved, dumped, restored, or a snapshot is made.</summary>
    Busy,

    /// <summary>The host cannot tell.</summary>
    Unclear,
}

/// <summary>Tells a domain's condition. Pure.</summary>
public static class DomainConditions
{
    /// <summary>The condition of a domain.</summary>
    /// <param name="domain">The domain; <see langword="null"/> when the host has none.</param>
    public static DomainCondition Of(DomainSnapshot? domain) => domain switch
    {
        null => DomainCondition.Absent,
        { State: DomainState.Nostate } => DomainCondition.Unclear,
        { State: DomainState.Crashed } => DomainCondition.Crashed,
        { State: DomainState.Shutoff, Reason: (int)DomainShutoffReason.Migrated } => DomainCondition.Moved,
        { State: DomainState.Shutoff } => DomainCondition.Off,
        { State: DomainState.Shutdown } => DomainCondition.ShuttingDown,
        { State: DomainState.Running, Reason: (int)DomainRunningReason.Postcopy } => DomainCondition.PostCopy,
        { State: DomainState.Running, Reason: (int)DomainRunningReason.PostcopyFailed } => DomainCondition.PostCopyBroken,
        { State: DomainState.Paused, Reason: (int)DomainPausedReason.Postcopy } => DomainCondition.PostCopy,
        { State: DomainState.Paused, Reason: (int)DomainPausedReason.PostcopyFailed } => DomainCondition.PostCopyBroken,

        // Jobs before the states they bring about: a copy that arrives is paused, and so is a guest that is saved.
        { JobOperation: DomainJobOperation.MigrationOut } => DomainCondition.Leaving,
        { JobOperation: DomainJobOperation.MigrationIn } => DomainCondition.Arriving,
        { JobOperation: DomainJobOperation.Start } => DomainCondition.Starting,
        {
            JobOperation: DomainJobOperation.Save or DomainJobOperation.Restore or DomainJobOperation.Dump or DomainJobOperation.Snapshot
            or DomainJobOperation.SnapshotRevert or DomainJobOperation.SnapshotDelete
        } => DomainCondition.Busy,
        { JobOperation: DomainJobOperation.Unknown, Job: DomainJobType.Bounded or DomainJobType.Unbounded } => DomainCondition.Busy,

        { State: DomainState.Paused } => OfPaused((DomainPausedReason)domain.Reason),
        { State: DomainState.PMSuspended } => DomainCondition.Asleep,
        _ => DomainCondition.Running,
    };

    private static DomainCondition OfPaused(DomainPausedReason reason) => reason switch
    {
        // A daemon that was restarted no longer knows why a guest is paused.
        DomainPausedReason.User or DomainPausedReason.Unknown or DomainPausedReason.FromSnapshot => DomainCondition.Paused,
        DomainPausedReason.StartingUp => DomainCondition.Starting,
        DomainPausedReason.ShuttingDown => DomainCondition.ShuttingDown,
        DomainPausedReason.Migration => DomainCondition.Stranded,
        DomainPausedReason.Save or DomainPausedReason.Dump or DomainPausedReason.Snapshot => DomainCondition.Busy,
        _ => DomainCondition.Halted,
    };
}
