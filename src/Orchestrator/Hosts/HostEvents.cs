using System.Threading.Channels;
using Libvirt.Interop;

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
        Pump(connection.SubscribeLifecycle(), e => Deliver(e.Origin, "lifecycle", e.ToString()));
        if (connection.GetDriverType() != "QEMU")
        {
            return; // the others have no monitor, and refuse the rest
        }

        Pump(connection.SubscribeMigrationIteration(), e => Deliver(e.Origin, "iteration", "iteration", $"{{\"iteration\": {e.Iteration}}}"));
        Pump(connection.SubscribeJobCompleted(), e => Deliver(e.Origin, "job", "completed"));
        if (LibvirtConnection.HasQemuMonitorEvents)
        {
            Pump(connection.SubscribeQemuMonitor(), e => Deliver(e.Origin, "qmp", e.Event, e.Details, e.Stamp));
        }
    }

    private static void Pump<T>(EventStream<T> stream, Action<T> deliver)
    {
        _ = PumpAsync();

        async Task PumpAsync()
        {
            ChannelReader<T> reader = stream.Reader;
            while (await reader.WaitToReadAsync().ConfigureAwait(false))
            {
                while (reader.TryRead(out T? item))
                {
                    deliver(item);
                }
            }
        }
    }

    private void Deliver(in EventOrigin origin, string channel, string name, string? data = null, DateTimeOffset? stamp = null)
    {
        lock (_lock)
        {
            foreach (EventRecorder recorder in _recorders)
            {
                if (recorder.Uuid == origin.DomainUuid)
                {
                    recorder.Add(new() { Channel = channel, Name = name, Data = data, Stamp = stamp, Arrived = clock.At(origin.Timestamp) });
                }
            }
        }
    }

    private void Stop(EventRecorder recorder)
    {
        lock (_lock)
        {
            _recorders.Remove(recorder);
        }
    }
}
