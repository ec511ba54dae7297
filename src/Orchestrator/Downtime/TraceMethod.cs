namespace Orchestrator.Downtime;

/// <summary>The downtime from the trace events in both hosts' logs.</summary>
internal static class TraceMethod
{
    // Beyond the clocks' uncertainty: libvirt cuts its stamps to milliseconds, and clocks that nobody compared are hoped to agree to a second.
    private static readonly TimeSpan WindowSlack = TimeSpan.FromSeconds(1);

    // How far an uncorrected value may lie from the observer's before the clocks are to blame; events reach us some milliseconds late.
    private const double ObserverToleranceMs = 50;

    public static TraceDowntime Measure(MigrationEvidence evidence, HostClocks clocks, MeasuredDowntime observer)
    {
        var found = TraceBlackout.Find(evidence.Source.Log, evidence.Destination.Log, Window(evidence, clocks.Source), Window(evidence, clocks.Destination));
        if (found is not { Paused: { } paused, Prepared: { } prepared })
        {
            return new TraceDowntime { Problem = found.Problem };
        }

        var value = clocks.Interval(paused, prepared);
        var problem = Plausibility.Problem(value, evidence, clocks);
        if (problem is null && !clocks.OffsetsKnown && Math.Abs(value - observer.ValueMs ?? 0) > ObserverToleranceMs)
        {
            problem = $"{value:0.0} ms by the hosts' own clocks contradicts the {observer.ValueMs:0.0} ms observed, and the clocks' offset is unknown";
        }

        return new TraceDowntime
        {
            ValueMs = problem is null ? value : null,
            UncertaintyMs = problem is null ? clocks.IntervalUncertainty : null,
            RawMs = HostClock.Microseconds((prepared - paused).TotalMilliseconds),
            Events = found.Events,
            PausedStamp = paused,
            PreparedStamp = prepared,
            Problem = problem,
        };
    }

    // Without an offset the log's clock can't be laid over the call.
    internal static TimeWindow? Window(MigrationEvidence evidence, HostClock clock)
    {
        if (clock.OffsetMs is null)
        {
            return null;
        }

        var slack = WindowSlack + TimeSpan.FromMilliseconds(clock.UncertaintyMs ?? 0);
        return new TimeWindow(clock.ToHost(evidence.Call.Started) - slack, clock.ToHost(evidence.Call.Ended) + slack);
    }
}
