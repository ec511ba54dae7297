namespace Orchestrator.Lab;

/// <summary>The lab could not do what it was asked for.</summary>
public sealed class LabException : Exception
{
    /// <summary>A failure.</summary>
    /// <param name="message">What failed, for people.</param>
    /// <param name="remedy">What a person can do about it, if something.</param>
    /// <param name="host">The lab's host it happened on, if on one.</param>
    /// <param name="innerException">The cause.</param>
    public LabException(string message, string? remedy = null, string? host = null, Exception? innerException = null)
        : base(message, innerException) => (Remedy, Host) = (remedy, host);

    /// <summary>What a person can do about it.</summary>
    public string? Remedy { get; }

    /// <summary>The name of the lab's host it happened on.</summary>
    public string? Host { get; }
}
