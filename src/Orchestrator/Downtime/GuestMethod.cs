namespace Orchestrator.Downtime;

/// <summary>
/// The downtime from the lab guest's ticks. The guest's monotonic clock stands still while the guest does, so the arrival gap of two ticks less their monotonic gap is
/// the time the guest stood still between them.
/// </summary>
internal static class GuestMethod
{
    // Of the other gaps this part differs less from the guest's own clock than the uncertainty says.
    private const double Quantile = 0.95;

    public static MeasuredDowntime Measure(MigrationEvidence evidence)
    {
        if (evidence.GuestTicks.Count == 0)
        {
            return new MeasuredDowntime { Problem = "the guest's ticks were not watched" };
        }

        if (QmpEvents.RolledBack(evidence))
        {
            return new MeasuredDowntime { Problem = "the migration was rolled back: the guest ran again on the source" };
        }

        var ticks = evidence.GuestTicks.OrderBy(tick => tick.Arrived).ToList();
        var stopped = QmpEvents.Stop(evidence) ?? QmpEvents.Suspended(evidence);
        var resumed = QmpEvents.Resume(evidence) ?? QmpEvents.Resumed(evidence);
        if (ticks[0].Arrived > (stopped?.Arrived ?? evidence.Call.Started))
        {
            return new MeasuredDowntime { Problem = "no tick from before the blackout" };
        }

        if (ticks[^1].Arrived < (resumed?.Arrived ?? evidence.Call.Ended))
        {
            return new MeasuredDowntime { Problem = "no tick from after the blackout" };
        }

        // A sequence or clock that goes back is another boot of the guest.
        var stalls = ticks.Zip(ticks.Skip(1))
            .Where(pair => pair.Second.Arrived >= evidence.Call.Started && pair.First.Arrived <= evidence.Call.Ended)
            .Where(pair => pair.Second.Sequence > pair.First.Sequence && pair.Second.MonotonicNs > pair.First.MonotonicNs)
            .Select(pair => (pair.Second.Arrived - pair.First.Arrived).TotalMilliseconds - ((pair.Second.MonotonicNs - pair.First.MonotonicNs) / 1e6))
            .Order()
            .ToList();
        return stalls is [.. var others, > 0 and var longest]
            ? new MeasuredDowntime { ValueMs = HostClock.Microseconds(longest), UncertaintyMs = Jitter(others) }
            : new MeasuredDowntime { Problem = "the ticks show no gap" };
    }

    private static double? Jitter(List<double> stalls)
    {
        if (stalls.Count == 0)
        {
            return null;
        }

        var sizes = stalls.Select(Math.Abs).Order().ToList();
        return HostClock.Microseconds(sizes[(int)Math.Ceiling(Quantile * sizes.Count) - 1]);
    }
}
