namespace Orchestrator.Regression.Store;

/// <summary>Why the store did not do what was asked.</summary>
public enum StoreProblem
{
    /// <summary>The database cannot be reached.</summary>
    Unreachable,

    /// <summary>The database refused us.</summary>
    AccessDenied,

    /// <summary>A newer version of this program has written it.</summary>
    TooNew,

    /// <summary>What is in it makes no sense.</summary>
    Damaged,

    /// <summary>Another process has kept it for itself for too long.</summary>
    Busy,

    /// <summary>It cannot be used for another reason: a full disk, a folder that cannot be written, a connection string that is none.</summary>
    Unusable,

    /// <summary>It has no such run or baseline.</summary>
    NotFound,

    /// <summary>Several runs are meant.</summary>
    Ambiguous,

    /// <summary>The run is not as it would have to be for this, such as one that goes on still.</summary>
    WrongState,
}

/// <summary>The store of runs and baselines did not do what was asked; what is in it is as it was.</summary>
/// <param name="problem">Why.</param>
/// <param name="message">The same in a sentence that names the store, without a password.</param>
/// <param name="remedy">What a person can do.</param>
/// <param name="inner">The cause.</param>
public sealed class StoreException(StoreProblem problem, string message, string? remedy = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public StoreProblem Problem { get; } = problem;

    /// <summary>What a person can do.</summary>
    public string? Remedy { get; } = remedy;
}
