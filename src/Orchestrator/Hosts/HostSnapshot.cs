using Libvirt.Interop;

namespace Orchestrator.Hosts;

/// <summary>What a host is.</summary>
public sealed record HostIdentity
{
    /// <summary>What the user calls the host.</summary>
    public required string Name { get; init; }

    /// <summary>The canonical URI, without a password.</summary>
    public required string Uri { get; init; }

    /// <summary>The host's UUID, by which two names of one host are recognised; <see langword="null"/> when the driver tells none.</summary>
    public Guid? HostUuid { get; init; }

    /// <summary>The host's own name.</summary>
    public string? HostName { get; init; }

    /// <summary>The CPU architecture, as libvirt names it (<c>x86_64</c>, <c>aarch64</c>).</summary>
    public string? Architecture { get; init; }

    /// <summary>The driver: <c>QEMU</c>, <c>Test</c>, …</summary>
    public string? Driver { get; init; }

    /// <summary>The daemon's libvirt version, <c>major * 1000000 + minor * 1000 + release</c>.</summary>
    public long LibvirtVersion { get; init; }

    /// <summary>QEMU's version in the same form; 0 when unknown.</summary>
    public long QemuVersion { get; init; }

    /// <summary>Whether its daemon is the system's, which runs as root and can raise what a guest may lock.</summary>
    internal bool IsPrivileged => System.Uri.TryCreate(Uri, UriKind.Absolute, out Uri? uri) && uri.AbsolutePath == "/system";
}

/// <summary>One domain on one host, at one moment.</summary>
public sealed record DomainSnapshot
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The state.</summary>
    public required DomainState State { get; init; }

    /// <summary>Why it is in that state: a value of the <c>Domain…Reason</c> enumeration of the state.</summary>
    public int Reason { get; init; }

    /// <summary>Whether it has a definition that outlives it.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>The kind of job that runs on it.</summary>
    public DomainJobType Job { get; init; }

    /// <summary>
    /// What the job does. Of a migration that arrives libvirt tells no statistics, so that <see cref="Job"/> is <see cref="DomainJobType.None"/> then; this is
    /// <see cref="DomainJobOperation.MigrationIn"/> all the same.
    /// </summary>
    public DomainJobOperation JobOperation { get; init; }

    /// <summary>
    /// The document of the running domain, or of the definition of one that is off. Of a copy that arrives by migration libvirt tells none before it has
    /// arrived: then it has the name and the UUID alone. So it has in a list of all domains when the domain did not answer.
    /// </summary>
    public required string Xml { get; init; }

    /// <summary>Whether a QEMU process stands behind it: running, paused, being shut down, kept after a crash (one that ended by a crash is shut off) …</summary>
    public bool IsActive => IsActiveIn(State);

    /// <summary>State and reason in words: <c>running/migrated</c>.</summary>
    public string Describe() => Describe(State, Reason);

    internal static bool IsActiveIn(DomainState state) => state is not (DomainState.Shutoff or DomainState.Nostate);

    internal static string Describe(DomainState state, int code)
    {
        string? reason = state switch
        {
            DomainState.Running => Enum.GetName((DomainRunningReason)code),
            DomainState.Paused => Enum.GetName((DomainPausedReason)code),
            DomainState.Shutoff => Enum.GetName((DomainShutoffReason)code),
            _ => null,
        };
        return reason is null or "Unknown" ? $"{state}".ToLowerInvariant() : $"{state}/{reason}".ToLowerInvariant();
    }
}

/// <summary>A host and what stands on it under one name and one UUID.</summary>
/// <param name="Host">The host.</param>
/// <param name="ByName">The domain of that name, or <see langword="null"/>.</param>
/// <param name="ByUuid">The domain of that UUID, or <see langword="null"/>.</param>
public sealed record HostSnapshot(HostIdentity Host, DomainSnapshot? ByName, DomainSnapshot? ByUuid);
