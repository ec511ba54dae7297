using Orchestrator.Recovery;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Store;

/// <summary>How far a stored run is.</summary>
public enum RunState
{
    /// <summary>It ended.</summary>
    Ended,

    /// <summary>It goes on, by a process of this machine.</summary>
    Running,

    /// <summary>It did not end, and its process is gone.</summary>
    Abandoned,

    /// <summary>It has not ended, by a process of another machine, of which nothing can be told from here.</summary>
    Elsewhere,
}

/// <summary>A run as lists show it.</summary>
public sealed record RunEntry
{
    /// <summary>The run's id.</summary>
    public required string Id { get; init; }

    /// <summary>The plan's name.</summary>
    public required string Plan { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended; <see langword="null"/> when it has not.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How far it is, as far as can be told now.</summary>
    public required RunState State { get; init; }

    /// <summary>What is to be thought of it; <see cref="Verdict.Environment"/> of an abandoned one.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The exit code that says so.</summary>
    public required int ExitCode { get; init; }

    /// <summary>What tells it apart.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The process that made it.</summary>
    public required OperationOwner Owner { get; init; }
}

/// <summary>A run that was made the baseline of its plan under a name. The latest of a name holds; the earlier ones are its history.</summary>
/// <param name="Plan">The plan's name.</param>
/// <param name="Name">The baseline's name.</param>
/// <param name="RunId">The run.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">Who did it: user and machine.</param>
/// <param name="At">When.</param>
public sealed record Baseline(string Plan, string Name, string RunId, string Reason, string By, DateTimeOffset At);
