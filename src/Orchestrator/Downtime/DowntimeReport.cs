namespace Orchestrator.Downtime;

/// <summary>The measured downtime of one migration: how long no vCPU of the guest ran.</summary>
public sealed record DowntimeReport
{
    /// <summary>The downtime in milliseconds, by <see cref="Method"/>; <see langword="null"/> when no method is complete.</summary>
    public double? ValueMs { get; init; }

    /// <summary>The downtime lies within this many milliseconds of <see cref="ValueMs"/>; <see langword="null"/> when unknown.</summary>
    public double? UncertaintyMs { get; init; }

    /// <summary>The method of the value: <c>trace</c>, <c>qmp</c>, <c>libvirt</c>, <c>observer</c> or <c>guest</c>.</summary>
    public string? Method { get; init; }

    /// <summary>Why there is no value; <see langword="null"/> when there is one.</summary>
    public string? Problem { get; init; }

    /// <summary>What each method says.</summary>
    public required DowntimeSources Sources { get; init; }

    /// <summary>The hosts' clocks: the source's, then the destination's.</summary>
    public IReadOnlyList<HostClock> Clocks { get; init; } = [];

    /// <summary>How the hosts' clocks stand against each other; <see langword="null"/> when nothing was seen that bounds it.</summary>
    public ClockDifference? ClockDifference { get; init; }

    /// <summary>The events of both hosts in the order they happened.</summary>
    public IReadOnlyList<TimelineEntry> Timeline { get; init; } = [];

    /// <summary>The parts of the call; their lengths add up to the call's.</summary>
    public IReadOnlyList<MigrationPhase> Phases { get; init; } = [];

    /// <summary>What each device's state took of the blackout.</summary>
    public DeviceStateDowntime DeviceState { get; init => field = value ?? new(); } = new(); // a report that was kept before there was this

    /// <summary>The number of the migration in <see cref="Migrations"/>; <see langword="null"/> for one that was watched.</summary>
    public int? Migration { get; init; }

    /// <summary>All migrations that the source's log tells of, when logs alone were judged.</summary>
    public IReadOnlyList<LoggedMigration> Migrations { get; init => field = value ?? []; } = []; // likewise
}

/// <summary>What each method of measuring says.</summary>
/// <param name="Trace">QEMU's trace events in the logs of both hosts.</param>
/// <param name="Qmp">QEMU's own stamps of STOP and RESUME.</param>
/// <param name="Libvirt">libvirt's statistics of the completed job.</param>
/// <param name="Observer">When the two events reached us.</param>
/// <param name="Guest">The gap in the guest's own ticks.</param>
public sealed record DowntimeSources(
    TraceDowntime Trace, MeasuredDowntime Qmp, LibvirtDowntime Libvirt, MeasuredDowntime Observer, MeasuredDowntime Guest);

/// <summary>What one method says.</summary>
public record MeasuredDowntime
{
    /// <summary>The downtime in milliseconds; <see langword="null"/> when the method is not complete.</summary>
    public double? ValueMs { get; init; }

    /// <summary>The downtime lies within this many milliseconds of the value; <see langword="null"/> when unknown.</summary>
    public double? UncertaintyMs { get; init; }

    /// <summary>The difference of the stamps in milliseconds before the hosts' clocks were corrected for; <see langword="null"/> for methods that use no stamps.</summary>
    public double? RawMs { get; init; }

    /// <summary>Why there is no value; <see langword="null"/> when there is one.</summary>
    public string? Problem { get; init; }
}

/// <summary>What the trace events say.</summary>
public sealed record TraceDowntime : MeasuredDowntime
{
    /// <summary>The events that the value was taken from: the source's, then the destination's.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>When the source's vCPUs stood still, on the source's clock.</summary>
    public DateTimeOffset? PausedStamp { get; init; }

    /// <summary>When the destination's vCPUs were about to run, on the destination's clock.</summary>
    public DateTimeOffset? PreparedStamp { get; init; }
}

/// <summary>What libvirt's statistics of the completed job say. The two numbers are never mixed: <c>downtime</c> contains the difference of the hosts' clocks.</summary>
public sealed record LibvirtDowntime
{
    /// <summary>libvirt's <c>downtime</c> in milliseconds; contains the difference of the two hosts' clocks.</summary>
    public double? DowntimeMs { get; init; }

    /// <summary>libvirt's <c>downtime_net</c> in milliseconds: without the clocks' difference, but also without the time the hand-over took between the hosts.</summary>
    public double? DowntimeNetMs { get; init; }

    /// <summary>The host that told the statistics.</summary>
    public string? Host { get; init; }

    /// <summary>Why there is no value; <see langword="null"/> when there is one.</summary>
    public string? Problem { get; init; }
}

/// <summary>One event of a migration.</summary>
/// <param name="Event">The event's name with what matters of its data, such as <c>MIGRATION completed</c>.</param>
/// <param name="Host">The host it happened on; <c>client</c> for our own call.</param>
/// <param name="At">When it happened, on our clock: corrected where the host stamped it, else when it reached us.</param>
/// <param name="OffsetMs">Milliseconds since the call was made.</param>
/// <param name="Channel">Where it was seen: <c>trace</c>, <c>log</c>, <c>qmp</c>, <c>lifecycle</c>, <c>iteration</c>, <c>job</c> or <c>call</c>.</param>
public sealed record TimelineEntry(string Event, string Host, DateTimeOffset At, double OffsetMs, string Channel);

/// <summary>A part of the migrating call.</summary>
/// <param name="Name">The phase's name.</param>
/// <param name="DurationMs">Its length in milliseconds.</param>
public sealed record MigrationPhase(string Name, double DurationMs);
