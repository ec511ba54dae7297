namespace Orchestrator.Hosts;

/// <summary>What a <see cref="HostEvent"/> tells of: a domain, or the watch itself.</summary>
public enum HostEventKind
{
    /// <summary>The watch began: <see cref="HostEvent.Domains"/> is what stood on the host then, and events follow.</summary>
    Connected,

    /// <summary>The connection is gone, or there never was one; it is tried again. <see cref="HostEvent.Detail"/> says why.</summary>
    ConnectionLost,

    /// <summary>There is a connection again. <see cref="EventsMissed"/> follows.</summary>
    Reconnected,

    /// <summary>Events before this one were missed: whoever keeps a picture of the host starts it again from <see cref="HostEvent.Domains"/>.</summary>
    EventsMissed,

    /// <summary>A domain was defined, started, suspended, resumed, stopped …: <see cref="HostEvent.Detail"/> is type and reason in words.</summary>
    Lifecycle,

    /// <summary>A domain was reset or rebooted, from outside or by its guest.</summary>
    Reboot,

    /// <summary>A migration began another iteration over the memory: <see cref="HostEvent.Detail"/> is its number.</summary>
    Iteration,

    /// <summary>A job ended: <see cref="HostEvent.Detail"/> is its operation.</summary>
    JobCompleted,

    /// <summary>A device came: <see cref="HostEvent.Detail"/> is its alias.</summary>
    DeviceAdded,

    /// <summary>A device is gone: <see cref="HostEvent.Detail"/> is its alias.</summary>
    DeviceRemoved,

    /// <summary>The guest refused to let go of a device: <see cref="HostEvent.Detail"/> is its alias.</summary>
    DeviceRemovalFailed,

    /// <summary>An event of QEMU's own: <see cref="HostEvent.Detail"/> is its name, <see cref="HostEvent.Data"/> its data.</summary>
    Monitor,
}

/// <summary>Something that happened on a host, or to the watch of it.</summary>
public sealed record HostEvent
{
    /// <summary>What it tells of.</summary>
    public required HostEventKind Kind { get; init; }

    /// <summary>The host, by the name it was watched under.</summary>
    public required string Host { get; init; }

    /// <summary>When it reached this process, on the <see cref="ObserverClock"/>.</summary>
    public required DateTimeOffset Arrived { get; init; }

    /// <summary>The domain's name; <see langword="null"/> for what happened to the watch.</summary>
    public string? DomainName { get; init; }

    /// <summary>The domain's UUID.</summary>
    public Guid? DomainUuid { get; init; }

    /// <summary>What exactly; see <see cref="HostEventKind"/>.</summary>
    public string? Detail { get; init; }

    /// <summary>The data of QEMU's event as JSON.</summary>
    public string? Data { get; init; }

    /// <summary>QEMU's stamp, on the host's clock; only events of QEMU's own have one.</summary>
    public DateTimeOffset? Stamp { get; init; }

    /// <summary>How many events were dropped because nobody read them; <see langword="null"/> when nobody can know, as after a lost connection.</summary>
    public long? Missed { get; init; }

    /// <summary>
    /// Every domain of the host, listed after the events that follow had begun to be kept, so that nothing falls between: an event that follows may be in the list
    /// already. <see langword="null"/> where none was asked for, or the host did not answer.
    /// </summary>
    public IReadOnlyList<DomainSnapshot>? Domains { get; init; }
}
