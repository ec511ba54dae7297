using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Libvirt.Interop;
using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>Hands the events of a host's present connection to the recorders of the domains they are about, and to those who watch the host.</summary>
internal sealed class HostEvents(string host, ObserverClock clock)
{
    private readonly Lock _lock = new();
    private readonly List<EventRecorder> _recorders = [];
    private readonly List<HostSubscription> _subscriptions = [];
    private HostLink? _link;
    private LibvirtConnection? _connection;
    private ChannelReader<DomainEvent>? _reader;

    internal EventRecorder Record(string name, Guid uuid)
    {
        var recorder = new EventRecorder(name, uuid, Stop);
        lock (_lock)
        {
            _recorders.Add(recorder);
        }

        return recorder;
    }

    /// <summary>Keeps the events that arrive from now on through a connection; ends at once when that is not the present one any more.</summary>
    internal HostSubscription Subscribe(LibvirtConnection connection, int capacity)
    {
        var subscription = new HostSubscription(capacity, Stop);
        lock (_lock)
        {
            if (ReferenceEquals(_connection, connection))
            {
                _subscriptions.Add(subscription);
            }
            else
            {
                subscription.End("lost");
            }
        }

        return subscription;
    }

    /// <summary>Subscribes a new connection, which takes the place of the last; the streams end with it.</summary>
    /// <param name="link">The link that opened it.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="isPresent">Whether the link is still the host's: one that was given up may open its connection after its successor did.</param>
    /// <param name="closed">Called when the transport has ended by itself and <see cref="Lost(LibvirtConnection, string)"/> had not been told.</param>
    /// <returns><see langword="false"/> when the link was given up; nothing has changed then.</returns>
    internal bool Attach(HostLink link, LibvirtConnection connection, Func<bool> isPresent, Action<string> closed)
    {
        EventStream<DomainEvent> events = connection.SubscribeEvents();
        ChannelReader<ConnectCloseReason>? close = SubscribeClose(connection)?.Reader;
        lock (_lock)
        {
            if (!isPresent())
            {
                return false;
            }

            EndSubscriptions("lost");
            _link = link;
            _connection = connection;
            _reader = events.Reader;
        }

        _ = PumpAsync(connection, events.Reader);
        if (close is not null)
        {
            _ = WaitForEndAsync();
        }

        return true;

        async Task WaitForEndAsync()
        {
            if (await close.WaitToReadAsync().ConfigureAwait(false) && close.TryRead(out ConnectCloseReason reason))
            {
                string words = Words(reason);
                if (Lost(connection, words))
                {
                    closed(words);
                }
            }
        }
    }

    /// <summary>The connection is lost, or given up: whoever watches is told, after all that has arrived, and nothing more is taken from it.</summary>
    /// <returns><see langword="false"/> when that was known.</returns>
    internal bool Lost(LibvirtConnection connection, string reason)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_connection, connection))
            {
                return false;
            }

            End(reason);
            return true;
        }
    }

    /// <summary>The link is given up, and its connection with it, also one that its callers have not got yet.</summary>
    internal void Lost(HostLink link, string reason)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_link, link))
            {
                End(reason);
            }
        }
    }

    // Under the lock.
    private void End(string reason)
    {
        Drain(_reader!);
        EndSubscriptions(reason);
        _recorders.ForEach(recorder => recorder.MarkGap());
        _link = null;
        _connection = null;
        _reader = null;
    }

    private static string Words(ConnectCloseReason reason) => reason switch
    {
        ConnectCloseReason.Keepalive => "keepalive: the daemon does not answer",
        ConnectCloseReason.Eof => "eof: the daemon ended the connection",
        _ => $"{reason}".ToLowerInvariant(),
    };

    private static EventStream<ConnectCloseReason>? SubscribeClose(LibvirtConnection connection)
    {
        try
        {
            return connection.SubscribeClose();
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoSupport)
        {
            return null; // a driver inside this process
        }
    }

    private async Task PumpAsync(LibvirtConnection connection, ChannelReader<DomainEvent> reader)
    {
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            lock (_lock)
            {
                if (!ReferenceEquals(_connection, connection))
                {
                    return;
                }

                Drain(reader);
            }
        }
    }

    // Under the lock: the end of the connection comes after what came before it.
    private void Drain(ChannelReader<DomainEvent> reader)
    {
        while (reader.TryRead(out DomainEvent? arrived))
        {
            foreach (EventRecorder recorder in _recorders)
            {
                if (recorder.Uuid == arrived.Origin.DomainUuid)
                {
                    recorder.Add(Observed(arrived));
                }
            }

            if (_subscriptions.Count > 0)
            {
                HostEvent told = Told(arrived);
                _subscriptions.ForEach(subscription => subscription.Add(told));
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

    private HostEvent Told(DomainEvent arrived)
    {
        (HostEventKind kind, string? detail) = arrived switch
        {
            DomainLifecycleEvent => (HostEventKind.Lifecycle, arrived.ToString()),
            RebootEvent => (HostEventKind.Reboot, null),
            DeviceAddedEvent device => (HostEventKind.DeviceAdded, device.Alias),
            DeviceRemovedEvent device => (HostEventKind.DeviceRemoved, device.Alias),
            DeviceRemovalFailedEvent device => (HostEventKind.DeviceRemovalFailed, device.Alias),
            MigrationIterationEvent e => (HostEventKind.Iteration, e.Iteration.ToString(CultureInfo.InvariantCulture)),
            JobCompletedEvent e => (HostEventKind.JobCompleted, Operation(e.Statistics)),
            QemuMonitorEvent e => (HostEventKind.Monitor, e.Event),
            _ => throw new UnreachableException($"an event of a new kind: {arrived}"),
        };
        return new()
        {
            Kind = kind,
            Host = host,
            DomainName = arrived.Origin.DomainName,
            DomainUuid = arrived.Origin.DomainUuid,
            Detail = detail,
            Data = (arrived as QemuMonitorEvent)?.Details,
            Stamp = (arrived as QemuMonitorEvent)?.Stamp,
            Arrived = clock.At(arrived.Origin.Timestamp),
        };
    }

    // Named as libvirt names it: migration_out.
    private static string? Operation(TypedParameters statistics) => statistics.FindInteger("operation") is not { } value ? null
        : Enum.GetName((DomainJobOperation)value) is { } name ? JsonNamingPolicy.SnakeCaseLower.ConvertName(name)
        : value.ToString(CultureInfo.InvariantCulture);

    private void EndSubscriptions(string reason)
    {
        _subscriptions.ForEach(subscription => subscription.End(reason));
        _subscriptions.Clear();
    }

    private void Stop(EventRecorder recorder)
    {
        lock (_lock)
        {
            _recorders.Remove(recorder);
        }
    }

    private void Stop(HostSubscription subscription)
    {
        lock (_lock)
        {
            _subscriptions.Remove(subscription);
        }
    }
}
