namespace Orchestrator.Downtime;

/// <summary>
/// How a host's clock stands against ours, as far as its stamped events tell. An event that was stamped at s and reached us at a was on its way for d >= 0, so the host's clock is
/// ahead by at least s - a. The event that came fastest gives the best bound, and it was hardly longer on its way than the fastest round trip.
/// </summary>
public sealed record HostClock
{
    // The most that two disciplined clocks drift apart: Linux lets NTP slew each by 500 ppm.
    private const double Drift = 0.001;

    /// <summary>The host's name.</summary>
    public required string Host { get; init; }

    /// <summary>The host's clock minus ours, in milliseconds; <see langword="null"/> when the host sent no stamped events.</summary>
    public double? OffsetMs { get; init; }

    /// <summary>The offset lies within this many milliseconds of <see cref="OffsetMs"/>; <see langword="null"/> when unknown.</summary>
    public double? UncertaintyMs { get; init; }

    /// <summary>The fastest round trip to the host in milliseconds, if any was measured.</summary>
    public double? MinRoundTripMs { get; init; }

    /// <summary>How many stamped events the offset rests on.</summary>
    public int StampedEvents { get; init; }

    /// <summary>How much later than the fastest event the slowest one reached us, in milliseconds.</summary>
    public double? DeliverySpreadMs { get; init; }

    /// <summary>Why the offset or its uncertainty is unknown; <see langword="null"/> when both are known.</summary>
    public string? Problem { get; init; }

    /// <summary>Estimates a host's offset.</summary>
    /// <param name="host">What was seen of the host.</param>
    /// <param name="at">The moment, on our clock, that the offset is wanted for: events far from it count less, since clocks drift.</param>
    public static HostClock Estimate(HostEvidence host, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(host);
        double? roundTrip = host.RoundTripsMs.Count > 0 ? host.RoundTripsMs.Min() : null;
        var stamped = host.Events.Where(e => e.Stamp is not null).ToList();
        if (stamped.Count == 0)
        {
            return new HostClock { Host = host.Name, MinRoundTripMs = roundTrip, Problem = "the host sent no stamped events: its clock's offset is unknown" };
        }

        var bounds = stamped.Select(e => (Ahead: Ahead(e), Drifted: Drift * Math.Abs((e.Arrived - at).TotalMilliseconds))).ToList();
        var best = bounds.MaxBy(b => b.Ahead - b.Drifted);
        return new HostClock
        {
            Host = host.Name,
            OffsetMs = Microseconds(best.Ahead + (roundTrip / 2 ?? 0)),
            UncertaintyMs = roundTrip is { } r ? Microseconds((r / 2) + best.Drifted) : null,
            MinRoundTripMs = roundTrip,
            StampedEvents = stamped.Count,
            DeliverySpreadMs = Microseconds(bounds.Max(b => b.Ahead) - bounds.Min(b => b.Ahead)),
            Problem = roundTrip is null ? "no round trip to the host was measured: the offset's uncertainty is unknown" : null,
        };
    }

    /// <summary>A time of the host's clock on ours; unchanged when the offset is unknown.</summary>
    internal DateTimeOffset ToOurs(DateTimeOffset stamp) => stamp - TimeSpan.FromMilliseconds(OffsetMs ?? 0);

    /// <summary>A time of our clock on the host's; unchanged when the offset is unknown.</summary>
    internal DateTimeOffset ToHost(DateTimeOffset ours) => ours + TimeSpan.FromMilliseconds(OffsetMs ?? 0);

    /// <summary>How much later than the host's fastest event this one reached us, in milliseconds; <see langword="null"/> when that can't be told.</summary>
    internal double? Lateness(ObservedEvent e)
        => OffsetMs is { } offset && e.Stamp is not null ? Math.Max(0, offset - (MinRoundTripMs / 2 ?? 0) - Ahead(e)) : null;

    /// <summary>Rounds milliseconds to whole microseconds, the resolution of QEMU's stamps.</summary>
    internal static double Microseconds(double ms) => Math.Round(ms, 3, MidpointRounding.AwayFromZero);

    private static double Ahead(ObservedEvent e) => (e.Stamp!.Value - e.Arrived).TotalMilliseconds;
}
