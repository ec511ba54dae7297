using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration.Mapping;
using Orchestrator.Recovery;

namespace Orchestrator.Migration;

/// <summary>Takes the devices of one migration that do not migrate out of the guest, and keeps how long it is without them.</summary>
internal sealed class DeviceReplug
{
    private readonly IHost _source;
    private readonly ObserverClock _clock;
    private readonly DeviceDetacher _detacher;
    private readonly List<DeviceAbsence> _absences = [];

    internal DeviceReplug(IHost source, ObserverClock clock, UnplugPatience patience, TimeSpan lateGrace, TimeProvider time, ILogger logger)
    {
        _source = source;
        _clock = clock;
        _detacher = new(source, timeProvider: time, logger: logger) { Patience = patience };
        Steps = new(time) { LateGrace = lateGrace, Taken = Keep };
    }

    /// <summary>How they are attached again.</summary>
    internal ReplugSteps Steps { get; }

    /// <summary>What was seen of them.</summary>
    internal IReadOnlyList<DeviceAbsence> Absences => _absences;

    /// <summary>Asks the guest to let go of a device, and waits until it has.</summary>
    /// <param name="domain">The running domain.</param>
    /// <param name="device">The device.</param>
    /// <param name="cancellationToken">Ends the wait; a guest that was asked by then may still let go.</param>
    /// <exception cref="HostDeviceException">It has not.</exception>
    /// <exception cref="OperationException">It was cancelled, or the domain is not on the host any more.</exception>
    internal async Task TakeOutAsync(DomainSnapshot domain, MappedDevice device, CancellationToken cancellationToken)
    {
        DeviceDetachment detachment = device.Detachment!;
        var target = new DetachTarget(DomainModificationImpact.Live, device.Kind, device.Source, detachment.QemuId ?? device.Alias);
        if (detachment.QemuId is null)
        {
            DomainDocument now = await DevicePlaces.ReadAsync(_source, domain, DomainModificationImpact.Live, DomainOperation.Migrate, cancellationToken).ConfigureAwait(false);
            var selector = DeviceSelector.Of(DeviceDocument.Parse(detachment.SourceXml));
            target = target with
            {
                Element = now.PlacedDevices.FirstOrDefault(placed => placed.Element is not null && selector.Matches(placed))?.Element
                    ?? throw new HostDeviceException(HostDeviceProblem.NotFound, $"{domain.Name} on {_source.Address.Name} does not have {device.Source} any more", "Plan anew.", _source.Address.Name),
            };
        }

        (Unplugging unplugging, _) = await _detacher.UnplugAsync(domain, target, () => null, cancellationToken).ConfigureAwait(false);
        ObservedEvent? removed = unplugging.Removed;
        _absences.Add(new()
        {
            Device = device.Source,
            LastThere = _clock.At(unplugging.LastThere),
            Gone = removed?.Arrived ?? _clock.At(unplugging.SeenGone),
            GoneBy = removed is null ? "asked" : "event",
        });
    }

    private void Keep(DetachedDevice device, bool onDestination)
    {
        int index = _absences.FindLastIndex(absence => absence.Device == device.Device);
        if (index >= 0)
        {
            _absences[index] = _absences[index] with { Back = _clock.Now, OnDestination = onDestination };
        }
    }
}
