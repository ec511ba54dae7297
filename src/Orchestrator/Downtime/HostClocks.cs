using System.Globalization;

namespace Orchestrator.Downtime;

/// <summary>
/// The clocks of both hosts of one migration, and how they stand against each other. Each host's deliveries bound its own offset against us; where the way there and the
/// way back differ, that bound is wide, and cause and effect between the hosts cut what remains of the difference.
/// </summary>
internal sealed record HostClocks(HostClock Source, HostClock Destination, ClockDifference Difference)
{
    // QEMU stamps to the microsecond; each end of an interval may be one off.
    private const double StampResolutionMs = 0.002;

    public static HostClocks Estimate(MigrationEvidence evidence)
    {
        var stop = QmpEvents.Stop(evidence)?.Arrived;
        var resume = QmpEvents.Resume(evidence)?.Arrived;
        var middle = evidence.Call.Started + ((evidence.Call.Ended - evidence.Call.Started) / 2);
        var source = HostClock.Estimate(evidence.Source, stop ?? resume ?? middle);
        var destination = HostClock.Estimate(evidence.Destination, resume ?? stop ?? middle);
        var causal = CausalBounds.Find(evidence, source, destination);
        return Combine(source, destination, causal.Interval, causal.LowBy, causal.HighBy);
    }

    /// <summary>Whether an interval between the two hosts can be corrected.</summary>
    public bool OffsetsKnown => Difference.OffsetMs is not null;

    /// <summary>The length in milliseconds from a stamp of the source to one of the destination, corrected by what is known of their clocks.</summary>
    public double Interval(DateTimeOffset source, DateTimeOffset destination)
        => HostClock.Microseconds((destination - source).TotalMilliseconds - (Difference.OffsetMs ?? 0));

    /// <summary>The uncertainty of <see cref="Interval"/> in milliseconds.</summary>
    public double? IntervalUncertainty => Difference.UncertaintyMs is { } uncertainty ? HostClock.Microseconds(uncertainty + StampResolutionMs) : null;

    /// <summary>Puts together what deliveries and causes tell.</summary>
    /// <param name="source">The source's clock, by deliveries.</param>
    /// <param name="destination">The destination's, by deliveries.</param>
    /// <param name="causal">The destination's clock minus the source's, by causes.</param>
    /// <param name="lowBy">What gives the low end of <paramref name="causal"/>.</param>
    /// <param name="highBy">What gives its high end.</param>
    public static HostClocks Combine(HostClock source, HostClock destination, ClockInterval causal, string? lowBy, string? highBy)
    {
        var delivered = destination.Interval.Plus(source.Interval.Negated);
        var both = delivered.Intersect(causal);
        lowBy = causal.Low > delivered.Low ? lowBy : double.IsFinite(both.Low) ? ClockDifference.Deliveries : null;
        highBy = causal.High < delivered.High ? highBy : double.IsFinite(both.High) ? ClockDifference.Deliveries : null;
        string? problem = null;
        if (both.Low > both.High)
        {
            // One of the two is wrong, and nobody knows which: the truth may lie anywhere in either.
            problem = both.Low - both.High > StampResolutionMs
                ? string.Create(CultureInfo.InvariantCulture, $"the bounds contradict each other by {both.Low - both.High:0.000} ms (at least, by: {lowBy}; at most, by: {highBy}); taken for the uncertainty")
                : null;
            double[] ends = [.. new[] { delivered.Low, delivered.High, causal.Low, causal.High }.Where(double.IsFinite)];
            both = new(ends.Min(), ends.Max());
        }
        else if (both != delivered)
        {
            (source, destination) = Narrow(source, destination, both);
        }

        // A difference that is bounded on one side only is taken where the hosts' own estimates put it, as far as the bound allows.
        double? offset = both.IsBounded ? both.Middle
            : source.OffsetMs is { } there && destination.OffsetMs is { } here ? Math.Clamp(here - there, both.Low, both.High)
            : null;
        var difference = new ClockDifference
        {
            OffsetMs = Rounded(offset),
            UncertaintyMs = offset is { } value ? Rounded(both.Around(value)) : null,
            LowMs = Rounded(both.Low),
            HighMs = Rounded(both.High),
            LowBy = lowBy,
            HighBy = highBy,
            Problem = problem,
        };

        // The timeline lies on our clock: its blackout is as long as the value says.
        return new(source, source.OffsetMs is { } from && offset is { } ahead ? At(destination, from + ahead) : destination, difference);
    }

    private static (HostClock Source, HostClock Destination) Narrow(HostClock source, HostClock destination, ClockInterval difference)
        => (Within(source, destination.Interval.Plus(difference.Negated)), Within(destination, source.Interval.Plus(difference)));

    private static HostClock Within(HostClock clock, ClockInterval allowed)
    {
        var narrowed = clock.Interval.Intersect(allowed);
        return narrowed == clock.Interval || !narrowed.IsBounded || narrowed.Low > narrowed.High || clock.OffsetMs is null
            ? clock
            : clock with { OffsetMs = Rounded(narrowed.Middle), UncertaintyMs = Rounded((narrowed.High - narrowed.Low) / 2), Problem = null };
    }

    /// <summary>The clock with another offset; what bounds it stays, so that the uncertainty grows by as much as the offset moved.</summary>
    private static HostClock At(HostClock clock, double offset)
        => clock.OffsetMs is { } before && Rounded(offset) is { } moved && moved != before
            ? clock with { OffsetMs = moved, UncertaintyMs = Rounded(clock.UncertaintyMs + Math.Abs(moved - before)) }
            : clock;

    private static double? Rounded(double? ms) => ms is { } value && double.IsFinite(value) ? HostClock.Microseconds(value) : null;
}
