namespace Orchestrator.Checks;

/// <summary>A host's libvirt daemon, and the account its QEMUs run under.</summary>
public sealed record DaemonFacts
{
    /// <summary>Whether it is the system's daemon, which may raise the limits of its QEMUs.</summary>
    public bool IsPrivileged { get; init; }

    /// <summary>The daemon's hard limit of locked memory, in bytes; <see cref="long.MaxValue"/> means none.</summary>
    public long? LockedMemoryLimit { get; init; }

    /// <summary>The lowest hard limit of locked memory of the QEMU processes that run, in bytes; <see langword="null"/> when none runs.</summary>
    public long? QemuLockedMemoryLimit { get; init; }

    /// <summary>The account of its QEMUs; <see langword="null"/> when it could not be told.</summary>
    public AccountFacts? QemuAccount { get; init; }
}

/// <summary>An account of a host.</summary>
/// <param name="Name">Its name, or its number when it has none.</param>
/// <param name="Uid">Its number.</param>
/// <param name="Groups">The numbers of its groups.</param>
public sealed record AccountFacts(string Name, uint Uid, IReadOnlyList<uint> Groups);
