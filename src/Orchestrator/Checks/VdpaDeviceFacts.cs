using Libvirt.Xml;
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

    /// <summary>The PCI function that provides it; <see langword="null"/> for a simulated one.</summary>
    public PciAddress? Parent { get; init; }
}
