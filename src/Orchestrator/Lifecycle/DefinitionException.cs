namespace Orchestrator.Lifecycle;

/// <summary>One thing in a document that a host cannot take as it stands.</summary>
/// <param name="Path">Where it stands: <c>/domain/devices/hostdev[2]/@migration</c>.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Alternatives">What to write instead; none when there is nothing.</param>
/// <param name="Line">Its line in the text, from 1; <see langword="null"/> when unknown.</param>
/// <param name="Column">Its column, from 1.</param>
public sealed record DefinitionProblem(string Path, string Message, IReadOnlyList<string> Alternatives, int? Line = null, int? Column = null);

/// <summary>A host did not take a definition or a device as it was asked for.</summary>
public sealed class DefinitionException : Exception
{
    internal DefinitionException(DefinitionStage stage, string host, string domain, string message, IReadOnlyList<DefinitionProblem> problems)
        : base(message)
    {
        Stage = stage;
        Host = host;
        Domain = domain;
        Problems = problems;
    }

    /// <summary>What was being done: <c>define</c> or <c>attach</c>.</summary>
    public string Operation { get; internal init; } = "define";

    /// <summary>How far it came.</summary>
    public DefinitionStage Stage { get; }

    /// <summary>The host.</summary>
    public string Host { get; }

    /// <summary>The domain's name.</summary>
    public string Domain { get; }

    /// <summary>What could not be taken.</summary>
    public IReadOnlyList<DefinitionProblem> Problems { get; }
}

/// <summary>How far a definition came before it failed.</summary>
public enum DefinitionStage
{
    /// <summary>Refused before the host was asked to change anything.</summary>
    Refused,

    /// <summary>The host stored something else than it was given; what was there before is there again.</summary>
    Undone,

    /// <summary>The host stored something else than it was given, and that could not be undone.</summary>
    NotUndone,

    /// <summary>The host was asked, and then could not tell what it did.</summary>
    Unknown,
}
