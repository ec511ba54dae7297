using Orchestrator.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>A device that was made for a migration and could not be removed again.</summary>
/// <param name="Creation">The device.</param>
/// <param name="Reason">Why.</param>
internal sealed record LeftoverDevice(DeviceCreation Creation, HostDeviceException Reason);

/// <summary>Makes the vDPA devices that a plan wants on the destination, and removes them again on every path that does not use them.</summary>
/// <param name="devices">The destination's devices.</param>
internal sealed class DestinationDevices(VdpaDevices devices)
{
    /// <summary>Makes the devices.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="intend">Told of each device before it is made: what writes it down.</param>
    /// <param name="notMade">Told of a device that was not made, because there is one of its name already: it is not ours to remove.</param>
    /// <param name="cancellationToken">Ends the wait; what was made until then stays, and is known by what <paramref name="intend"/> was told.</param>
    /// <returns>The plan with the nodes that the devices got in its documents.</returns>
    /// <exception cref="HostDeviceException">One could not be made. Those before it are there: <see cref="RemoveAsync"/> takes the same plan's creations.</exception>
    internal async Task<MigrationPlan> CreateAsync(MigrationPlan plan, Func<DeviceCreation, Task> intend, Action<DeviceCreation>? notMade = null, CancellationToken cancellationToken = default)
    {
        var nodes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DeviceCreation creation in plan.Creations)
        {
            await intend(creation).ConfigureAwait(false);
            try
            {
                (VdpaDevice device, _) = await devices.CreateAsync(creation.ToRequest(), ifNeeded: false, cancellationToken).ConfigureAwait(false);
                nodes[creation.Placeholder] = device.CharDevice!;
            }
            catch (HostDeviceException e) when (e.Problem is HostDeviceProblem.AlreadyExists or HostDeviceProblem.Differs)
            {
                notMade?.Invoke(creation);
                throw;
            }
        }

        return nodes.Count == 0 ? plan : MigrationPlanner.WithNodes(plan, nodes);
    }

    /// <summary>Removes devices that were, or may have been, made. One that is not there is fine; one that somebody uses, or that is not as it was to be made, stays.</summary>
    /// <param name="creations">The devices.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What could not be removed.</returns>
    internal async Task<IReadOnlyList<LeftoverDevice>> RemoveAsync(IEnumerable<DeviceCreation> creations, CancellationToken cancellationToken = default)
    {
        var left = new List<LeftoverDevice>();
        foreach (DeviceCreation creation in creations)
        {
            try
            {
                await RemoveOneAsync(creation, cancellationToken).ConfigureAwait(false);
            }
            catch (HostDeviceException e)
            {
                left.Add(new(creation, e));
            }
        }

        return left;
    }

    private async Task RemoveOneAsync(DeviceCreation creation, CancellationToken cancellationToken)
    {
        VdpaDevice? present = (await devices.ListAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(device => device.Name == creation.Name);
        if (present is null)
        {
            return;
        }

        // A device of that name may be somebody else's by now. What a driver keeps of the MAC it was given is not compared: some tell none.
        if (present.ManagementDevice is { } parent && parent != creation.ManagementDevice)
        {
            throw new HostDeviceException(
                HostDeviceProblem.Differs, $"the vDPA device {creation.Name} is on {parent}, not on {creation.ManagementDevice}: it is not the one that the migration made, and stays",
                $"If nobody needs it: orchestrator vdpa delete {creation.Name}.");
        }

        await devices.DeleteAsync(creation.Name, ifNeeded: true, cancellationToken).ConfigureAwait(false);
    }
}
