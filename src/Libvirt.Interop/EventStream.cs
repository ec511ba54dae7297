using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Libvirt.Interop;

/// <summary>
/// The events of one subscription, in the order of their arrival. The event loop's thread only puts them into an unbounded channel, so nothing is
/// lost and no user code runs there. The stream ends when it is disposed of, or with its connection.
/// </summary>
/// <typeparam name="T">The kind of event.</typeparam>
public sealed class EventStream<T> : IDisposable
{
    private readonly Channel<T> _channel = Channel.CreateUnbounded<T>(new() { SingleWriter = true });
    private Action? _deregister;

    internal EventStream()
    {
    }

    /// <summary>The events that have arrived and were not read yet.</summary>
    public ChannelReader<T> Reader => _channel.Reader;

    /// <summary>Ends the subscription; what has arrived can still be read.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _deregister, null)?.Invoke();
        _channel.Writer.TryComplete();
    }

    internal void Write(T item) => _channel.Writer.TryWrite(item);

    internal void Registered(Action deregister) => _deregister = deregister;
}

/// <summary>What every event tells: when it reached this process, and the domain it is about.</summary>
/// <param name="Timestamp">When it arrived, as <see cref="Stopwatch.GetTimestamp"/> tells it.</param>
/// <param name="DomainName">The domain's name.</param>
/// <param name="DomainUuid">The domain's UUID.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct EventOrigin(long Timestamp, string DomainName, Guid DomainUuid);

/// <summary>Something happened to a domain.</summary>
/// <param name="Origin">When it arrived, and which domain.</param>
public abstract record DomainEvent(EventOrigin Origin);

/// <summary>A domain was defined, started, suspended, resumed, stopped …</summary>
/// <param name="Origin">When, and which domain.</param>
/// <param name="Type">What happened.</param>
/// <param name="Detail">Why: a value of the <c>DomainEvent…Detail</c> enumeration of that type.</param>
public sealed record DomainLifecycleEvent(EventOrigin Origin, DomainEventType Type, int Detail) : DomainEvent(Origin)
{
    /// <summary>The event in words, as virsh writes it: <c>suspended/migrated</c>. A value newer than this binding stays a number.</summary>
    public override string ToString()
    {
        string? detail = Type switch
        {
            DomainEventType.Defined => Enum.GetName((DomainEventDefinedDetail)Detail),
            DomainEventType.Undefined => Enum.GetName((DomainEventUndefinedDetail)Detail),
            DomainEventType.Started => Enum.GetName((DomainEventStartedDetail)Detail),
            DomainEventType.Suspended => Enum.GetName((DomainEventSuspendedDetail)Detail),
            DomainEventType.Resumed => Enum.GetName((DomainEventResumedDetail)Detail),
            DomainEventType.Stopped => Enum.GetName((DomainEventStoppedDetail)Detail),
            DomainEventType.Shutdown => Enum.GetName((DomainEventShutdownDetail)Detail),
            DomainEventType.PMSuspended => Enum.GetName((DomainEventPMSuspendedDetail)Detail),
            DomainEventType.Crashed => Enum.GetName((DomainEventCrashedDetail)Detail),
            _ => null,
        };
        return $"{Type}/{detail ?? Detail.ToString(System.Globalization.CultureInfo.InvariantCulture)}".ToLowerInvariant();
    }
}

/// <summary>An event of QEMU's own monitor (QMP), passed on by libvirt-qemu.</summary>
/// <param name="Origin">When it reached this process, and which domain.</param>
/// <param name="Event">QEMU's name of the event: <c>STOP</c>, <c>RESUME</c>, <c>MIGRATION</c>, <c>MIGRATION_PASS</c>, …</param>
/// <param name="Stamp">QEMU's stamp, on the clock of QEMU's host, in microseconds resolution; <see langword="null"/> if QEMU could not tell.</param>
/// <param name="Details">The event's data as JSON, if it has any.</param>
public sealed record QemuMonitorEvent(EventOrigin Origin, string Event, DateTimeOffset? Stamp, string? Details) : DomainEvent(Origin);

/// <summary>A migration of the domain began another iteration over its memory. Since libvirt 1.3.2.</summary>
/// <param name="Origin">When, and which domain.</param>
/// <param name="Iteration">The iteration; the count may go on from an earlier, cancelled migration.</param>
public sealed record MigrationIterationEvent(EventOrigin Origin, int Iteration) : DomainEvent(Origin);

/// <summary>A job of the domain ended; its statistics come with the event. Since libvirt 1.3.3.</summary>
/// <param name="Origin">When, and which domain.</param>
/// <param name="Statistics">The job's statistics, as <see cref="LibvirtDomain.GetJobStats"/> gives them.</param>
public sealed record JobCompletedEvent(EventOrigin Origin, TypedParameters Statistics) : DomainEvent(Origin);

/// <summary>A domain was reset or rebooted, from outside or by its guest; its QEMU process goes on. Since libvirt 0.8.0.</summary>
/// <param name="Origin">When, and which domain.</param>
public sealed record RebootEvent(EventOrigin Origin) : DomainEvent(Origin);

/// <summary>A device came to a running domain. Since libvirt 1.2.15.</summary>
/// <param name="Origin">When, and which domain.</param>
/// <param name="Alias">The device's alias (<c>net1</c>, <c>hostdev0</c>, <c>ua-…</c>).</param>
public sealed record DeviceAddedEvent(EventOrigin Origin, string Alias) : DomainEvent(Origin);

/// <summary>The guest let go of a device, and it is gone. Since libvirt 1.1.1.</summary>
/// <param name="Origin">When, and which domain.</param>
/// <param name="Alias">The device's alias.</param>
public sealed record DeviceRemovedEvent(EventOrigin Origin, string Alias) : DomainEvent(Origin);

/// <summary>The guest refused to let go of a device, which stays. Since libvirt 1.3.4.</summary>
/// <param name="Origin">When, and which domain.</param>
/// <param name="Alias">The device's alias.</param>
public sealed record DeviceRemovalFailedEvent(EventOrigin Origin, string Alias) : DomainEvent(Origin);
