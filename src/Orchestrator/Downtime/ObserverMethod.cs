namespace Orchestrator.Downtime;

/// <summary>
/// The downtime from when we heard of it: both ends on our own clock, so the hosts' clocks don't matter, but each end is late by its delivery.
/// </summary>
internal static class ObserverMethod
{
    public static MeasuredDowntime Measure(MigrationEvidence evidence, HostClocks clocks)
    {
        if (QmpEvents.RolledBack(evidence))
        {
            return new MeasuredDowntime { Problem = "the migration was rolled back: the guest ran again on the source" };
        }

        var stop = QmpEvents.Stop(evidence) ?? QmpEvents.Suspended(evidence);
        var resume = QmpEvents.Resume(evidence) ?? QmpEvents.Resumed(evidence);
        if (stop is null || resume is null)
        {
            return new MeasuredDowntime { Problem = stop is null ? "the source sent no word of the guest's stop during the call" : "the destination sent no word of the guest's start during the call" };
        }

        var value = HostClock.Microseconds((resume.Arrived - stop.Arrived).TotalMilliseconds);
        return value < 0
            ? new MeasuredDowntime { Problem = $"rejected: the start arrived {-value:0.0} ms before the stop" }
            : new MeasuredDowntime { ValueMs = value, UncertaintyMs = Uncertainty(stop, clocks.Source, resume, clocks.Destination) };
    }

    // The true blackout is longer by the delivery of the stop and shorter by that of the start.
    private static double? Uncertainty(ObservedEvent stop, HostClock source, ObservedEvent resume, HostClock destination)
        => source.LongestDelivery(stop) is { } first && destination.LongestDelivery(resume) is { } second ? HostClock.Microseconds(Math.Max(first, second)) : null;
}
