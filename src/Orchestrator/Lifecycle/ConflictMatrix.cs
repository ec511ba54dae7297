namespace Orchestrator.Lifecycle;

/// <summary>What is to be done about a request.</summary>
public enum MatrixAction
{
    /// <summary>Do it; of something the guest does meanwhile: it changes nothing.</summary>
    Do,

    /// <summary>What is asked for is so already.</summary>
    Already,

    /// <summary>Wait until that is over, then decide anew by what there is then.</summary>
    Wait,

    /// <summary>Refuse it; of something the guest does meanwhile: what was asked for cannot be reached any more.</summary>
    Refuse,

    /// <summary>Ask for the end of what is going on, wait for it, then do it.</summary>
    CancelThenDo,
}

/// <summary>What the guest itself does while something is asked of it.</summary>
public enum GuestDoing
{
    /// <summary>It reboots.</summary>
    Reboots,

    /// <summary>It powers itself off.</summary>
    PowersOff,
}

/// <summary>A cell of the matrix.</summary>
/// <param name="Action">What is to be done.</param>
/// <param name="Reason">Why, as the rest of a sentence that begins with the domain; empty for <see cref="MatrixAction.Do"/>.</param>
/// <param name="Remedy">What a person can do about it.</param>
public sealed record MatrixDecision(MatrixAction Action, string Reason = "", string? Remedy = null);

/// <summary>
/// What may be done with a domain while it is in some condition, while another operation works on it, and while its guest does something of its own: the
/// one table that decides. Pure. <c>docs/conflicts.md</c> is made of it.
/// </summary>
public static class ConflictMatrix
{
    private static readonly MatrixDecision Do = new(MatrixAction.Do);

    private static readonly MatrixDecision Gone = new(MatrixAction.Already, "is not there");
    private static readonly MatrixDecision IsOff = new(MatrixAction.Already, "is off already");
    private static readonly MatrixDecision Runs = new(MatrixAction.Already, "runs already");
    private static readonly MatrixDecision IsPaused = new(MatrixAction.Already, "is paused already");
    private static readonly MatrixDecision IsHalted = new(MatrixAction.Already, "is paused already, by something else than a person");
    private static readonly MatrixDecision WentOff = new(MatrixAction.Already, "powered itself off");

    private static readonly MatrixDecision Starts = new(MatrixAction.Wait, "is being started by somebody else");
    private static readonly MatrixDecision GoesDown = new(MatrixAction.Wait, "is being shut down");
    private static readonly MatrixDecision Leaves = new(MatrixAction.Wait, "is being migrated to another host");
    private static readonly MatrixDecision Arrives = new(MatrixAction.Wait, "is being migrated to this host and has not arrived");
    private static readonly MatrixDecision IsOnTwo = new(MatrixAction.Wait, "is being migrated, with its memory on two hosts");
    private static readonly MatrixDecision HasJob = new(MatrixAction.Wait, "is being saved, dumped or restored, or a snapshot of it is made");
    private static readonly MatrixDecision IsHeld = new(MatrixAction.Wait, "is being worked on");

    private static readonly MatrixDecision CancelMigration = new(MatrixAction.CancelThenDo, "is being migrated");
    private static readonly MatrixDecision CancelWaiting = new(MatrixAction.CancelThenDo, "is being waited for, and its guest may never answer");

    private static readonly MatrixDecision NotThere = new(MatrixAction.Refuse, "is not there", "See what is: orchestrator domain list.");
    private static readonly MatrixDecision NotOn = new(MatrixAction.Refuse, "is off", "Start it first: orchestrator domain start.");
    private static readonly MatrixDecision MovedAway = new(MatrixAction.Refuse, "was migrated to another host", "Ask that host.");
    private static readonly MatrixDecision SecondCopy = new(
        MatrixAction.Refuse, "was migrated to another host: started here too, two copies of it would write to its disks",
        "If it is certain that it runs nowhere else: --allow migrated-away.");
    private static readonly MatrixDecision WouldDouble = new(
        MatrixAction.Refuse, "is running and being migrated: started once more, there would be two copies of it", "Wait for the migration, then see where it runs.");
    private static readonly MatrixDecision StartPaused = new(MatrixAction.Refuse, "is paused, not off", "Resume it: orchestrator domain resume.");
    private static readonly MatrixDecision CannotHear = new(
        MatrixAction.Refuse, "is paused: its guest cannot hear the request", "Resume it first (orchestrator domain resume), or reset or destroy it.");
    private static readonly MatrixDecision Sleeps = new(
        MatrixAction.Refuse, "was put to sleep by its guest", "Wake it first: virsh dompmwakeup; or destroy it.");
    private static readonly MatrixDecision HasCrashed = new(
        MatrixAction.Refuse, "has crashed, and its QEMU was kept for a look at it", "Reset or destroy it: orchestrator domain reset, orchestrator domain destroy.");
    private static readonly MatrixDecision IsLeaving = new(
        MatrixAction.Refuse, "is being migrated already", "Wait for that migration, or cancel it.");
    private static readonly MatrixDecision OnlyACopy = new(
        MatrixAction.Refuse, "is the copy of a guest that runs on another host and is being migrated to this one: ending it would not end the guest",
        "Destroy it on the host it comes from, which cancels the migration, or wait for its arrival.");
    private static readonly MatrixDecision Torn = new(
        MatrixAction.Refuse, "lost its migration while its memory was on two hosts: both halves are needed",
        "Resume the migration: virsh migrate --postcopy --postcopy-resume.");
    private static readonly MatrixDecision MayRunElsewhere = new(
        MatrixAction.Refuse, "was paused by a migration that is gone: it may run on the other host",
        "See there first. If it runs, destroy the copy that is paused here; if it runs nowhere: virsh resume.");
    private static readonly MatrixDecision Unknown = new(MatrixAction.Refuse, "is in a state that its host cannot tell", "See what its host says: virsh domstate --reason.");
    private static readonly MatrixDecision OffUnderway = new(MatrixAction.Refuse, "was powered off by its guest meanwhile");

    /// <summary>The operations, in the order of the table's columns.</summary>
    public static IReadOnlyList<DomainOperation> Operations { get; } =
    [
        DomainOperation.Define, DomainOperation.Undefine, DomainOperation.Start, DomainOperation.Shutdown, DomainOperation.Reboot, DomainOperation.Reset,
        DomainOperation.Destroy, DomainOperation.Suspend, DomainOperation.Resume, DomainOperation.Attach, DomainOperation.Detach, DomainOperation.Migrate,
    ];

    // What is asked for (the columns), and the condition the domain is in.
    private static readonly Dictionary<DomainCondition, MatrixDecision[]> ByCondition = new()
    {
        //                                define           undefine         start            shutdown         reboot           reset            destroy          suspend          resume           attach           detach           migrate
        [DomainCondition.Absent] =         [Do,              Gone,            NotThere,        NotThere,        NotThere,        NotThere,        Gone,            NotThere,        NotThere,        NotThere,        NotThere,        NotThere],
        [DomainCondition.Off] =            [Do,              Do,              Do,              IsOff,           NotOn,           NotOn,           IsOff,           NotOn,           NotOn,           Do,              Do,              NotOn],
        [DomainCondition.Moved] =          [Do,              Do,              SecondCopy,      MovedAway,       MovedAway,       MovedAway,       MovedAway,       MovedAway,       MovedAway,       Do,              Do,              MovedAway],
        [DomainCondition.Starting] =       [Do,              Starts,          Starts,          Starts,          Starts,          Starts,          Starts,          Starts,          Starts,          Starts,          Starts,          Starts],
        [DomainCondition.Running] =        [Do,              Do,              Runs,            Do,              Do,              Do,              Do,              Do,              Runs,            Do,              Do,              Do],
        [DomainCondition.Paused] =         [Do,              Do,              StartPaused,     CannotHear,      CannotHear,      Do,              Do,              IsPaused,        Do,              Do,              Do,              Do],
        [DomainCondition.Halted] =         [Do,              Do,              StartPaused,     CannotHear,      CannotHear,      Do,              Do,              IsHalted,        Do,              Do,              Do,              Do],
        [DomainCondition.Asleep] =         [Do,              Do,              Sleeps,          Sleeps,          Sleeps,          Sleeps,          Do,              Sleeps,          Sleeps,          Sleeps,          Sleeps,          Sleeps],
        [DomainCondition.ShuttingDown] =   [Do,              GoesDown,        GoesDown,        GoesDown,        GoesDown,        GoesDown,        Do,              GoesDown,        GoesDown,        GoesDown,        GoesDown,        GoesDown],
        [DomainCondition.Crashed] =        [Do,              Do,              HasCrashed,      HasCrashed,      HasCrashed,      Do,              Do,              HasCrashed,      HasCrashed,      HasCrashed,      HasCrashed,      HasCrashed],
        [DomainCondition.Leaving] =        [Leaves,          Leaves,          WouldDouble,     Leaves,          Leaves,          Leaves,          CancelMigration, Leaves,          Leaves,          Leaves,          Leaves,          IsLeaving],
        [DomainCondition.Arriving] =       [Arrives,         Arrives,         WouldDouble,     Arrives,         Arrives,         Arrives,         OnlyACopy,       Arrives,         Arrives,         Arrives,         Arrives,         IsLeaving],
        [DomainCondition.PostCopy] =       [IsOnTwo,         IsOnTwo,         WouldDouble,     IsOnTwo,         IsOnTwo,         IsOnTwo,         IsOnTwo,         IsOnTwo,         IsOnTwo,         IsOnTwo,         IsOnTwo,         IsLeaving],
        [DomainCondition.PostCopyBroken] = [Torn,            Torn,            Torn,            Torn,            Torn,            Torn,            Torn,            Torn,            Torn,            Torn,            Torn,            Torn],
        [DomainCondition.Stranded] =       [Do,              MayRunElsewhere, MayRunElsewhere, MayRunElsewhere, MayRunElsewhere, MayRunElsewhere, Do,              MayRunElsewhere, MayRunElsewhere, MayRunElsewhere, MayRunElsewhere, MayRunElsewhere],
        [DomainCondition.Busy] =           [Do,              HasJob,          HasJob,          HasJob,          HasJob,          HasJob,          HasJob,          HasJob,          HasJob,          HasJob,          HasJob,          HasJob],
        [DomainCondition.Unclear] =        [Do,              Unknown,         Unknown,         Unknown,         Unknown,         Unknown,         Unknown,         Unknown,         Unknown,         Unknown,         Unknown,         Unknown],
    };

    // What is asked for, and the operation that holds the domain.
    private static readonly Dictionary<DomainOperation, MatrixDecision[]> ByHolder = new()
    {
        //                            define  undefine  start        shutdown  reboot  reset          destroy          suspend  resume         attach  detach  migrate
        [DomainOperation.Define] =   [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Undefine] = [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Start] =    [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Shutdown] = [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, CancelWaiting, CancelWaiting,   IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Reboot] =   [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, CancelWaiting, CancelWaiting,   IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Reset] =    [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Destroy] =  [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Suspend] =  [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Resume] =   [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Attach] =   [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, IsHeld,        IsHeld,          IsHeld,  IsHeld,        IsHeld, IsHeld, IsHeld],
        [DomainOperation.Detach] =   [IsHeld, IsHeld,   IsHeld,      IsHeld,   IsHeld, CancelWaiting, CancelWaiting,   IsHeld,  CancelWaiting, IsHeld, IsHeld, IsHeld],
        [DomainOperation.Migrate] =  [Leaves, Leaves,   WouldDouble, Leaves,   Leaves, Leaves,        CancelMigration, Leaves,  Leaves,        Leaves, Leaves, IsLeaving],
    };

    // What is under way, and what the guest does meanwhile.
    private static readonly Dictionary<GuestDoing, MatrixDecision[]> ByGuest = new()
    {
        //                       define undefine start        shutdown reboot       reset        destroy  suspend      resume       attach       detach   migrate
        [GuestDoing.Reboots] =   [Do,   Do,      Do,          Do,      Do,          Do,          Do,      Do,          Do,          Do,          Do,      Do],
        [GuestDoing.PowersOff] = [Do,   Do,      OffUnderway, WentOff, OffUnderway, OffUnderway, WentOff, OffUnderway, OffUnderway, OffUnderway, WentOff, OffUnderway],
    };

    /// <summary>What to do about a request while nobody else works on the domain.</summary>
    /// <param name="requested">What is asked for.</param>
    /// <param name="condition">What the domain is doing.</param>
    public static MatrixDecision Decide(DomainOperation requested, DomainCondition condition) => ByCondition[condition][Column(requested)];

    /// <summary>What to do about a request while another operation holds the domain.</summary>
    /// <param name="requested">What is asked for.</param>
    /// <param name="holder">The operation that works on the domain; <see langword="null"/> when it does not tell.</param>
    public static MatrixDecision Decide(DomainOperation requested, DomainOperation? holder) => holder is { } other ? ByHolder[other][Column(requested)] : IsHeld;

    /// <summary>What to do about a request while another operation holds the domain: nothing is cancelled for what its condition forbids, or makes needless.</summary>
    /// <param name="requested">What is asked for.</param>
    /// <param name="holder">The operation that works on the domain; <see langword="null"/> when it does not tell.</param>
    /// <param name="condition">What the domain is doing.</param>
    public static MatrixDecision Decide(DomainOperation requested, DomainOperation? holder, DomainCondition condition)
    {
        MatrixDecision byHolder = Decide(requested, holder);
        MatrixDecision byCondition = Decide(requested, condition);
        return (byHolder.Action, byCondition.Action) switch
        {
            (MatrixAction.CancelThenDo, MatrixAction.Refuse or MatrixAction.Wait) => byCondition,
            (MatrixAction.CancelThenDo, MatrixAction.Already) => IsHeld,
            _ => byHolder,
        };
    }

    /// <summary>What becomes of a request when the guest does something of its own meanwhile.</summary>
    /// <param name="underway">What is under way.</param>
    /// <param name="doing">What the guest does.</param>
    public static MatrixDecision Decide(DomainOperation underway, GuestDoing doing) => ByGuest[doing][Column(underway)];

    /// <summary>What to do when a guest that was there is not any more, after a migration was waited for: what it was asked for may be true of no host.</summary>
    internal static MatrixDecision AfterMigration { get; } = MovedAway;

    private static int Column(DomainOperation operation) => (int)operation;
}
