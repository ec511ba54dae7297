namespace Orchestrator.Lifecycle;

/// <summary>How far an operation came before it failed.</summary>
public enum OperationStage
{
    /// <summary>Refused before the host was asked to change anything.</summary>
    Refused,

    /// <summary>The host was asked, and it was not done.</summary>
    Failed,

    /// <summary>It was not done in time; what was asked of the guest may still happen.</summary>
    TimedOut,

    /// <summary>It was done in part.</summary>
    Degraded,

    /// <summary>The host was asked, and then could not tell what it did.</summary>
    Unknown,

    /// <summary>Somebody asked for its end.</summary>
    Cancelled,
}

/// <summary>An operation on a domain was refused or did not come to what it was meant to.</summary>
/// <param name="stage">How far it came.</param>
/// <param name="operation">What was asked for.</param>
/// <param name="host">The host.</param>
/// <param name="domain">The domain's name.</param>
/// <param name="message">What happened, naming the domain and the host.</param>
/// <param name="remedy">What a person can do.</param>
/// <param name="inner">libvirt's error, if it gave one.</param>
public sealed class OperationException(
    OperationStage stage, DomainOperation operation, string host, string domain, string message, string? remedy = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How far it came.</summary>
    public OperationStage Stage { get; } = stage;

    /// <summary>What was asked for.</summary>
    public DomainOperation Operation { get; } = operation;

    /// <summary>The host.</summary>
    public string Host { get; } = host;

    /// <summary>The domain's name.</summary>
    public string Domain { get; } = domain;

    /// <summary>What a person can do.</summary>
    public string? Remedy { get; } = remedy;

    /// <summary>It waited for another operation on the domain and gave that up: the host was not asked for anything.</summary>
    public bool WaitedInVain { get; internal init; }
}
