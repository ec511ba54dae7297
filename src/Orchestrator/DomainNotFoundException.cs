namespace Orchestrator;

/// <summary>The source has no domain of that name or UUID.</summary>
/// <param name="domain">What was asked for.</param>
/// <param name="host">The host's name.</param>
public sealed class DomainNotFoundException(string domain, string host) : Exception($"{host} has no domain named {domain}.")
{
    /// <summary>What was asked for.</summary>
    public string Domain { get; } = domain;

    /// <summary>The host's name.</summary>
    public string Host { get; } = host;
}
