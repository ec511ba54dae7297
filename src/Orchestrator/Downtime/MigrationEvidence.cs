namespace Orchestrator.Downtime;

/// <summary>
/// Everything that was observed around one migration, as plain data: it can be saved, and judged again later without the hosts.
/// Instants called "arrived" or "at" are on the clock of the process that collected the evidence; a "stamp" is on the clock of the host that wrote it.
/// </summary>
public sealed record MigrationEvidence
{
    /// <summary>The version of this document's format.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>The name of the migrated domain on the source.</summary>
    public required string DomainName { get; init; }

    /// <summary>The UUID of the migrated domain.</summary>
    public required Guid DomainUuid { get; init; }

    /// <summary>What was seen of the host the domain ran on.</summary>
    public required HostEvidence Source { get; init; }

    /// <summary>What was seen of the host the domain was sent to.</summary>
    public required HostEvidence Destination { get; init; }

    /// <summary>The call that migrated the domain.</summary>
    public required MigrationCallEvidence Call { get; init; }

    /// <summary>The limit of the blackout that was in force on the source during the migration, in milliseconds; <see langword="null"/> when unknown.</summary>
    public double? MaxDowntimeMs { get; init; }

    /// <summary>Job statistics polled on the source while the migration ran, oldest first.</summary>
    public IReadOnlyList<JobSample> JobSamples { get; init; } = [];

    /// <summary>The guest's own ticks around the migration, where the guest is one that ticks (the lab's).</summary>
    public IReadOnlyList<GuestTick> GuestTicks { get; init; } = [];

    /// <summary>The devices that were taken out of the guest for the migration.</summary>
    public IReadOnlyList<DeviceAbsence> Absences { get; init; } = [];
}

/// <summary>What was seen of one host.</summary>
public sealed record HostEvidence
{
    /// <summary>The name the user gave the host.</summary>
    public required string Name { get; init; }

    /// <summary>The host's libvirt URI, without a password.</summary>
    public required string Uri { get; init; }

    /// <summary>The host's own name, as libvirt tells it.</summary>
    public string? HostName { get; init; }

    /// <summary>The libvirt daemon's version, <c>major * 1000000 + minor * 1000 + release</c>.</summary>
    public long LibvirtVersion { get; init; }

    /// <summary>QEMU's version in the same form.</summary>
    public long QemuVersion { get; init; }

    /// <summary>Round trips of a QEMU monitor command or, where none could be sent, of a libvirt call, in milliseconds.</summary>
    public IReadOnlyList<double> RoundTripsMs { get; init; } = [];

    /// <summary>Events of this domain that the host sent, in the order of arrival.</summary>
    public IReadOnlyList<ObservedEvent> Events { get; init; } = [];

    /// <summary>The statistics of the completed job, as this host tells them, by libvirt's field names; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> CompletedJob { get; init; } = new Dictionary<string, string>();

    /// <summary>The part of the domain's QEMU log that was written around the migration.</summary>
    public LogEvidence Log { get; init; } = new();

    /// <summary>The domain's state on this host after the call ended ("running", "paused", "shutoff", "absent", "unknown" …).</summary>
    public string StateAfter { get; init; } = "unknown";
}

/// <summary>One event as it reached us.</summary>
public sealed record ObservedEvent
{
    /// <summary>Where it came from: <c>qmp</c>, <c>lifecycle</c>, <c>iteration</c>, <c>job</c>, <c>reboot</c> or <c>device</c>.</summary>
    public required string Channel { get; init; }

    /// <summary>
    /// The event's name: QEMU's (<c>STOP</c>), or libvirt's (<c>suspended/migrated</c>; of a device <c>added</c>, <c>removed</c> or <c>removal_failed</c>).
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The event's data as QEMU's JSON, or the alias of the device; if it has any.</summary>
    public string? Data { get; init; }

    /// <summary>QEMU's stamp, on the host's clock; <see langword="null"/> for events that carry none.</summary>
    public DateTimeOffset? Stamp { get; init; }

    /// <summary>When it reached us.</summary>
    public required DateTimeOffset Arrived { get; init; }
}

/// <summary>The libvirt call that migrated the domain.</summary>
public sealed record MigrationCallEvidence
{
    /// <summary>When the call was made.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When the call returned.</summary>
    public required DateTimeOffset Ended { get; init; }

    /// <summary><c>p2p</c> or <c>direct</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>The flags of the call, by name.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>The typed parameters of the call; documents are left out.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>The error that the call returned, or <see langword="null"/>.</summary>
    public string? Error { get; init; }
}

/// <summary>Job statistics at one moment.</summary>
public sealed record JobSample
{
    /// <summary>When the statistics were read.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Time since the job began, in milliseconds.</summary>
    public double ElapsedMs { get; init; }

    /// <summary>Guest memory in bytes.</summary>
    public long MemoryTotal { get; init; }

    /// <summary>Guest memory sent so far, in bytes.</summary>
    public long MemoryProcessed { get; init; }

    /// <summary>Guest memory still to be sent, in bytes.</summary>
    public long MemoryRemaining { get; init; }

    /// <summary>Transfer rate in bytes per second.</summary>
    public long MemoryBytesPerSecond { get; init; }

    /// <summary>Pages dirtied per second.</summary>
    public long DirtyPagesPerSecond { get; init; }

    /// <summary>Bytes in a page.</summary>
    public long PageSize { get; init; }

    /// <summary>The iteration of the copy, as libvirt counts it.</summary>
    public long Iteration { get; init; }

    /// <summary>The blackout that QEMU expects if it switched over now, in milliseconds.</summary>
    public double? ExpectedDowntimeMs { get; init; }
}

/// <summary>A slice of a domain's QEMU log.</summary>
public sealed record LogEvidence
{
    /// <summary>The log's path on its host, if known.</summary>
    public string? Path { get; init; }

    /// <summary>How the log was read: <c>file</c>, <c>ssh</c> or <c>libvirt</c> (a storage pool); <see langword="null"/> when it wasn't, or nobody wrote that down.</summary>
    public string? ReadBy { get; init; }

    /// <summary>Why the log was not read in the ways that come before <see cref="ReadBy"/>.</summary>
    public IReadOnlyList<string> NotReadBy { get; init; } = [];

    /// <summary>Why the log could not be read; <see langword="null"/> when it was.</summary>
    public string? Problem { get; init; }

    /// <summary>The lines that matter for this migration: trace events, and libvirt's own headers and footers.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>How many older lines that matter were left out because there were too many.</summary>
    public long DroppedLines { get; init; }
}

/// <summary>One tick of the lab's guest, as its serial port brought it.</summary>
/// <param name="Arrived">When the tick reached the collector, on this machine's clock.</param>
/// <param name="Sequence">The tick's number.</param>
/// <param name="MonotonicNs">The guest's own monotonic clock, in nanoseconds; it stands still while the guest does.</param>
public readonly record struct GuestTick(DateTimeOffset Arrived, long Sequence, long MonotonicNs);
