using System.Text.Json;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Recovery;

/// <summary>What the journal keeps of a device that is taken out of a guest for its migration: how it is put in again, wherever the guest is then.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Device">What it uses of the source.</param>
/// <param name="SourceXml">What is attached on the source.</param>
/// <param name="DestinationXml">What is attached on the destination.</param>
internal sealed record DetachedDevice(Guid Domain, string Device, string SourceXml, string DestinationXml);

/// <summary>The steps of an operation that take devices out of the guest. Undoing one puts the device back on the source, finishing it puts the destination's in.</summary>
/// <param name="time">Where time comes from.</param>
internal sealed class ReplugSteps(TimeProvider time)
{
    /// <summary>The kind of these steps.</summary>
    internal const string Kind = "device-detach";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    private static readonly ReplugSteps Default = new(TimeProvider.System);

    /// <summary>How long a guest that has the device is watched: it may have been asked a moment ago, and let go after all. The hot-plug of PCI Express waits 5 s.</summary>
    internal TimeSpan LateGrace { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>Told of a device that a host has just taken, and whether that is the destination.</summary>
    internal Action<DetachedDevice, bool>? Taken { get; init; }

    /// <summary>How all the steps of a migration are undone.</summary>
    internal static IReadOnlyDictionary<string, StepUndoer> DefaultUndoers => Default.Undoers;

    /// <summary>How those are finished that have something left to do once the guest has moved.</summary>
    internal static IReadOnlyDictionary<string, StepUndoer> DefaultFinishers => Default.Finishers;

    /// <summary>How all the steps of a migration are undone.</summary>
    internal IReadOnlyDictionary<string, StepUndoer> Undoers =>
        new Dictionary<string, StepUndoer>(VdpaSteps.Undoers) { [Kind] = (step, source, _) => PutInAsync(Read(step), source, isDestination: false) };

    /// <summary>How those are finished that have something left to do once the guest has moved.</summary>
    internal IReadOnlyDictionary<string, StepUndoer> Finishers =>
        new Dictionary<string, StepUndoer> { [Kind] = (step, _, destination) => PutInAsync(Read(step), destination, isDestination: true) };

    /// <summary>What a step keeps of a device.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="device">The device.</param>
    internal static string DetailOf(Guid domain, MappedDevice device) =>
        JsonSerializer.Serialize(new DetachedDevice(domain, device.Source, device.Detachment!.SourceXml, device.Detachment.DestinationXml!), JournalJson.Default.DetachedDevice);

    /// <summary>The device of a step; <see langword="null"/> of one of another kind.</summary>
    internal static string? DeviceOf(JournalStep step) => step.Kind == Kind ? Read(step).Device : null;

    private static DetachedDevice Read(JournalStep step) => JsonSerializer.Deserialize(step.Detail, JournalJson.Default.DetachedDevice)
        ?? throw new HostDeviceException(HostDeviceProblem.InvalidInput, $"the journal tells nothing of the device that was detached: {step.Detail}", "See what the domain has: orchestrator device list.");

    /// <returns>That the guest has it and cannot use it, and why.</returns>
    private async Task<string?> PutInAsync(DetachedDevice device, IHost host, bool isDestination)
    {
        string xml = isDestination ? device.DestinationXml : device.SourceXml;
        var attacher = new DeviceAttacher(host, timeProvider: time) { DefinitionsYield = true, Taken = () => Taken?.Invoke(device, isDestination) };
        for (long start = time.GetTimestamp(); ; await Task.Delay(LookAgain, time, CancellationToken.None).ConfigureAwait(false))
        {
            // One that has ended gets its devices from its definition at its next start.
            if (await host.FindDomainAsync(device.Domain, CancellationToken.None).ConfigureAwait(false) is not { IsActive: true } domain)
            {
                return null;
            }

            try
            {
                // The guest had it with the memory that it may lock: whether it works is looked at afterwards.
                DeviceChange change = await attacher.AttachHeldAsync(
                    domain, DeviceDocument.Parse(xml), DomainModificationImpact.Live, new() { IfNeeded = true, AllowSmallMemlock = true }, CancellationToken.None).ConfigureAwait(false);

                // On the destination nobody has asked for it.
                if (change.IsChanged || isDestination || time.GetElapsedTime(start) >= LateGrace)
                {
                    return null;
                }
            }
            catch (OperationException e) when (e.Stage == OperationStage.Degraded)
            {
                return HostAddress.Redact(e.Message); // to attach it once more would change nothing
            }
            catch (Exception e) when (DevicePlaces.IsFailure(e) && e is not HostUnreachableException)
            {
                string remedy = e is HostDeviceException { Remedy: { } known } ? $" ({known})" : "";
                throw new HostDeviceException(
                    HostDeviceProblem.Degraded, $"{HostAddress.Redact(e.Message)}{remedy}; by hand: echo '{xml.Replace("'", "&apos;", StringComparison.Ordinal)}' | orchestrator -c {host.Address.Name} device attach {SshCommand.Quote(domain.Name)} - --live",
                    null, host.Address.Name, e);
            }
        }
    }
}
