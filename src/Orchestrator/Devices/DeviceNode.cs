using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The last look before a device is taken away.</summary>
internal static class DeviceNode
{
    /// <summary>
    /// Opens a device's node for a moment: the kernel lets one opener in to a vDPA device or a VFIO group, so it knows users that <c>/proc</c> does not show, in
    /// another pid namespace.
    /// </summary>
    /// <param name="files">The host's files.</param>
    /// <param name="node">The node.</param>
    /// <param name="device">The device, in words.</param>
    /// <exception cref="HostDeviceException">Somebody uses it, or this user cannot know.</exception>
    internal static void RequireUnused(HostFiles files, string node, string device)
    {
        switch (files.Try(node))
        {
            case NodeState.Busy:
                throw new HostDeviceException(HostDeviceProblem.InUse, $"{device} is in use: {node} is open in a process that cannot be seen from here", "Look for it outside of this container.");
            case NodeState.Closed:
                throw new HostDeviceException(HostDeviceProblem.PermissionDenied, $"whether {device} is in use cannot be told: {node} may not be opened", files.RootRemedy);
        }
    }
}
