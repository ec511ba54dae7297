using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Migration;

/// <summary>Everything a migration will do, computed before anything is touched.</summary>
public sealed record MigrationPlan
{
    /// <summary>What was asked for.</summary>
    public required MigrationRequest Request { get; init; }

    /// <summary>The domain as it stands on the source.</summary>
    public required DomainSnapshot Domain { get; init; }

    /// <summary>The source.</summary>
    public required HostIdentity Source { get; init; }

    /// <summary>The destination.</summary>
    public required HostIdentity Destination { get; init; }

    /// <summary>What was checked.</summary>
    public required IReadOnlyList<Check> Checks { get; init; }

    /// <summary>Who drives it: never <see cref="MigrationMode.Auto"/>.</summary>
    public required MigrationMode Mode { get; init; }

    /// <summary>The call to libvirt.</summary>
    public required MigrationCall Call { get; init; }

    /// <summary>Whether the domain is to be persistent on the destination.</summary>
    public bool PersistentOnDestination => Call.Flags.HasFlag(DomainMigrateFlags.PersistDest);

    /// <summary>Whether the source's definition is to be removed.</summary>
    public bool UndefinesSource => Call.Flags.HasFlag(DomainMigrateFlags.UndefineSource);

    /// <summary>What it is to come to.</summary>
    public MigrationExpectation Expectation => new(Domain.Name, Domain.Uuid, Domain.State == DomainState.Running, PersistentOnDestination, UndefinesSource);

    /// <summary>Whether a check refuses it.</summary>
    public bool IsRefused => Checks.Any(check => check.Refuses);
}
