using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Migration.Checks;

/// <summary>All that the checks of a plan look at.</summary>
/// <param name="Request">What is asked for.</param>
/// <param name="Domain">The domain as it stands on the source.</param>
/// <param name="Document">Its document; <see langword="null"/> when it cannot be read.</param>
/// <param name="Unreadable">Why it cannot.</param>
/// <param name="Source">The source.</param>
/// <param name="Destination">The destination, and what stands there.</param>
/// <param name="Here">What the source told.</param>
/// <param name="There">What the destination told.</param>
/// <param name="Mapping">What becomes of the host devices.</param>
/// <param name="Documents">The documents for the destination.</param>
/// <param name="Mode">Who drives it.</param>
/// <param name="Flags">The flags of the call.</param>
/// <param name="OneMachine">Whether both daemons run on one machine.</param>
internal sealed record PlanContext(
    MigrationRequest Request, DomainSnapshot Domain, DomainDocument? Document, string? Unreadable, HostIdentity Source, HostSnapshot Destination, PlanningFacts? Here, PlanningFacts? There,
    DeviceMapping Mapping, PlanDocuments Documents, MigrationMode Mode, DomainMigrateFlags Flags, bool OneMachine)
{
    internal string From => Source.Name;

    internal string To => Destination.Host.Name;

    /// <summary>Whether the call copies the disks.</summary>
    internal bool CopiesStorage => (Flags & (DomainMigrateFlags.NonSharedDisk | DomainMigrateFlags.NonSharedInc)) != 0;

    /// <summary>The domain's devices on vhost-vdpa.</summary>
    internal IReadOnlyList<DomainDevice> Vdpa { get; } = [.. Document?.Devices.Where(DeviceMapper.IsVdpa) ?? []];

    /// <summary>The domain's PCI functions.</summary>
    internal IReadOnlyList<DomainDevice> Functions { get; } = [.. Document?.Devices.Where(DeviceMapper.IsFunction) ?? []];

    /// <summary>Those of them that the source knows as functions of the accelerator.</summary>
    internal IReadOnlyList<DomainDevice> Accelerators => [.. Functions.Where(device => Here?.Inventory.Functions?.VirtualFunctions.Any(function => function.Address == device.HostResource && function.Engine is not null) == true)];

    /// <summary>What the devices cost of the blackout by themselves.</summary>
    internal DeviceFloor? DeviceFloor => Migration.DeviceFloor.Of(Vdpa.Count(device => !IsDetached(device)), Accelerators.Count);

    /// <summary>Whether a device is not in the guest while it moves.</summary>
    internal bool IsDetached(DomainDevice device) => Mapping.Devices.Any(mapped => mapped.Detachment is not null && mapped.Source == device.HostResource);

    internal bool Allows(string consent) => Request.Allow.Contains(consent);

    /// <summary>A check that holds or not.</summary>
    internal static Check Check(string id, CheckSeverity severity, bool holds, string pass, string fail, string? remedy) =>
        holds ? new(id, severity, CheckResult.Pass, pass) : new(id, severity, CheckResult.Fail, fail, remedy);

    internal static Check Pass(string id, string message, CheckSeverity severity = CheckSeverity.Error) => new(id, severity, CheckResult.Pass, message);

    internal static Check Unknown(string id, string message, string? remedy = null, CheckSeverity severity = CheckSeverity.Info) => new(id, severity, CheckResult.Unknown, message, remedy);
}
