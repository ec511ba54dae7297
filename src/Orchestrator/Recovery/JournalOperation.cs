namespace Orchestrator.Recovery;

/// <summary>An operation as the journal has it.</summary>
public sealed record JournalOperation
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>What was intended.</summary>
    public required JournalIntent Intent { get; init; }

    /// <summary>Who began it.</summary>
    public required OperationOwner Owner { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>How far it has come.</summary>
    public required OperationPhase Phase { get; init; }

    /// <summary>The policy that holds now, as JSON: the one it began with, or what somebody set since.</summary>
    public string? Policy { get; init; }

    /// <summary>When it ended; <see langword="null"/> while it has not.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How it ended.</summary>
    public string? Outcome { get; init; }

    /// <summary>The same in a sentence.</summary>
    public string? Message { get; init; }

    /// <summary>Its effects besides the migration itself, in their order.</summary>
    public required IReadOnlyList<JournalStep> Steps { get; init; }
}

/// <summary>An effect that an operation has, or was about to have, and that has to be undone if the operation is.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Kind">What it is: <c>vdpa-create</c>.</param>
/// <param name="Detail">What undoing it needs, as JSON.</param>
/// <param name="Started">When it was begun.</param>
/// <param name="Ended">When it was settled; <see langword="null"/> while nobody knows what is to become of it.</param>
/// <param name="IsUndone">Whether it was undone, or never came about; else it is kept for good.</param>
public sealed record JournalStep(long Id, string Kind, string Detail, DateTimeOffset Started, DateTimeOffset? Ended, bool IsUndone);
