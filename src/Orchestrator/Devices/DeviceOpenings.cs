namespace Orchestrator.Devices;

/// <summary>Which processes have device nodes open.</summary>
/// <param name="Users">The processes by node.</param>
/// <param name="Complete">Whether every process could be looked into; where not, a node without users may have some.</param>
internal sealed record DeviceOpenings(ILookup<string, DeviceUser> Users, bool Complete)
{
    /// <summary>What is said of a device that may have users, where it must have none.</summary>
    /// <param name="device">The device, in words.</param>
    internal static HostDeviceException Unseen(string device) => new(
        HostDeviceProblem.PermissionDenied,
        $"whether {device} is in use cannot be told: this user may not look into all processes",
        "Do it as root, or name the host with -c: its libvirt knows which domains use what, though not which other processes do.");
}
