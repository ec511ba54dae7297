namespace Orchestrator.Hosts;

/// <summary>A host could not be reached, refused us, or did not answer in time.</summary>
/// <param name="host">The host's name.</param>
/// <param name="message">What happened, naming the host and the remedy.</param>
/// <param name="inner">libvirt's error, if it gave one.</param>
public sealed class HostUnreachableException(string host, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The host's name.</summary>
    public string Host { get; } = host;

    /// <summary>The call did not return in time: the host may still be at it.</summary>
    public bool IsUnderway { get; init; }
}
