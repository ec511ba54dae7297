using System.Globalization;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>What the destination's device must be for a guest not to see the difference, as far as the source tells.</summary>
internal sealed record VdpaWanted
{
    private const string NoMac = "00:00:00:00:00:00";

    internal VdpaClass? Class { get; init; }

    internal string? Mac { get; init; }

    internal VdpaDevice? Device { get; init; }

    /// <summary>The driver of what the device was made on.</summary>
    internal string? Driver { get; init; }

    /// <summary>Whether nobody tells the source's MTU; a card that tells its configuration without one has none.</summary>
    private bool MtuIsUnknown => Device is null or { Mtu: null, ConfigurationTold: false };

    internal static VdpaWanted Of(DomainDevice device, DeviceInventory source)
    {
        VdpaDevice? present = source.Vdpa?.FirstOrDefault(candidate => candidate.CharDevice == device.HostResource);
        VdpaClass? known = device switch
        {
            VdpaInterface or VhostVdpaNetwork => VdpaClass.Net,
            VhostVdpaDisk => VdpaClass.Block,
            _ => present is { Class: not VdpaClass.Other } ? present.Class : null,
        };

        // What QEMU is told of a card's address wins over what the card itself says.
        string? mac = device switch { VdpaInterface nic => nic.Mac, VhostVdpaNetwork nic => nic.Mac, _ => null } ?? present?.Mac;
        return new() { Class = known, Mac = known == VdpaClass.Net ? mac : null, Device = present, Driver = DriverOf(present, source) };
    }

    /// <summary>Compares with a device that is there.</summary>
    internal Fit With(VdpaDevice candidate, DeviceInventory destination, bool allowsCrossVendor)
    {
        var obstacles = new List<string>();
        var doubts = new List<string>();
        if (candidate.Users.Count > 0)
        {
            obstacles.Add($"in use by {string.Join(" and by ", candidate.Users)}");
        }
        else if (!candidate.UsersKnown)
        {
            doubts.Add("who uses it is not known");
        }

        if (candidate.CharDevice is null)
        {
            obstacles.Add(candidate.Driver is null ? "no driver has it" : $"{candidate.Driver} has it, not vhost_vdpa");
        }

        CompareClass(candidate.Class == VdpaClass.Other ? null : candidate.Class, obstacles, doubts);
        if (Class == VdpaClass.Net)
        {
            Compare("MAC", Mac, candidate.Mac ?? (candidate.ConfigurationTold ? NoMac : null), obstacles, doubts);
            if (MtuIsUnknown ? candidate.Mtu is not null : Device?.Mtu is not null)
            {
                Compare("MTU", Text(Device?.Mtu), Text(candidate.Mtu) ?? (candidate.ConfigurationTold ? "none" : null), obstacles, doubts);
            }

            AtLeast("pairs of virtqueues", Pairs(Device), Pairs(candidate), obstacles);
        }

        AtLeast("virtqueues", Device?.MaxVirtqueues, candidate.MaxVirtqueues, obstacles);
        AtLeast("entries of a virtqueue", Device?.MaxVirtqueueSize, candidate.MaxVirtqueueSize, obstacles);
        CompareFeatures(destination.Management?.FirstOrDefault(management => management.Name == candidate.ManagementDevice), obstacles);
        bool other = IsOtherVendor(candidate.VendorId, DriverOf(candidate, destination));
        if (other && !allowsCrossVendor)
        {
            obstacles.Add("another vendor's (--allow cross-vendor)");
        }

        return new(obstacles, doubts, other);
    }

    /// <summary>Compares with a device that could be made.</summary>
    internal Fit With(VdpaManagementDevice management, bool allowsCrossVendor)
    {
        var obstacles = new List<string>();
        var doubts = new List<string>();
        if (Class is { } wanted && management.Classes.Count > 0 && !management.Classes.Contains(wanted))
        {
            obstacles.Add($"makes no {Name(wanted)} devices");
        }

        if (Class is null)
        {
            doubts.Add("what kind of device the source's is, is not known");
        }
        else if (Class == VdpaClass.Block)
        {
            doubts.Add("a new disk is not the source's volume unless somebody who knows says so");
        }

        if (Class == VdpaClass.Net && Mac is null)
        {
            doubts.Add("the card's MAC is not known");
        }

        if (Mac is { } mac && mac != NoMac && management.Features.Count > 0 && !management.Features.Contains("MAC"))
        {
            obstacles.Add("gives no MAC to its devices");
        }

        if (Class == VdpaClass.Net && MtuIsUnknown)
        {
            doubts.Add("the card's MTU is not known");
        }
        else if (Class == VdpaClass.Net && Device?.Mtu is not null && !management.Features.Contains("MTU"))
        {
            (management.Features.Count > 0 ? obstacles : doubts).Add(management.Features.Count > 0 ? "gives no MTU to its devices" : "whether it gives its devices an MTU is not known");
        }

        if (management.MaxVirtqueues > 0)
        {
            AtLeast("virtqueues", Device?.MaxVirtqueues, management.MaxVirtqueues, obstacles);
        }

        CompareFeatures(management, obstacles);
        bool other = IsOtherVendor(null, DriverName(management));
        if (other && !allowsCrossVendor)
        {
            obstacles.Add("another vendor's (--allow cross-vendor)");
        }

        return new(obstacles, doubts, other);
    }

    /// <summary>The device to make on a management device.</summary>
    internal DeviceCreation On(VdpaManagementDevice management, string name)
    {
        bool net = Class == VdpaClass.Net;
        return new(
            management.Name, name, net && Mac != NoMac ? Mac : null, net ? Device?.Mtu : null, net && Pairs(Device) is { } pairs and > 1 ? pairs : null);
    }

    private void CompareClass(VdpaClass? candidate, List<string> obstacles, List<string> doubts)
    {
        switch (Class, candidate)
        {
            case ({ } wanted, { } actual) when wanted != actual:
                obstacles.Add($"a {Name(actual)} device, not a {Name(wanted)} device");
                break;
            case (null, _):
                doubts.Add("what kind of device the source's is, is not known");
                break;
            case (_, null):
                doubts.Add("what kind of device it is, is not known");
                break;
            case (VdpaClass.Block, _):
                doubts.Add("that it is the same volume cannot be shown: neither kernel nor vdpa tool tells a disk's identity");
                break;
        }
    }

    // What a driver negotiated must be on offer again; a management device tells what it can offer.
    private void CompareFeatures(VdpaManagementDevice? management, List<string> obstacles)
    {
        if (management is { Features.Count: > 0 } && Device?.Features.Except(management.Features, StringComparer.Ordinal).ToArray() is { Length: > 0 } missing)
        {
            obstacles.Add($"without the features {string.Join(", ", missing)}");
        }
    }

    private bool IsOtherVendor(long? vendor, string? driver) => Device?.VendorId is { } mine && vendor is { } theirs ? mine != theirs : Driver is not null && driver is not null && Driver != driver;

    private static void Compare(string what, string? wanted, string? candidate, List<string> obstacles, List<string> doubts)
    {
        if (wanted is not null && candidate is not null && !string.Equals(wanted, candidate, StringComparison.OrdinalIgnoreCase))
        {
            obstacles.Add($"its {what} is {candidate}, not {wanted}");
        }
        else if (wanted is null || candidate is null)
        {
            doubts.Add(wanted is null ? $"the source's {what} is not known" : $"its {what} is not known");
        }
    }

    private static void AtLeast(string what, int? wanted, int? candidate, List<string> obstacles)
    {
        if (candidate < wanted)
        {
            obstacles.Add(string.Create(CultureInfo.InvariantCulture, $"{candidate} {what}, not {wanted}"));
        }
    }

    // A device without the feature MQ has one pair and does not say so.
    private static int? Pairs(VdpaDevice? device) => device?.MaxVirtqueuePairs ?? (device is { Class: VdpaClass.Net, ConfigurationTold: true } ? 1 : null);

    private static string? DriverOf(VdpaDevice? device, DeviceInventory inventory) =>
        device?.ManagementDevice is not { } name ? null
        : inventory.Management?.FirstOrDefault(management => management.Name == name) is { } management ? DriverName(management)
        : IsOwnDriver(name) ? name : null;

    /// <summary>A simulator is a management device and its driver in one.</summary>
    private static string? DriverName(VdpaManagementDevice management) => management.Driver ?? (IsOwnDriver(management.Name) ? management.Name : null);

    private static bool IsOwnDriver(string name) => !name.Contains('/', StringComparison.Ordinal);

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Name(VdpaClass kind) => kind == VdpaClass.Net ? "network" : kind == VdpaClass.Block ? "block" : "other";
}
