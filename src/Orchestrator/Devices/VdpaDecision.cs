namespace Orchestrator.Devices;

/// <summary>What is to be done to come from what a host has to what was asked for.</summary>
internal static class VdpaDecision
{
    /// <summary>Whether a device is to be made; <see langword="false"/> when it is there already and that will do.</summary>
    /// <param name="request">The device.</param>
    /// <param name="ifNeeded">The same device, already there, will do.</param>
    /// <param name="management">The host's management devices.</param>
    /// <param name="devices">Its devices.</param>
    /// <exception cref="HostDeviceException">It cannot be made.</exception>
    internal static bool MustCreate(VdpaRequest request, bool ifNeeded, IReadOnlyList<VdpaManagementDevice> management, IReadOnlyList<VdpaDevice> devices)
    {
        if (devices.FirstOrDefault(device => device.Name == request.Name) is { } there)
        {
            IReadOnlyList<string> differences = request.DifferencesTo(there);
            return (ifNeeded, differences) switch
            {
                (true, []) => false,
                (_, []) => throw new HostDeviceException(
                    HostDeviceProblem.AlreadyExists, $"there is a vDPA device {request.Name} already, just as asked for", "Say --if-needed when that will do."),
                _ => throw new HostDeviceException(
                    HostDeviceProblem.Differs,
                    $"there is a vDPA device {request.Name} already, and it is another: {string.Join("; ", differences)}",
                    $"Choose another name, or delete that one first: orchestrator vdpa delete {request.Name}."),
            };
        }

        VdpaManagementDevice parent = management.FirstOrDefault(device => device.Name == request.ManagementDevice) ?? throw new HostDeviceException(
            HostDeviceProblem.NoManagementDevice,
            $"there is no management device {request.ManagementDevice}",
            management.Any(device => device.Name == $"pci/{request.ManagementDevice}") ? $"With its bus: pci/{request.ManagementDevice}."
            : management.Count == 0 ? "There is none at all: bind the card's vDPA driver (docs/vdpa-devices.md)."
            : $"There are {string.Join(", ", management.Select(device => device.Name))}.");
        if (request is { Mac: not null } or { Mtu: not null } or { MaxVirtqueuePairs: not null } && parent.Classes is not [] && !parent.Classes.Contains(VdpaClass.Net))
        {
            throw new HostDeviceException(
                HostDeviceProblem.NotSupported, $"{parent.Name} makes no network cards, and only those have a MAC, an MTU or pairs of virtqueues", "Leave --mac, --mtu and --max-vqp out.");
        }

        // vp_vdpa passes one virtio function through. It takes a second device, which then fights with the first for the same registers.
        if (parent.Driver is "vp-vdpa" or "vp_vdpa" && devices.FirstOrDefault(device => device.ManagementDevice == parent.Name) is { } first)
        {
            throw new HostDeviceException(
                HostDeviceProblem.NotSupported, $"{parent.Name} has its vDPA device already, {first.Name}: its driver vp_vdpa is good for one", "Take another function of the card.");
        }

        return true;
    }

    /// <summary>Whether a device is to be deleted; <see langword="false"/> when it is not there and that will do.</summary>
    /// <param name="name">The device.</param>
    /// <param name="ifNeeded">No such device will do.</param>
    /// <param name="exists">Whether there is one.</param>
    /// <param name="users">Who uses it.</param>
    /// <param name="usersKnown">Whether those are all.</param>
    /// <exception cref="HostDeviceException">It cannot be deleted.</exception>
    internal static bool MustDelete(string name, bool ifNeeded, bool exists, IReadOnlyList<DeviceUser> users, bool usersKnown = true) => (exists, ifNeeded, users) switch
    {
        (false, true, _) => false,
        (false, false, _) => throw new HostDeviceException(
            HostDeviceProblem.NotFound, $"there is no vDPA device {name}", "See what there is: orchestrator vdpa list. Say --if-needed when none is just as well."),
        (true, _, []) => usersKnown ? true : throw DeviceOpenings.Unseen($"the vDPA device {name}"),
        // The kernel would wait, beyond any signal, until the last one closes it, and every other vdpa command behind it.
        _ => throw new HostDeviceException(
            HostDeviceProblem.InUse, $"the vDPA device {name} is in use by {string.Join(" and by ", users)}", "Detach it, or end what uses it, first. Deleting it now would hang, and every other vdpa command with it."),
    };
}
