namespace Orchestrator;

/// <summary>What was asked for is the name of one domain and the UUID of another.</summary>
/// <param name="domain">What was asked for.</param>
/// <param name="host">The host's name.</param>
/// <param name="uuidOfName">The UUID of the domain whose name it is.</param>
/// <param name="nameOfUuid">The name of the domain whose UUID it is.</param>
public sealed class DomainAmbiguousException(string domain, string host, Guid uuidOfName, string nameOfUuid)
    : Exception($"{host} has a domain named {domain} (UUID {uuidOfName}), and {domain} is also the UUID of {nameOfUuid}.")
{
    /// <summary>What was asked for.</summary>
    public string Domain { get; } = domain;

    /// <summary>The host's name.</summary>
    public string Host { get; } = host;

    /// <summary>The UUID of the domain whose name it is.</summary>
    public Guid UuidOfName { get; } = uuidOfName;

    /// <summary>The name of the domain whose UUID it is.</summary>
    public string NameOfUuid { get; } = nameOfUuid;
}
