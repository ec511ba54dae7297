namespace Orchestrator.Hosts;

/// <summary>A host could not be reached, refused us, or did not answer in time.</summary>
/// <param name="host">The host's name.</param>
/// <param name="message">What happened, naming the host and the remedy.</param>
/// <param name="inner">libvirt's error, if it gave one; a <see cref="TimeoutException"/> of a call that did not answer in time, and may still be under way.</param>
public sealed class HostUnreachableException(string host, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The host's name.</summary>
    public string Host { get; } = host;
}
