namespace Orchestrator.Recovery;

/// <summary>Why the journal cannot be used.</summary>
public enum JournalProblem
{
    /// <summary>SQLite's library is not installed.</summary>
    LibraryMissing,

    /// <summary>A newer version of this program has written it.</summary>
    TooNew,

    /// <summary>The file is damaged, or no journal at all.</summary>
    Damaged,

    /// <summary>Another process has kept it for itself for too long.</summary>
    Busy,

    /// <summary>Its folder or file cannot be read or written.</summary>
    Unusable,
}

/// <summary>The journal cannot be used. Whatever is in its file is left as it is.</summary>
/// <param name="problem">Why.</param>
/// <param name="message">The same in a sentence that names the file.</param>
/// <param name="remedy">What a person can do.</param>
/// <param name="inner">The cause.</param>
public sealed class JournalException(JournalProblem problem, string message, string? remedy = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public JournalProblem Problem { get; } = problem;

    /// <summary>What a person can do.</summary>
    public string? Remedy { get; } = remedy;
}
