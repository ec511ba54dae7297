namespace Orchestrator.Downtime;

/// <summary>
/// How a host's clock stands against ours, as far as its stamped events tell. An event that was stamped at s and reached us at a was on its way for d >= 0, so the host's clock is
/// ahead by at least s - a. The event that came fastest gives the best bound, and it was hardly longer on its way than a round trip; how far the runner-up lags behind tells how
/// much a busy host may have delayed even the fastest.
/// </summary>
public sealed record HostClock
{
    // The most that two disciplined clocks drift apart: Linux lets NTP slew each by 500 ppm.
    internal const double Drift = 0.001;

    private static readonly TimeSpan Near = TimeSpan.FromSeconds(1);

    /// <summary>The host's name.</summary>
    public required string Host { get; init; }

    /// <summary>The host's clock minus ours, in milliseconds; <see langword="null"/> when the host sent no stamped events.</summary>
    public double? OffsetMs { get; init; }

    /// <summary>The offset lies within this many milliseconds of <see cref="OffsetMs"/>; <see langword="null"/> when unknown.</summary>
    public double? UncertaintyMs { get; init; }

    /// <summary>The median round trip to the host in milliseconds, if any was measured.</summary>
    public double? RoundTripMs { get; init; }

    /// <summary>How many stamped events the offset rests on.</summary>
    public int StampedEvents { get; init; }

    /// <summary>How much later than the fastest event the slowest one within a second of the blackout reached us, in milliseconds.</summary>
    public double? DeliverySpreadMs { get; init; }

    /// <summary>Why the offset or its uncertainty is unknown; <see langword="null"/> when both are known.</summary>
    public string? Problem { get; init; }

    /// <summary>Where the offset lies: around it when its uncertainty is known, else above it.</summary>
    internal ClockInterval Interval => (OffsetMs, UncertaintyMs) switch
    {
        ({ } offset, { } uncertainty) => new(offset - uncertainty, offset + uncertainty),
        ({ } offset, _) => new(offset - (BestDriftMs ?? 0) - (RoundTripMs / 2 ?? 0), double.PositiveInfinity),
        _ => ClockInterval.Unbounded,
    };

    /// <summary>How far the clocks may have drifted between the event that the offset rests on and the wanted moment.</summary>
    internal double? BestDriftMs { get; init; }

    /// <summary>By how much the host is ahead at least, by the slowest of the events near the wanted moment.</summary>
    internal double? SlowestAheadMs { get; init; }

    /// <summary>Estimates a host's offset.</summary>
    /// <param name="host">What was seen of the host.</param>
    /// <param name="at">The moment, on our clock, that the offset is wanted for: events far from it count less, since clocks drift.</param>
    public static HostClock Estimate(HostEvidence host, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(host);
        var roundTrip = Median(host.RoundTripsMs);
        var bounds = host.Events.Where(e => e.Stamp is not null).Select(e => Bound.Of(e, at)).OrderByDescending(bound => bound.Ahead - bound.Drift).ToList();
        if (bounds.Count == 0)
        {
            return new HostClock { Host = host.Name, RoundTripMs = roundTrip, Problem = "the host sent no stamped events: its clock's offset is unknown" };
        }

        var best = bounds[0];
        double? lag = bounds.Count > 1 ? best.Ahead - best.Drift - (bounds[1].Ahead - bounds[1].Drift) : null;
        var near = bounds.Where(bound => bound.Drift <= Drift * Near.TotalMilliseconds).ToList();
        return new HostClock
        {
            Host = host.Name,
            OffsetMs = Microseconds(best.Ahead + (roundTrip / 2 ?? 0)),
            UncertaintyMs = (roundTrip / 2) + best.Drift + lag is { } uncertainty ? Microseconds(uncertainty) : null,
            RoundTripMs = roundTrip,
            StampedEvents = bounds.Count,
            BestDriftMs = best.Drift,
            SlowestAheadMs = near.Count > 0 ? near.Min(bound => bound.Ahead) : null,
            DeliverySpreadMs = near.Count > 0 ? Microseconds(near.Max(bound => bound.Ahead) - near.Min(bound => bound.Ahead)) : null,
            Problem = (roundTrip, lag) switch
            {
                (null, _) => "no round trip to the host was measured: the offset's uncertainty is unknown",
                (_, null) => "the host sent a single stamped event: the offset's uncertainty is unknown",
                _ => null,
            },
        };
    }

    /// <summary>A time of the host's clock on ours; unchanged when the offset is unknown.</summary>
    internal DateTimeOffset ToOurs(DateTimeOffset stamp) => stamp - TimeSpan.FromMilliseconds(OffsetMs ?? 0);

    /// <summary>A time of our clock on the host's; unchanged when the offset is unknown.</summary>
    internal DateTimeOffset ToHost(DateTimeOffset ours) => ours + TimeSpan.FromMilliseconds(OffsetMs ?? 0);

    /// <summary>
    /// The longest that an event can have been on its way to us, in milliseconds; <see langword="null"/> when nothing bounds it. An event without a stamp takes the
    /// slowest of the host's stamped ones near the wanted moment.
    /// </summary>
    internal double? LongestDelivery(ObservedEvent e)
        => Interval.High is var high && double.IsFinite(high) && (e.Stamp is { } stamp ? (stamp - e.Arrived).TotalMilliseconds : SlowestAheadMs) is { } ahead ? Math.Max(0, high - ahead) : null;

    /// <summary>Rounds milliseconds to whole microseconds, the resolution of QEMU's stamps.</summary>
    internal static double Microseconds(double ms) => Math.Round(ms, 3, MidpointRounding.AwayFromZero);

    private static double? Median(IReadOnlyList<double> values)
        => values.Count == 0 ? null : Microseconds(values.Order().ElementAt(values.Count / 2));

    /// <summary>What one event tells: by how much the host is ahead at least, and how far both clocks may have drifted between the event and the wanted moment.</summary>
    private readonly record struct Bound(double Ahead, double Drift)
    {
        public static Bound Of(ObservedEvent e, DateTimeOffset at)
            => new((e.Stamp!.Value - e.Arrived).TotalMilliseconds, HostClock.Drift * Math.Abs((e.Arrived - at).TotalMilliseconds));
    }
}
