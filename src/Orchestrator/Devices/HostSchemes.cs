using Libvirt.Xml.Devices;

namespace Orchestrator.Devices;

/// <summary>Schemes whose devices use something that one host has and another may not.</summary>
internal static class HostSchemes
{
    internal static bool IsOfTheHost(this DeviceScheme scheme) =>
        scheme is not (DeviceScheme.Emulated or DeviceScheme.Virtio or DeviceScheme.VhostKernel or DeviceScheme.VdpaNetSimulation or DeviceScheme.Other);
}
