using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The last look before a device is taken away.</summary>
internal static class DeviceNode
{
    private const int Busy = 16; // EBUSY

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
        // Plain files of a made tree would always open.
        if (!files.IsMachine || !files.Exists(node))
        {
            return;
        }

        try
        {
            File.OpenHandle(node, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (IOException e) when (e.HResult == Busy)
        {
            throw new HostDeviceException(
                HostDeviceProblem.InUse, $"{device} is in use: {node} is open in a process that cannot be seen from here", "Look for it outside of this container.", inner: e);
        }
        catch (IOException)
        {
            // A group that may not be opened for another reason (not all of it is bound to VFIO) has no user.
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HostDeviceException(
                HostDeviceProblem.PermissionDenied, $"whether {device} is in use cannot be told: {node} may not be opened", "Do it as root.", inner: e);
        }
    }
}
