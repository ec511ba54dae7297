using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>
/// The vDPA devices of a machine: the <c>vdpa</c> tool knows what they are and makes them, sysfs where they are, <c>/proc</c> and libvirt who uses them.
/// </summary>
/// <param name="files">The machine's files.</param>
/// <param name="tool">Its tool.</param>
/// <param name="host">Its libvirt, to know the domains that use a device without a process to be seen; <see langword="null"/> for none.</param>
/// <param name="timeProvider">The clock of the waits.</param>
public sealed class VdpaDevices(HostFiles files, VdpaTool tool, IHost? host = null, TimeProvider? timeProvider = null)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>How long a new device may take to get its character device.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The management devices.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostDeviceException">The tool is missing, failed, or printed what cannot be read.</exception>
    public async Task<IReadOnlyList<VdpaManagementDevice>> ListManagementDevicesAsync(CancellationToken cancellationToken = default) =>
        [.. VdpaOutput.ManagementDevices(await tool.AskAsync(["mgmtdev", "show", "-j"], cancellationToken).ConfigureAwait(false)).Select(device => VdpaSysfs.Complete(files, device))];

    /// <summary>The devices, with who uses them.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostDeviceException">The tool is missing, failed, or printed what cannot be read.</exception>
    public async Task<IReadOnlyList<VdpaDevice>> ListAsync(CancellationToken cancellationToken = default)
    {
        IReadOnlyList<VdpaDevice> devices = VdpaOutput.Devices(await tool.AskAsync(["dev", "show", "-j"], cancellationToken).ConfigureAwait(false));
        try
        {
            devices = VdpaOutput.WithConfiguration(devices, await tool.AskAsync(["dev", "config", "show", "-j"], cancellationToken).ConfigureAwait(false));
        }
        catch (HostDeviceException e) when (e.Problem is HostDeviceProblem.ToolTooOld or HostDeviceProblem.NotSupported or HostDeviceProblem.NotNegotiated)
        {
            // An iproute2 or a kernel from before the configuration could be asked for, or (5.17 to 6.0) one that tells it to nobody while one device's driver is not up.
        }

        HostFiles seen = Sysfs.VdpaAhead(files);
        devices = [.. devices.Select(device => VdpaSysfs.Complete(seen, device))];
        return await WithUsersAsync(devices, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The most entries that a ring of each device can have, by its character device. Who uses the devices is not looked for.</summary>
    internal async Task<IReadOnlyDictionary<string, int>> ReadRingSizesAsync(CancellationToken cancellationToken) =>
        VdpaOutput.Devices(await tool.AskAsync(["dev", "show", "-j"], cancellationToken).ConfigureAwait(false))
            .Select(device => VdpaSysfs.Complete(files, device))
            .Where(device => device is { CharDevice: not null, MaxVirtqueueSize: not null })
            .ToDictionary(device => device.CharDevice!, device => device.MaxVirtqueueSize!.Value);

    /// <summary>
    /// Whether the guest's driver has chosen features of a device, by the device's node: then it is up. Only of devices of which the tool tells it: it prints nothing of a disk's configuration (iproute2 6.15), up or not.
    /// </summary>
    internal async Task<IReadOnlyDictionary<string, bool>> ReadNegotiatedAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<VdpaDevice> devices = VdpaOutput.Devices(await tool.AskAsync(["dev", "show", "-j"], cancellationToken).ConfigureAwait(false));
        devices = VdpaOutput.WithConfiguration(devices, await tool.AskAsync(["dev", "config", "show", "-j"], cancellationToken).ConfigureAwait(false));
        return devices.Where(device => device.ConfigurationTold && (device.Class == VdpaClass.Net || device.Features.Count > 0))
            .Select(device => VdpaSysfs.Complete(files, device)).Where(device => device.CharDevice is not null)
            .ToDictionary(device => device.CharDevice!, device => device.Features.Count > 0);
    }

    /// <summary>The commands that would make a device; none when it is there already and that will do. Nothing is changed.</summary>
    /// <param name="request">The device.</param>
    /// <param name="ifNeeded">The same device, already there, will do.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostDeviceException">It cannot be made.</exception>
    public async Task<IReadOnlyList<string>> PlanCreateAsync(VdpaRequest request, bool ifNeeded = false, CancellationToken cancellationToken = default)
    {
        request.Validate();
        IReadOnlyList<VdpaManagementDevice> management = await ListManagementDevicesAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<VdpaDevice> devices = await ListAsync(cancellationToken).ConfigureAwait(false);
        return VdpaDecision.MustCreate(request, ifNeeded, management, devices) ? [CommandOf(request)] : [];
    }

    /// <summary>Makes a device and waits for its character device.</summary>
    /// <param name="request">The device.</param>
    /// <param name="ifNeeded">The same device, already there, will do.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The device as the host has it, and whether it was made now.</returns>
    /// <exception cref="HostDeviceException">It could not be made, or (<see cref="HostDeviceProblem.Degraded"/>) is not what was asked for.</exception>
    public async Task<(VdpaDevice Device, bool Created)> CreateAsync(VdpaRequest request, bool ifNeeded = false, CancellationToken cancellationToken = default)
    {
        bool create = (await PlanCreateAsync(request, ifNeeded, cancellationToken).ConfigureAwait(false)).Count > 0;
        if (!create)
        {
            return (await FinishAsync(request, made: false, cancellationToken).ConfigureAwait(false), false);
        }

        await tool.ChangeAsync(request.Arguments, cancellationToken).ConfigureAwait(false);
        try
        {
            return (await FinishAsync(request, made: true, CancellationToken.None).ConfigureAwait(false), true); // it is made: what it has become shall be said
        }
        catch (Exception e) when (e is not HostDeviceException { Problem: HostDeviceProblem.Degraded })
        {
            throw new HostDeviceException(
                HostDeviceProblem.Degraded, $"the vDPA device {request.Name} was made, but what it has become cannot be told: {e.Message}",
                $"It is there: see it with orchestrator vdpa list, or delete it with orchestrator vdpa delete {request.Name}.", inner: e);
        }
    }

    /// <summary>Waits for a device's character device and compares the device with the request.</summary>
    private async Task<VdpaDevice> FinishAsync(VdpaRequest request, bool made, CancellationToken cancellationToken)
    {
        // The driver is bound, and udev makes the node, after the tool has come back.
        long start = _timeProvider.GetTimestamp();
        while (!(VdpaSysfs.FindCharDevice(files, request.Name) is { } node && files.Exists(node)) && _timeProvider.GetElapsedTime(start) < Patience)
        {
            await Task.Delay(Step, _timeProvider, cancellationToken).ConfigureAwait(false);
        }

        VdpaDevice device = (await ListAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(device => device.Name == request.Name)
            ?? throw new HostDeviceException(HostDeviceProblem.Degraded, $"the vDPA device {request.Name} was made, and is not there any more", "The kernel's log (dmesg) may tell why.");

        // A kernel that took the values, and does not tell them before a driver is up, has not dropped them.
        IReadOnlyList<string> differences = (made && !device.ConfigurationTold ? request with { Mac = null, Mtu = null, MaxVirtqueuePairs = null } : request).DifferencesTo(device);
        if (differences.Count > 0)
        {
            throw new HostDeviceException(
                HostDeviceProblem.Degraded, $"the vDPA device {device.Name} was made, but not as asked for: {string.Join("; ", differences)}",
                $"Its driver dropped that. Take it as it is, or delete it: orchestrator vdpa delete {device.Name}.");
        }

        return device.CharDevice is not null && files.Exists(device.CharDevice) ? device : throw NoCharDevice(device);
    }

    /// <summary>The commands that would delete a device; none when it is not there and that will do. Nothing is changed.</summary>
    /// <param name="name">The device.</param>
    /// <param name="ifNeeded">No such device will do.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostDeviceException">It cannot be deleted: it is in use, for example.</exception>
    public async Task<IReadOnlyList<string>> PlanDeleteAsync(string name, bool ifNeeded = false, CancellationToken cancellationToken = default)
    {
        // The tool is not asked: behind a hanging deletion it would hang too.
        bool exists = VdpaSysfs.Has(files, name);
        if (!exists || name.StartsWith('-'))
        {
            // One that is there has a name, even one that is not ours to give.
            VdpaRequest.ValidateName(name);
        }

        VdpaDevice device = new() { Name = name };
        device = exists ? (await WithUsersAsync([VdpaSysfs.Complete(files, device)], cancellationToken).ConfigureAwait(false))[0] : device;
        return VdpaDecision.MustDelete(name, ifNeeded, exists, device.Users, device.UsersKnown) ? [$"vdpa {string.Join(' ', DeleteArguments(name))}"] : [];
    }

    /// <summary>Deletes a device that nobody uses.</summary>
    /// <param name="name">The device.</param>
    /// <param name="ifNeeded">No such device will do.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="HostDeviceException">It cannot be deleted.</exception>
    public async Task<bool> DeleteAsync(string name, bool ifNeeded = false, CancellationToken cancellationToken = default)
    {
        if ((await PlanDeleteAsync(name, ifNeeded, cancellationToken).ConfigureAwait(false)).Count == 0)
        {
            return false;
        }

        if (VdpaSysfs.FindCharDevice(files, name) is { } node)
        {
            DeviceNode.RequireUnused(files, node, $"the vDPA device {name}");
        }

        await tool.ChangeAsync(DeleteArguments(name), cancellationToken).ConfigureAwait(false);
        return !VdpaSysfs.Has(files, name)
            ? true
            : throw new HostDeviceException(HostDeviceProblem.Failed, $"vdpa {string.Join(' ', DeleteArguments(name))} said it was done, and {name} is still there", "Look at the kernel's log (dmesg).");
    }

    /// <summary>The command that makes a device, for a person to type.</summary>
    /// <param name="request">The device.</param>
    public static string CommandOf(VdpaRequest request) => $"vdpa {string.Join(' ', request.Arguments)}";

    /// <summary>The command that deletes a device, for a person to type.</summary>
    /// <param name="name">The device.</param>
    /// <exception cref="HostDeviceException">That is no name.</exception>
    public static string DeleteCommandOf(string name)
    {
        VdpaRequest.ValidateName(name);
        return $"vdpa {string.Join(' ', DeleteArguments(name))}";
    }

    private static string[] DeleteArguments(string name) => ["dev", "del", name];

    private static HostDeviceException NoCharDevice(VdpaDevice device) => new(
        HostDeviceProblem.Degraded,
        $"the vDPA device {device.Name} is there, but has no character device for a guest: {(device.Driver is null ? "no driver has it" : $"the driver {device.Driver} has it")}",
        device.Driver switch
        {
            null => "Load the driver: modprobe vhost_vdpa.",
            "vhost_vdpa" => "Does udev run? It makes the nodes in /dev.",
            _ => $"Give it to vhost_vdpa: modprobe vhost_vdpa; echo {device.Name} > /sys/bus/vdpa/drivers/{device.Driver}/unbind; echo {device.Name} > /sys/bus/vdpa/drivers/vhost_vdpa/bind.",
        });

    private async Task<IReadOnlyList<VdpaDevice>> WithUsersAsync(IReadOnlyList<VdpaDevice> devices, CancellationToken cancellationToken)
    {
        DeviceOpenings openings = DeviceOpeners.Find(files, devices.Select(device => device.CharDevice).OfType<string>().ToHashSet());
        ILookup<string, string> domains = await HostDomains.UsersAsync(host, cancellationToken).ConfigureAwait(false);
        return
        [
            .. devices.Select(device => device with
            {
                Users =
                [
                    .. VdpaSysfs.HostUsers(files, device.Name),
                    .. device.CharDevice is { } node ? DeviceUser.Merge(openings.Users[node], domains[node]) : [],
                ],
                UsersKnown = openings.Complete || host is not null || device.CharDevice is null,
            }),
        ];
    }
}
