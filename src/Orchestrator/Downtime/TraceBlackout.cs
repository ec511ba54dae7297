namespace Orchestrator.Downtime;

/// <summary>
/// The blackout as the trace events of both hosts' QEMU logs show it, each end on its own host's clock. The events fire outside migrations too (boot, suspend, shutdown),
/// so each end is looked for in its window only: on the source between "initiating migration" and the footer, on the destination behind its last header.
/// </summary>
public sealed record TraceBlackout
{
    private static readonly (string Paused, string Running, string PausedText, string RunningText)[] Families =
    [
        (QemuLogEvents.AllVcpusPaused, QemuLogEvents.AllVcpusPrepared, QemuLogEvents.AllVcpusPaused, QemuLogEvents.AllVcpusPrepared),
        (QemuLogEvents.VmStateNotify, QemuLogEvents.VmStateNotify, "vm_state_notify running 0", "vm_state_notify running 1"),
    ];

    /// <summary>When the source's vCPUs stood still, on the source's clock.</summary>
    public DateTimeOffset? Paused { get; init; }

    /// <summary>When the destination's vCPUs were about to run, on the destination's clock.</summary>
    public DateTimeOffset? Prepared { get; init; }

    /// <summary>The source's and the destination's event that were used.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>Why no blackout was found; <see langword="null"/> when one was.</summary>
    public string? Problem { get; init; }

    /// <summary>Finds the blackout of the last migration in two logs.</summary>
    /// <param name="source">The source's log.</param>
    /// <param name="destination">The destination's log.</param>
    /// <param name="sourceWindow">The time of the migration on the source's clock, if known; what lies outside belongs to another one.</param>
    /// <param name="destinationWindow">The time of the migration on the destination's clock, if known.</param>
    public static TraceBlackout Find(LogEvidence source, LogEvidence destination, TimeWindow? sourceWindow = null, TimeWindow? destinationWindow = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        if ((source.Problem ?? destination.Problem) is not null)
        {
            return new TraceBlackout { Problem = source.Problem is null ? $"destination: {destination.Problem}" : $"source: {source.Problem}" };
        }

        var from = SourceLog.Read([.. source.Lines.Select(QemuLogLine.Parse)], sourceWindow);
        var to = DestinationLog.Read([.. destination.Lines.Select(QemuLogLine.Parse)], destinationWindow);
        TraceBlackout? failed = null;
        foreach (var family in Families)
        {
            var paused = from.Pause(family.Paused, family.PausedText);
            var running = to.FirstRun(family.Running, family.RunningText);
            if (paused.Stamp is not null && running.Stamp is not null)
            {
                return new TraceBlackout { Paused = paused.Stamp, Prepared = running.Stamp, Events = [family.PausedText, family.RunningText] };
            }

            // The family that is there at all has the better reason.
            var problem = new TraceBlackout { Problem = paused.Problem is null ? $"destination: {running.Problem}" : $"source: {paused.Problem}" };
            failed = failed is null || from.Has(family.Paused) || to.Has(family.Running) ? problem : failed;
        }

        return failed!;
    }
}

/// <summary>A stretch of time.</summary>
/// <param name="From">Its begin.</param>
/// <param name="To">Its end.</param>
public readonly record struct TimeWindow(DateTimeOffset From, DateTimeOffset To)
{
    internal bool Contains(DateTimeOffset at) => at >= From && at <= To;
}

/// <summary>One end of the blackout, or why it wasn't found.</summary>
internal readonly record struct BlackoutEnd(DateTimeOffset? Stamp, string? Problem);
