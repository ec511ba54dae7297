using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class HostClockTests
{
    [Test]
    public void Estimate_any_delays_within_a_round_trip_bound_the_true_offset()
    {
        var cases = from offset in Gen.Choose(-2_000_000, 2_000_000)
                    from fastest in Gen.Choose(0, 800)
                    from delays in Gen.Choose(0, 5000).NonEmptyListOf()
                    select (offset, fastest, delays);

        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            // All in microseconds: the fastest event takes at most the round trip of 800.
            var events = c.delays.Select(d => c.fastest + d).Append(c.fastest).Select((delay, i) => Samples.Qmp("X", null, (i * 10) + c.offset, (i * 10) + delay));
            var clock = HostClock.Estimate(new HostEvidence { Name = "h", Uri = "u", RoundTripsMs = [0.8], Events = [.. events] }, Samples.At(0));
            return Math.Abs(clock.OffsetMs!.Value - (c.offset / 1000.0)) <= clock.UncertaintyMs!.Value + 0.001;
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Estimate_drifting_clock_is_judged_by_events_near_the_moment()
    {
        // The clock gains 0.5 ms per second; the event ten seconds later was 0.1 ms faster, but tells of another time.
        var host = new HostEvidence
        {
            Name = "h",
            Uri = "u",
            RoundTripsMs = [0.4],
            Events = [Samples.Qmp("X", null, 0, 300), Samples.Qmp("X", null, 10_005_000, 10_000_200)],
        };

        Assert.That(HostClock.Estimate(host, Samples.At(0)).OffsetMs, Is.EqualTo(-0.1).Within(1e-9));
        Assert.That(HostClock.Estimate(host, Samples.At(10_000_000)).OffsetMs, Is.EqualTo(5.0).Within(1e-9));
    }

    [Test]
    public void Estimate_lone_fast_event_widens_the_uncertainty()
    {
        var host = new HostEvidence
        {
            Name = "h",
            Uri = "u",
            RoundTripsMs = [0.4, 0.4, 9],
            Events = [Samples.Qmp("X", null, 0, 600), Samples.Qmp("X", null, 1000, 2600), Samples.Qmp("X", null, 1500, 3600)],
        };

        // Deliveries took at least 0.6, 1.6 and 2.1 ms: the fastest surpassed the runner-up by 1, so it may have been that late itself (2 us of drift between the two).
        var clock = HostClock.Estimate(host, Samples.At(600));
        Assert.That(clock.OffsetMs, Is.EqualTo(-0.4).Within(1e-9));
        Assert.That(clock.UncertaintyMs, Is.EqualTo(1.202).Within(1e-9));
    }

    [Test]
    public void Estimate_single_event_has_no_uncertainty_and_says_so()
    {
        var clock = HostClock.Estimate(new HostEvidence { Name = "h", Uri = "u", RoundTripsMs = [0.4], Events = [Samples.Qmp("X", null, 0, 600)] }, Samples.At(0));

        Assert.That((clock.OffsetMs, clock.UncertaintyMs), Is.EqualTo((-0.4, (double?)null)));
        Assert.That(clock.Problem, Does.Contain("a single stamped event"));
    }

    [Test]
    public void Estimate_without_round_trips_has_no_uncertainty_and_says_so()
    {
        var clock = HostClock.Estimate(Samples.Migration().Source with { RoundTripsMs = [] }, Samples.At(863335));

        Assert.That((clock.OffsetMs, clock.UncertaintyMs), Is.EqualTo((-0.169, (double?)null)));
        Assert.That(clock.Problem, Does.Contain("no round trip"));
    }

    [Test]
    public void Estimate_without_stamped_events_knows_no_offset_and_says_so()
    {
        var clock = HostClock.Estimate(Samples.WithoutEvents(Samples.Migration().Source), Samples.At(0));

        Assert.That((clock.OffsetMs, clock.RoundTripMs), Is.EqualTo(((double?)null, 0.5)));
        Assert.That(clock.Problem, Does.Contain("no stamped events"));
    }
}
