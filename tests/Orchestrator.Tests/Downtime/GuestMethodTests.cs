using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class GuestMethodTests
{
    [Test]
    public void Measure_gap_less_the_guests_own_time_is_the_downtime()
    {
        // The guest ticks every 10 ms; between ticks 3 and 4 it stood still for 12.5 ms. Two deliveries were 0.2 ms early or late.
        var guest = Measure(Ticks((843, 10), (853, 20), (863.2, 30), (885.7, 40), (895.7, 50)));

        Assert.That(guest.ValueMs, Is.EqualTo(12.5));
        Assert.That(guest.UncertaintyMs, Is.EqualTo(0.2).Within(1e-9));
    }

    [Test]
    public void Measure_lost_ticks_change_nothing()
        => Assert.That(Measure(Ticks((830, 10), (853, 33), (895.5, 63))).ValueMs, Is.EqualTo(12.5));

    [Test]
    public void Measure_gap_outside_the_call_is_not_taken()
        => Assert.That(Measure(Ticks((-5000, 10), (830, 20), (850, 40), (882.5, 60), (5000, 4177.5), (6000, 4180))).ValueMs, Is.EqualTo(12.5));

    [Test]
    public void Measure_guest_that_rebooted_is_not_a_gap()
        => Assert.That(Measure(Ticks((850, 9000), (882.5, 9020), (890, 5), (900, 15))).ValueMs, Is.EqualTo(12.5));

    [Test]
    public void Measure_ticks_on_one_side_only_is_no_value()
    {
        Assert.That(Measure(Ticks((843, 10), (853, 20))).Problem, Is.EqualTo("no tick from after the blackout"));
        Assert.That(Measure(Ticks((880, 10), (890, 20))).Problem, Is.EqualTo("no tick from before the blackout"));
    }

    private static MeasuredDowntime Measure(GuestTick[] ticks) => GuestMethod.Measure(Samples.Migration() with { GuestTicks = ticks });

    private static GuestTick[] Ticks(params (double ArrivedMs, double GuestMs)[] ticks)
        => [.. ticks.Select((tick, i) => new GuestTick(Samples.At(tick.ArrivedMs * 1000), i, (long)(tick.GuestMs * 1e6)))];
}
