using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>A device on a host's vDPA bus.</summary>
public sealed record VdpaDeviceFacts
{
    /// <summary>Its name on the bus, such as <c>vdpa0</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The driver of the bus that it is bound to: <c>vhost_vdpa</c> for guests, <c>virtio_vdpa</c> for the host itself.</summary>
    public string? Driver { get; init; }

    /// <summary>Its character device, as of now: the number is given anew each time.</summary>
    public string? CharDevice { get; init; }

    /// <summary>Owner and mode of the character device; <see langword="null"/> when it could not be seen.</summary>
    public FileOwner? Access { get; init; }

    /// <summary>The nearest PCI function above it, which provides it or its scalable function; <see langword="null"/> for a simulated one.</summary>
    public PciAddress? Parent { get; init; }

    /// <summary>What a check needs of a device of the inventory.</summary>
    internal static VdpaDeviceFacts Of(VdpaDevice device, FileOwner? access) => new()
    {
        Name = device.Name,
        Driver = device.Driver,
        CharDevice = device.CharDevice,
        Access = access,
        Parent = PciAddress.TryParse(device.PciParent, out PciAddress parent) ? parent : null,
    };
}
