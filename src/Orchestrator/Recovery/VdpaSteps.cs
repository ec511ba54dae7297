using System.Text.Json;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Recovery;

/// <summary>The steps of an operation that make vDPA devices on the destination.</summary>
internal static class VdpaSteps
{
    /// <summary>The kind of these steps.</summary>
    internal const string Kind = "vdpa-create";

    /// <summary>How the steps that this version knows are undone.</summary>
    internal static IReadOnlyDictionary<string, StepUndoer> Undoers { get; } = new Dictionary<string, StepUndoer> { [Kind] = UndoAsync };

    /// <summary>What a step keeps of a device.</summary>
    internal static string DetailOf(DeviceCreation creation) => JsonSerializer.Serialize(creation, JournalJson.Default.DeviceCreation);

    /// <summary>The devices of a host.</summary>
    /// <exception cref="HostDeviceException">Its machine cannot be reached beside libvirt, which neither makes nor removes them.</exception>
    internal static DestinationDevices Of(IHost host) => HostMachine.Behind(host) is { } machine ? new(new VdpaDevices(machine.Files, machine.Vdpa, host)) : throw new HostDeviceException(
        HostDeviceProblem.NotThisMachine, $"{host.Address.Name} is not this machine, and libvirt has no call that makes or deletes vDPA devices",
        "Say in hosts.yaml how the machine is reached over SSH (side_channel).", host.Address.Name);

    private static async Task<string?> UndoAsync(JournalStep step, IHost source, IHost destination)
    {
        DeviceCreation creation = JsonSerializer.Deserialize(step.Detail, JournalJson.Default.DeviceCreation)
            ?? throw new HostDeviceException(HostDeviceProblem.InvalidInput, $"the journal tells nothing of the device that was made: {step.Detail}", "Look at it: vdpa dev show.");
        if (await Of(destination).RemoveAsync([creation]).ConfigureAwait(false) is [var left, ..])
        {
            throw left.Reason;
        }

        return null;
    }
}
