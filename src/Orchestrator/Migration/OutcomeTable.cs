using Orchestrator.Lifecycle;

namespace Orchestrator.Migration;

/// <summary>What there is of a domain on one host, as far as it matters for how a migration ended.</summary>
internal enum CopyState
{
    /// <summary>The host cannot be asked, or cannot tell.</summary>
    Unknown,

    /// <summary>No QEMU: absent, or a definition alone.</summary>
    None,

    /// <summary>It runs, and no migration works on it.</summary>
    Runs,

    /// <summary>It is paused by somebody or something other than a migration.</summary>
    Paused,

    /// <summary>A migration paused it and is gone.</summary>
    Stranded,

    /// <summary>On the source: it is being sent.</summary>
    Leaving,

    /// <summary>On the destination: it is being received, and has never run there.</summary>
    Arriving,

    /// <summary>Its memory is on two hosts, and the rest follows.</summary>
    PostCopy,

    /// <summary>Its memory is on two hosts, and nothing follows.</summary>
    PostCopyBroken,

    /// <summary>It starts, goes down, or another job works on it: ask again.</summary>
    Changing,

    /// <summary>No QEMU, but there was one, or may have been: it shut down, was ended or crashed here, or was migrated on.</summary>
    Left,
}

/// <summary>What is known of how the migrating job ended.</summary>
internal enum JobResult
{
    /// <summary>Nobody saw its end: it is found by a recovery.</summary>
    Unseen,

    /// <summary>libvirt's call returned without an error.</summary>
    Succeeded,

    /// <summary>libvirt's call returned an error.</summary>
    Failed,

    /// <summary>It returned an error after the user had asked for its end.</summary>
    Cancelled,

    /// <summary>It returned an error after its time was over.</summary>
    TimedOut,

    /// <summary>The call has not returned.</summary>
    Unanswered,
}

/// <summary>What two hosts together mean.</summary>
public enum MigrationFinding
{
    /// <summary>The guest is on the destination alone.</summary>
    Moved,

    /// <summary>The guest is on the source alone.</summary>
    Stayed,

    /// <summary>The guest runs on the source; the destination cannot be asked.</summary>
    StayedUnseen,

    /// <summary>The migration goes on.</summary>
    Underway,

    /// <summary>It runs on the destination; the source's copy, paused by the migration, was not taken away.</summary>
    SourceNotRemoved,

    /// <summary>It is paused on the source by a migration that is gone, and is nowhere else.</summary>
    SourceNotResumed,

    /// <summary>It runs on the source; a copy that never ran is left on the destination.</summary>
    HalfCopy,

    /// <summary>Something is on its way: ask again.</summary>
    Settling,

    /// <summary>Its memory is on two hosts and nothing moves it.</summary>
    PostCopyBroken,

    /// <summary>It is paused on the source by a migration that is gone, and has been on the destination, or may have been, where it ended or went on: what is paused may be old.</summary>
    WasThere,

    /// <summary>Both hosts have it, and both copies may be the right one.</summary>
    TwoCopies,

    /// <summary>Neither host has it.</summary>
    NoCopy,

    /// <summary>A host that might have it cannot be asked.</summary>
    NobodyKnows,
}

/// <summary>What is to be done about a finding.</summary>
internal enum OutcomeAction
{
    /// <summary>Nothing: it is over, or a person must decide.</summary>
    None,

    /// <summary>Follow the migration until its end.</summary>
    Follow,

    /// <summary>Ask both hosts again for a while.</summary>
    AskAgain,

    /// <summary>Resume the source's copy: the destination is known to have none.</summary>
    ResumeSource,

    /// <summary>Take the source's paused copy away: the destination runs the guest.</summary>
    RemoveSourceCopy,

    /// <summary>Take the destination's copy away: it never ran, and the source runs the guest.</summary>
    RemoveDestinationCopy,

    /// <summary>Pause the source's copy, where it was the migration's own end that let it run again beside the destination's.</summary>
    SuspendSource,

    /// <summary>Let the broken post-copy migration go on.</summary>
    ResumePostCopy,
}

/// <summary>What the table says.</summary>
/// <param name="Finding">What there is.</param>
/// <param name="Action">What to do about it first.</param>
internal readonly record struct OutcomeDecision(MigrationFinding Finding, OutcomeAction Action);

/// <summary>
/// What is where after a migration, and what that means: source by destination. The one table that decides, for a migration of this process and for one that a
/// recovery finds; <see cref="MigrationVerdict"/> puts it into words, with what is known of the job. Pure. Nothing is ever destroyed because something is unknown: a
/// copy is taken away only where the other host is known to run the guest.
/// </summary>
internal static class OutcomeTable
{
    private const MigrationFinding Moved = MigrationFinding.Moved;
    private const MigrationFinding Stayed = MigrationFinding.Stayed;
    private const MigrationFinding Unseen = MigrationFinding.StayedUnseen;
    private const MigrationFinding Underway = MigrationFinding.Underway;
    private const MigrationFinding NotGone = MigrationFinding.SourceNotRemoved;
    private const MigrationFinding Strand = MigrationFinding.SourceNotResumed;
    private const MigrationFinding Half = MigrationFinding.HalfCopy;
    private const MigrationFinding Settle = MigrationFinding.Settling;
    private const MigrationFinding Broken = MigrationFinding.PostCopyBroken;
    private const MigrationFinding Two = MigrationFinding.TwoCopies;
    private const MigrationFinding NoCopy = MigrationFinding.NoCopy;
    private const MigrationFinding WasIt = MigrationFinding.WasThere;
    private const MigrationFinding Nobody = MigrationFinding.NobodyKnows;

    // Rows: the source. Columns: the destination, in the order of CopyState.
    private static readonly MigrationFinding[][] Findings =
    [
        //               Unknown   None      Runs      Paused    Stranded  Leaving   Arriving  PostCopy  Broken    Changing  Left
        /* Unknown  */ [Nobody,   Nobody,   Nobody,   Nobody,   Nobody,   Nobody,   Nobody,   Nobody,   Nobody,   Nobody, Nobody],
        /* None     */ [Nobody,   NoCopy,   Moved,    Moved,    Settle,   Moved,    Settle,   Settle,   Broken,   Settle, NoCopy],
        /* Runs     */ [Unseen,   Stayed,   Two,      Two,      Half,     Two,      Half,     Two,      Two,      Settle, Stayed],
        /* Paused   */ [Unseen,   Stayed,   Two,      Two,      Half,     Two,      Half,     Two,      Two,      Settle, Stayed],
        /* Stranded */ [Nobody,   Strand,   NotGone,  Two,      Settle,   NotGone,  Settle,   Settle,   Broken,   Settle, WasIt],
        /* Leaving  */ [Underway, Underway, Underway, Underway, Underway, Underway, Underway, Underway, Underway, Underway, Underway],
        /* Arriving */ [Nobody,   Settle,   Moved,    Moved,    Settle,   Moved,    Settle,   Settle,   Settle,   Settle, Settle],
        /* PostCopy */ [Underway, Underway, Underway, Underway, Underway, Underway, Underway, Underway, Broken,   Underway, Underway],
        /* Broken   */ [Broken,   Broken,   Broken,   Broken,   Broken,   Broken,   Broken,   Broken,   Broken,   Broken, Broken],
        /* Changing */ [Nobody,   Settle,   Settle,   Settle,   Settle,   Settle,   Settle,   Settle,   Settle,   Settle, Settle],
        /* Left     */ [Nobody,   NoCopy,   Moved,    Moved,    Settle,   Moved,    Settle,   Settle,   Broken,   Settle,   NoCopy],
    ];

    /// <summary>What a domain's condition means here; <see langword="null"/> for a host that cannot be asked.</summary>
    /// <param name="condition">The condition.</param>
    internal static CopyState Of(DomainCondition? condition) => condition switch
    {
        null or DomainCondition.Unclear => CopyState.Unknown,
        DomainCondition.Absent or DomainCondition.Off or DomainCondition.Moved => CopyState.None,
        DomainCondition.Running or DomainCondition.Asleep => CopyState.Runs,
        DomainCondition.Paused or DomainCondition.Halted => CopyState.Paused,
        DomainCondition.Stranded => CopyState.Stranded,
        DomainCondition.Leaving => CopyState.Leaving,
        DomainCondition.Arriving => CopyState.Arriving,
        DomainCondition.PostCopy => CopyState.PostCopy,
        DomainCondition.PostCopyBroken => CopyState.PostCopyBroken,
        _ => CopyState.Changing,
    };

    /// <summary>Decides.</summary>
    /// <param name="source">The source's copy.</param>
    /// <param name="destination">The destination's copy.</param>
    internal static OutcomeDecision Decide(CopyState source, CopyState destination)
    {
        MigrationFinding finding = Findings[(int)source][(int)destination];
        return new(finding, ActionOf(finding));
    }

    private static OutcomeAction ActionOf(MigrationFinding finding) => finding switch
    {
        MigrationFinding.Underway => OutcomeAction.Follow,
        MigrationFinding.SourceNotRemoved => OutcomeAction.RemoveSourceCopy,
        MigrationFinding.SourceNotResumed => OutcomeAction.ResumeSource,
        MigrationFinding.HalfCopy => OutcomeAction.RemoveDestinationCopy,
        MigrationFinding.PostCopyBroken => OutcomeAction.ResumePostCopy,
        MigrationFinding.TwoCopies => OutcomeAction.SuspendSource,

        // A daemon may just be restarted, and a copy that is on its way to its end may still be seen.
        MigrationFinding.Settling or MigrationFinding.NobodyKnows => OutcomeAction.AskAgain,
        _ => OutcomeAction.None,
    };
}
