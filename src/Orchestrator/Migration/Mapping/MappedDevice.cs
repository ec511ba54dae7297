using Libvirt.Xml.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>A device of the host that a domain has, and what it becomes on the destination.</summary>
public sealed record MappedDevice
{
    /// <summary>A short text for people, such as <c>&lt;hostdev type='vdpa'&gt;</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>How it is virtualised.</summary>
    public required DeviceScheme Scheme { get; init; }

    /// <summary>Its place on the guest's PCI bus, which stays; <see langword="null"/> when the document tells none.</summary>
    public string? GuestAddress { get; init; }

    /// <summary>libvirt's or QEMU's name of it.</summary>
    public string? Alias { get; init; }

    /// <summary>What it uses of the source: a node, a PCI address, a socket.</summary>
    public required string Source { get; init; }

    /// <summary>What it will use of the destination; <see langword="null"/> when nothing fits.</summary>
    public string? Destination { get; init; }

    /// <summary>Why that, or why nothing.</summary>
    public required string Why { get; init; }

    /// <summary>Whether a person mapped it.</summary>
    public bool IsByHand { get; init; }

    /// <summary>What could not be checked of a device that a person mapped.</summary>
    public IReadOnlyList<string> Unchecked { get; init; } = [];

    /// <summary>The device that has to be made for it first; <see langword="null"/> when it is there.</summary>
    public DeviceCreation? Creation { get; init; }

    /// <summary>Whether it becomes a device of another vendor, by consent.</summary>
    public bool IsCrossVendor { get; init; }

    /// <summary>How it is taken out of the guest for the migration and put in again; <see langword="null"/> when it goes with the guest.</summary>
    public DeviceDetachment? Detachment { get; init; }
}
