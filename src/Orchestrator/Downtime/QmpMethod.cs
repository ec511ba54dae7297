namespace Orchestrator.Downtime;

/// <summary>The downtime from QEMU's own stamps of STOP on the source and RESUME on the destination.</summary>
internal static class QmpMethod
{
    public static MeasuredDowntime Measure(MigrationEvidence evidence, HostClocks clocks)
    {
        var (stop, resume) = (QmpEvents.Stop(evidence), QmpEvents.Resume(evidence));
        if (Missing(evidence, stop, resume) is { } missing)
        {
            return new MeasuredDowntime { Problem = missing };
        }

        if (stop!.Stamp is not { } from || resume!.Stamp is not { } to)
        {
            return new MeasuredDowntime { Problem = "the events carry no stamps" };
        }

        var value = clocks.Interval(from, to);
        var problem = Plausibility.Problem(value, evidence, clocks);
        return new MeasuredDowntime
        {
            ValueMs = problem is null ? value : null,
            UncertaintyMs = problem is null ? clocks.IntervalUncertainty : null,
            RawMs = HostClock.Microseconds((to - from).TotalMilliseconds),
            Problem = problem,
        };
    }

    private static string? Missing(MigrationEvidence evidence, ObservedEvent? stop, ObservedEvent? resume) => (stop, resume) switch
    {
        _ when !Watched(evidence.Source) && !Watched(evidence.Destination) => "no monitor events were received from either host",
        _ when !Watched(evidence.Source) => "no monitor events were received from the source",
        (null, _) => "no STOP from the source during the call: the guest was already paused, or the call ended before the switch-over",
        _ when QmpEvents.RolledBack(evidence) => "the migration was rolled back: the guest ran again on the source",
        _ when !Watched(evidence.Destination) => "no monitor events were received from the destination",
        (_, null) => "no RESUME from the destination during the call",
        _ => null,
    };

    private static bool Watched(HostEvidence host) => host.Events.Any(e => e.Channel == "qmp");
}
