namespace Orchestrator.Downtime;

/// <summary>The clocks of both hosts of one migration.</summary>
internal sealed record HostClocks(HostClock Source, HostClock Destination)
{
    // QEMU stamps to the microsecond; each end of an interval may be one off.
    private const double StampResolutionMs = 0.002;

    public static HostClocks Estimate(MigrationEvidence evidence)
    {
        var stop = QmpEvents.Stop(evidence)?.Arrived;
        var resume = QmpEvents.Resume(evidence)?.Arrived;
        var middle = evidence.Call.Started + ((evidence.Call.Ended - evidence.Call.Started) / 2);
        return new HostClocks(
            HostClock.Estimate(evidence.Source, stop ?? resume ?? middle),
            HostClock.Estimate(evidence.Destination, resume ?? stop ?? middle));
    }

    /// <summary>Whether an interval between the two hosts can be corrected.</summary>
    public bool OffsetsKnown => Source.OffsetMs is not null && Destination.OffsetMs is not null;

    /// <summary>The length in milliseconds from a stamp of the source to one of the destination, corrected by what is known of their clocks.</summary>
    public double Interval(DateTimeOffset source, DateTimeOffset destination)
        => HostClock.Microseconds((destination - source).TotalMilliseconds - (OffsetsKnown ? Destination.OffsetMs!.Value - Source.OffsetMs!.Value : 0));

    /// <summary>The uncertainty of <see cref="Interval"/> in milliseconds.</summary>
    public double? IntervalUncertainty
        => Source.UncertaintyMs + Destination.UncertaintyMs is { } sum ? HostClock.Microseconds(sum + StampResolutionMs) : null;
}
