using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>What the destination's virtual function must be. Its driver refuses the state of any other kind, so another vendor's is never taken.</summary>
internal sealed record FunctionWanted
{
    internal VirtualFunction? Function { get; init; }

    /// <summary>The VFIO driver that it must be bound to; <see langword="null"/> where libvirt binds it itself.</summary>
    internal string? Driver { get; init; }

    internal static FunctionWanted Of(DomainDevice device, DeviceInventory source, HostDialect? destination)
    {
        VirtualFunction? present = source.Functions?.VirtualFunctions.FirstOrDefault(function => function.Address == device.HostResource);
        bool libvirtBinds = device is PciHostDevice { Managed: true } or HostdevInterface { Managed: true };
        return new()
        {
            Function = present,
            Driver = present?.Engine is not null ? KaeDriver(destination) ?? present.Driver : libvirtBinds ? null : present?.Driver,
        };
    }

    /// <summary>The driver by which a release migrates accelerators: 22.03's kernel through vfio-pci and hisi_migration, later ones through a driver of its own.</summary>
    internal static string? KaeDriver(HostDialect? dialect) => dialect switch
    {
        { Name: DialectName.OpenEuler, LibvirtVersion: > 0 and < 9_000_000 } => VfDriver.VfioPci,
        { Name: DialectName.OpenEuler } => VfDriver.HisiAccVfioPci,
        _ => null,
    };

    internal Fit With(VirtualFunction candidate)
    {
        var obstacles = new List<string>();
        var doubts = new List<string>();
        if (Function is null)
        {
            doubts.Add("what function the source's is, is not known");
        }
        else if (Function.Id != candidate.Id)
        {
            obstacles.Add($"{candidate.Id}, not {Function.Id}: state goes only between functions of one kind");
        }

        if (candidate.Users.Count > 0)
        {
            obstacles.Add($"in use by {string.Join(" and by ", candidate.Users)}");
        }
        else if (!candidate.UsersKnown)
        {
            doubts.Add("who uses it is not known");
        }

        if (Driver is not null && candidate.Driver != Driver)
        {
            obstacles.Add($"bound to {candidate.Driver ?? "no driver"}, not to {Driver}");
        }

        if (candidate.IommuGroupSize > 1)
        {
            obstacles.Add("not alone in its IOMMU group");
        }

        return new(obstacles, doubts, IsCrossVendor: false);
    }
}
