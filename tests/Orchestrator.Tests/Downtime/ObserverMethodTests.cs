using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class ObserverMethodTests
{
    [Test]
    public void Measure_late_stop_widens_the_uncertainty_by_its_lateness()
    {
        var evidence = Samples.Migration().WithSource(h => h with
        {
            Events = [.. h.Events.Select(e => e.Name == "STOP" ? e with { Arrived = Samples.At(866335) } : e)],
        });

        var observer = ObserverMethod.Measure(evidence, HostClocks.Estimate(evidence));

        // STOP took 3.293 ms, 3.124 more than the source's fastest event, which itself may have taken 0.508: a round trip of 0.5, its drift, and the lag of its runner-up.
        Assert.That(observer.ValueMs, Is.EqualTo(9.052));
        Assert.That(observer.UncertaintyMs, Is.EqualTo(3.632).Within(0.0011));
    }

    [Test]
    public void Measure_start_heard_of_before_the_stop_is_rejected()
    {
        var evidence = Samples.Migration().WithSource(h => h with
        {
            Events = [.. h.Events.Select(e => e.Name == "STOP" ? e with { Arrived = Samples.At(885387) } : e)],
        });

        Assert.That(ObserverMethod.Measure(evidence, HostClocks.Estimate(evidence)).Problem, Is.EqualTo("rejected: the start arrived 10.0 ms before the stop"));
    }
}
