using System.Diagnostics;
using System.Threading.Channels;
using Libvirt.Interop;
using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>Hands the events of one connection to the recorders of the domains they are about.</summary>
internal sealed class HostEvents(ObserverClock clock)
{
    private readonly Lock _lock = new();
    private readonly List<EventRecorder> _recorders = [];

    internal EventRecorder Record(string name, Guid uuid)
    {
        var recorder = new EventRecorder(name, uuid, Stop);
        lock (_lock)
        {
            _recorders.Add(recorder);
        }

        return recorder;
    }

    /// <summary>Subscribes a new connection; the streams end with it.</summary>
    internal void Attach(LibvirtConnection connection)
    {
        EventStream<DomainEvent> events = connection.SubscribeEvents();
        _ = PumpAsync();

        async Task PumpAsync()
        {
            ChannelReader<DomainEvent> reader = events.Reader;
            while (await reader.WaitToReadAsync().ConfigureAwait(false))
            {
                while (reader.TryRead(out DomainEvent? arrived))
                {
                    Deliver(arrived);
                }
            }
        }
    }

    private void Deliver(DomainEvent arrived)
    {
        ObservedEvent observed = Observed(arrived);
        lock (_lock)
        {
            foreach (EventRecorder recorder in _recorders)
            {
                if (recorder.Uuid == arrived.Origin.DomainUuid)
                {
                    recorder.Add(observed);
                }
            }
        }
    }

    private ObservedEvent Observed(DomainEvent arrived)
    {
        (string channel, string name, string? data) = arrived switch
        {
            DomainLifecycleEvent => ("lifecycle", arrived.ToString(), null),
            RebootEvent => ("reboot", "reboot", null),
            DeviceAddedEvent device => ("device", "added", device.Alias),
            DeviceRemovedEvent device => ("device", "removed", device.Alias),
            DeviceRemovalFailedEvent device => ("device", "removal_failed", device.Alias),
            MigrationIterationEvent e => ("iteration", "iteration", $"{{\"iteration\": {e.Iteration}}}"),
            JobCompletedEvent => ("job", "completed", null),
            QemuMonitorEvent e => ("qmp", e.Event, e.Details),
            _ => throw new UnreachableException($"an event of a new kind: {arrived}"),
        };
        return new() { Channel = channel, Name = name, Data = data, Stamp = (arrived as QemuMonitorEvent)?.Stamp, Arrived = clock.At(arrived.Origin.Timestamp) };
    }

    private void Stop(EventRecorder recorder)
    {
        lock (_lock)
        {
            _recorders.Remove(recorder);
        }
    }
}
