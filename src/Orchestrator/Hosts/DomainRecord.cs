using Libvirt.Interop;

namespace Orchestrator.Hosts;

/// <summary>One domain in a list of all: read in few calls, and without waiting for a domain that is busy.</summary>
public sealed record DomainRecord
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The state.</summary>
    public required DomainState State { get; init; }

    /// <summary>Why it is in that state: a value of the <c>Domain…Reason</c> enumeration of the state.</summary>
    public int Reason { get; init; }

    /// <summary>The memory it has now, in KiB; <see langword="null"/> when the host did not tell.</summary>
    public long? MemoryKiB { get; init; }

    /// <summary>The most memory it can have without a restart, in KiB; <see langword="null"/> when the host did not tell.</summary>
    public long? MaxMemoryKiB { get; init; }

    /// <summary>The virtual CPUs it has now; <see langword="null"/> when the host did not tell.</summary>
    public int? Vcpus { get; init; }

    /// <summary>Whether it has a definition that outlives it.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>Whether it is started with its host.</summary>
    public bool IsAutostarted { get; init; }

    /// <summary>Whether its next start restores a saved state.</summary>
    public bool HasManagedSave { get; init; }

    /// <summary>The kind of job that runs on it; <see langword="null"/> when the host did not tell.</summary>
    public DomainJobType? Job { get; init; }

    /// <summary>What that job does.</summary>
    public DomainJobOperation JobOperation { get; init; }

    /// <summary>The document of the running domain, or of the definition of one that is off; <see langword="null"/> when the host did not tell.</summary>
    public string? Xml { get; init; }

    /// <summary>Why something was not told; <see langword="null"/> when all was.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether a QEMU process stands behind it: running, paused, being shut down …</summary>
    public bool IsActive => DomainSnapshot.IsActiveIn(State);

    /// <summary>State and reason in words: <c>running/migrated</c>.</summary>
    public string Describe() => DomainSnapshot.Describe(State, Reason);
}
