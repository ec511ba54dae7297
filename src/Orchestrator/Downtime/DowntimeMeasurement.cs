namespace Orchestrator.Downtime;

/// <summary>Measures the downtime of a migration from its evidence, by every method that the evidence allows.</summary>
public static class DowntimeMeasurement
{
    /// <summary>Measures one migration. The first complete method of trace, qmp, libvirt, observer and guest gives the value; the others stand beside it.</summary>
    /// <param name="evidence">What was observed around the migration.</param>
    public static DowntimeReport Measure(MigrationEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var clocks = HostClocks.Estimate(evidence);
        var observer = ObserverMethod.Measure(evidence, clocks);
        var sources = new DowntimeSources(
            TraceMethod.Measure(evidence, clocks, observer),
            QmpMethod.Measure(evidence, clocks),
            LibvirtMethod.Measure(evidence),
            observer,
            GuestMethod.Measure(evidence));
        var (method, value, uncertainty) = Choose(sources);
        var timeline = MigrationTimeline.Build(evidence, clocks);
        var (stopped, resumed) = Blackout(evidence, clocks, sources);
        return new DowntimeReport
        {
            ValueMs = value,
            UncertaintyMs = uncertainty,
            Method = method,
            Problem = method is null ? $"no method is complete; trace: {sources.Trace.Problem}; qmp: {sources.Qmp.Problem}" : null,
            Sources = sources,
            Clocks = [clocks.Source, clocks.Destination],
            ClockDifference = clocks.Difference is { LowMs: null, HighMs: null } ? null : clocks.Difference,
            Timeline = timeline,
            Phases = MigrationPhases.Cut(evidence, timeline, stopped, resumed),
            DeviceState = DeviceState.Split(evidence, clocks),
        };
    }

    /// <summary>The blackout's ends on our clock, by the best method that tells them.</summary>
    internal static (DateTimeOffset? Stopped, DateTimeOffset? Resumed) BlackoutOf(MigrationEvidence evidence, DowntimeSources sources) =>
        Blackout(evidence, HostClocks.Estimate(evidence), sources);

    private static (string? Method, double? Value, double? Uncertainty) Choose(DowntimeSources sources) => sources switch
    {
        { Trace.ValueMs: { } value } => ("trace", value, sources.Trace.UncertaintyMs),
        { Qmp.ValueMs: { } value } => ("qmp", value, sources.Qmp.UncertaintyMs),
        { Libvirt.DowntimeNetMs: { } value } => ("libvirt", value, null),
        { Libvirt.DowntimeMs: { } value } => ("libvirt", value, null),
        { Observer.ValueMs: { } value } => ("observer", value, sources.Observer.UncertaintyMs),
        { Guest.ValueMs: { } value } => ("guest", value, sources.Guest.UncertaintyMs),
        _ => (null, null, null),
    };

    private static (DateTimeOffset? Stopped, DateTimeOffset? Resumed) Blackout(MigrationEvidence evidence, HostClocks clocks, DowntimeSources sources)
    {
        if (sources.Trace is { ValueMs: not null, PausedStamp: { } paused, PreparedStamp: { } prepared } && clocks.OffsetsKnown)
        {
            return (clocks.Source.ToOurs(paused), clocks.Destination.ToOurs(prepared));
        }

        if (sources.Qmp.ValueMs is not null && clocks.OffsetsKnown)
        {
            return (clocks.Source.ToOurs(QmpEvents.Stop(evidence)!.Stamp!.Value), clocks.Destination.ToOurs(QmpEvents.Resume(evidence)!.Stamp!.Value));
        }

        if (sources.Observer.ValueMs is not null)
        {
            return ((QmpEvents.Stop(evidence) ?? QmpEvents.Suspended(evidence))?.Arrived, (QmpEvents.Resume(evidence) ?? QmpEvents.Resumed(evidence))?.Arrived);
        }

        // Of logs alone the stamps are taken as they stand, like the value.
        return sources.Trace is { ValueMs: not null, PausedStamp: { } from, PreparedStamp: { } to } ? (from, to) : (null, null);
    }
}
