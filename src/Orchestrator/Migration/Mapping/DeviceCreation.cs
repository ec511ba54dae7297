using Orchestrator.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>A vDPA device that a migration has made on the destination.</summary>
/// <param name="ManagementDevice">What it is made on.</param>
/// <param name="Name">Its name.</param>
/// <param name="Mac">Its MAC address; <see langword="null"/> for the driver's choice.</param>
/// <param name="Mtu">Its MTU in bytes; <see langword="null"/> for the driver's choice.</param>
/// <param name="MaxVirtqueuePairs">How many pairs of virtqueues it has at most; <see langword="null"/> for the driver's choice.</param>
public sealed record DeviceCreation(string ManagementDevice, string Name, string? Mac = null, int? Mtu = null, int? MaxVirtqueuePairs = null)
{
    /// <summary>Stands in a plan's documents until the device is made: the kernel gives the number then. No host has such a node, so that nothing could start with it.</summary>
    public string Placeholder => $"/dev/vhost-vdpa-of-{Name}";

    /// <summary>The same for the part that makes devices.</summary>
    public VdpaRequest ToRequest() => new() { Name = Name, ManagementDevice = ManagementDevice, Mac = Mac, Mtu = Mtu, MaxVirtqueuePairs = MaxVirtqueuePairs };

    /// <summary>The command that makes it: <c>vdpa dev add name vdpa0 mgmtdev pci/0000:08:01.1</c>.</summary>
    public override string ToString() => VdpaDevices.CommandOf(ToRequest());
}
