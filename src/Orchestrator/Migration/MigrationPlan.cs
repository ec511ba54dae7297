using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;

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

    /// <summary>The domain's host devices, and what they become.</summary>
    public IReadOnlyList<MappedDevice> Devices { get; init; } = [];

    /// <summary>The running domain's document for the destination, with <c>***</c> in the place of passwords; <see langword="null"/> when the source's goes as it is.</summary>
    public string? DestinationXml { get; init; }

    /// <summary>The definition for the destination, likewise without passwords; <see langword="null"/> when the source's goes as it is, or none does.</summary>
    public string? PersistentXml { get; init; }

    /// <summary>In what the two documents differ from the source's, in the lines of <c>diff -u</c>.</summary>
    public IReadOnlyList<string> Diff { get; init; } = [];

    /// <summary>What was allowed by a flag, and is made use of.</summary>
    public IReadOnlyList<MigrationConsent> Consents { get; init; } = [];

    /// <summary>What the source told; <see langword="null"/> when it was not asked.</summary>
    public PlanningFacts? SourceFacts { get; init; }

    /// <summary>What the destination told; <see langword="null"/> when it was not asked.</summary>
    public PlanningFacts? DestinationFacts { get; init; }

    /// <summary>The devices that have to be made on the destination before the call.</summary>
    public IEnumerable<DeviceCreation> Creations => Devices.Select(device => device.Creation).OfType<DeviceCreation>();

    /// <summary>The devices that are taken out of the guest before the call and put in again after it, in their order.</summary>
    public IEnumerable<MappedDevice> Detachments => Devices.Where(device => device.Detachment is not null);

    /// <summary>Whether the domain is to be persistent on the destination.</summary>
    public bool PersistentOnDestination => Call.Flags.HasFlag(DomainMigrateFlags.PersistDest);

    /// <summary>Whether the source's definition is to be removed.</summary>
    public bool UndefinesSource => Call.Flags.HasFlag(DomainMigrateFlags.UndefineSource);

    /// <summary>What is known to the policy before it begins.</summary>
    public required PolicyContext PolicyContext { get; init; }

    /// <summary>Whether the destination had nothing of the domain's UUID.</summary>
    internal bool DestinationWasFree { get; init; }

    /// <summary>What it is to come to.</summary>
    internal MigrationExpectation Expectation => new(Domain.Name, Domain.Uuid, Domain.State == DomainState.Running, PersistentOnDestination, UndefinesSource, DestinationWasFree);

    /// <summary>Whether a check refuses it.</summary>
    public bool IsRefused => Checks.Any(check => check.Refuses);
}
