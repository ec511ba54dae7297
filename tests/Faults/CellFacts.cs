namespace Faults;

/// <summary>What is found of the guest on one host.</summary>
internal sealed record HostFacts
{
    /// <summary>Whether the host answered.</summary>
    public bool IsKnown { get; init; } = true;

    /// <summary>State and reason of the domain: <c>running/migrated</c>; <see langword="null"/> when there is none.</summary>
    public string? State { get; init; }

    public bool IsDefined { get; init; }

    /// <summary>A job that runs on it.</summary>
    public string? Job { get; init; }

    /// <summary>What the domain's metadata holds; the guests of the matrix have none of their own.</summary>
    public IReadOnlyList<string> Metadata { get; init; } = [];

    /// <summary>How many QEMU processes of the guest there are.</summary>
    public int Qemus { get; init; }

    /// <summary>Files of the host that were not there before, or the guest's where the guest is not.</summary>
    public IReadOnlyList<string> StrangeFiles { get; init; } = [];

    internal bool IsActive => State is not null && !State.StartsWith("shutoff", StringComparison.Ordinal);

    internal bool IsRunning => State?.StartsWith("running", StringComparison.Ordinal) == true;

    internal bool IsPaused => State?.StartsWith("paused", StringComparison.Ordinal) == true;

    internal bool IsThere => State is not null || IsDefined;
}

/// <summary>What is found on both hosts at one moment.</summary>
internal sealed record BothFacts(HostFacts Source, HostFacts Destination)
{
    internal GuestPlace Place => this switch
    {
        { Source.IsKnown: false } or { Destination.IsKnown: false } => GuestPlace.Unknown,
        { Source.IsActive: true, Destination.IsActive: true } => GuestPlace.Both,
        { Source.IsActive: true } => GuestPlace.Source,
        { Destination.IsActive: true } => GuestPlace.Destination,
        _ => GuestPlace.None,
    };
}

/// <summary>Where the guest has a QEMU.</summary>
internal enum GuestPlace
{
    Source,
    Destination,
    Both,
    None,
    Unknown,
}

/// <summary>How a run of the tool ended.</summary>
/// <param name="ExitCode">With which code; <see langword="null"/> when it did not end in time.</param>
/// <param name="Outcome">The outcome that its document names.</param>
/// <param name="ErrorCode">The code of the error in it.</param>
/// <param name="Message">What it said.</param>
/// <param name="Took">How long it took.</param>
internal sealed record ToolRun(int? ExitCode, string? Outcome, string? ErrorCode, string? Message, TimeSpan Took)
{
    /// <summary>Whether it wrote exactly one document.</summary>
    public bool HasDocument { get; init; } = true;

    /// <summary>The downtime that it measured, in milliseconds.</summary>
    public double? DowntimeMs { get; init; }

    /// <summary>What it says a person can do.</summary>
    public string? Remedy { get; init; }

    /// <summary>All that it wrote to standard output.</summary>
    public string Output { get; init; } = "";
}

/// <summary>Two copies of which a person had to choose one, before that was done.</summary>
/// <param name="Facts">What was found.</param>
/// <param name="SourceRanAgain">Whether the source ran again after it had been stopped to be migrated: then both copies have run, and nobody else can know which one is right.</param>
/// <param name="Recovery">The recovery that left it to a person.</param>
/// <param name="Uuid">The guest.</param>
internal sealed record Undecided(BothFacts Facts, bool SourceRanAgain, ToolRun Recovery, Guid Uuid);

/// <summary>All that is known of a cell that was run.</summary>
internal sealed record CellEvidence
{
    public required FaultCell Cell { get; init; }

    /// <summary>In which phase the fault really struck.</summary>
    public required FaultPhase Struck { get; init; }

    /// <summary>The migration; <see langword="null"/> when the tool itself was killed.</summary>
    public ToolRun? Migration { get; init; }

    /// <summary>What was found when it had ended, whatever was dead then.</summary>
    public required BothFacts AtItsEnd { get; init; }

    /// <summary>What was left to a person, who has chosen the destination's copy since; <see langword="null"/> when nothing was.</summary>
    public Undecided? Undecided { get; init; }

    /// <summary>The last recovery, with all daemons and links back; <see langword="null"/> when there was none, to see what the migration leaves by itself.</summary>
    public ToolRun? Recovery { get; init; }

    /// <summary>How many operations the journal still holds open; <see langword="null"/> when it could not be asked.</summary>
    public int? OpenOperations { get; init; }

    /// <summary>What was found in the end.</summary>
    public required BothFacts Settled { get; init; }

    /// <summary>Whether the guest gave signs of life after that, going on where it was.</summary>
    public bool IsAlive { get; init; }

    /// <summary>The plain migration after it; <see langword="null"/> when there was no guest to migrate.</summary>
    public ToolRun? Next { get; init; }
}
