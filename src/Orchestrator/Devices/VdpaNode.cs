using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The last look before a vDPA device is deleted.</summary>
internal static class VdpaNode
{
    private const int Busy = 16; // EBUSY

    /// <summary>
    /// Opens the device's node for a moment: the kernel lets one opener in, so it knows users that <c>/proc</c> does not show, in another pid namespace.
    /// </summary>
    /// <exception cref="HostDeviceException">Somebody uses it, or this user cannot know.</exception>
    internal static void RequireUnused(HostFiles files, string name)
    {
        // Plain files of a made tree would always open.
        if (!files.IsMachine || VdpaSysfs.FindCharDevice(files, name) is not { } node || !files.Exists(node))
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
                HostDeviceProblem.InUse, $"the vDPA device {name} is in use: {node} is open in a process that cannot be seen from here", "Look for it outside of this container.", inner: e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HostDeviceException(
                HostDeviceProblem.PermissionDenied, $"whether the vDPA device {name} is in use cannot be told: {node} may not be opened", "Do it as root.", inner: e);
        }
    }
}
