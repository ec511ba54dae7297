using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class DowntimeMeasurementTests
{
    // Source: its fastest event shows -0.169 ms (stamp - arrival), half its median round trip is 0.25: offset 0.081. Destination: -0.211 + 0.3 = 0.089.
    private const double OffsetDifference = 0.008;

    [Test]
    public void Measure_every_source_gives_the_trace_value_and_all_others_beside_it()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration());

        Assert.That(report.Method, Is.EqualTo("trace"));
        Assert.That(report.ValueMs, Is.EqualTo(12.198 - OffsetDifference).Within(1e-9));
        Assert.That(report.Sources.Trace.RawMs, Is.EqualTo(12.198));
        Assert.That(report.Sources.Qmp.ValueMs, Is.EqualTo(12.134 - OffsetDifference).Within(1e-9));
        Assert.That(report.Sources.Observer.ValueMs, Is.EqualTo(12.052));
        Assert.That(report.Sources.Libvirt, Is.EqualTo(new LibvirtDowntime { DowntimeMs = 15, DowntimeNetMs = 14, Host = "lab-b" }));
        Assert.That(report.Problem, Is.Null);
    }

    [Test]
    public void Measure_uncertainty_is_half_of_both_round_trips_and_the_lag_of_the_runners_up()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration());

        // Half the round trips, 0.25 and 0.3; the source's best event is 1.832 ms from the stop (2 us of drift), its runner-up lags by 10 us, the destination's by 40; 2 us of resolution.
        Assert.That(report.UncertaintyMs, Is.EqualTo(0.603).Within(1e-9));
        Assert.That(report.Clocks.Select(c => (c.Host, c.OffsetMs, c.UncertaintyMs)), Is.EqualTo(new (string, double?, double?)[] { ("lab-b", 0.081, 0.261), ("lab-a", 0.089, 0.34) }));
    }

    [TestCase(1500)]
    [TestCase(-300)]
    [TestCase(86_400_000)]
    public void Measure_skewed_destination_clock_leaves_the_values(double milliseconds)
    {
        var straight = DowntimeMeasurement.Measure(Samples.Migration());
        var skewed = DowntimeMeasurement.Measure(Samples.Migration().WithDestinationAhead(TimeSpan.FromMilliseconds(milliseconds)));

        Assert.That(skewed.Sources.Trace.Problem, Is.Null);
        Assert.That(skewed.Method, Is.EqualTo("trace"));
        Assert.That(skewed.Sources.Trace.RawMs, Is.EqualTo(12.198 + milliseconds).Within(1e-6));
        Assert.That(skewed.ValueMs, Is.EqualTo(straight.ValueMs).Within(straight.UncertaintyMs!.Value));
        Assert.That(skewed.Sources.Qmp.ValueMs, Is.EqualTo(straight.Sources.Qmp.ValueMs).Within(straight.UncertaintyMs!.Value));
        Assert.That(skewed.Clocks[1].OffsetMs, Is.EqualTo(milliseconds).Within(0.3));
    }

    [Test]
    public void Measure_no_right_to_the_logs_takes_qmp_and_says_why()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration().WithSource(Samples.WithoutLog));

        Assert.That(report.Method, Is.EqualTo("qmp"));
        Assert.That(report.ValueMs, Is.EqualTo(12.134 - OffsetDifference).Within(1e-9));
        Assert.That(report.Sources.Trace.Problem, Is.EqualTo("source: no right to read x.log"));
    }

    [Test]
    public void Measure_neither_log_nor_events_takes_libvirt_net()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration()
            .WithSource(Samples.WithoutLog).WithSource(Samples.WithoutEvents).WithDestination(Samples.WithoutEvents));

        Assert.That((report.Method, report.ValueMs, report.UncertaintyMs), Is.EqualTo(("libvirt", 14d, (double?)null)));
        Assert.That(report.Sources.Qmp.Problem, Is.EqualTo("no monitor events were received from either host"));
    }

    [Test]
    public void Measure_lifecycle_events_alone_give_the_observer()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration()
            .WithSource(Samples.WithoutLog).WithSource(Samples.WithoutJob)
            .WithSource(h => h with { Events = [.. h.Events.Where(e => e.Channel == "lifecycle")] })
            .WithDestination(h => h with { Events = [.. h.Events.Where(e => e.Channel == "lifecycle")] }));

        Assert.That((report.Method, report.ValueMs), Is.EqualTo(("observer", 12.2d)));
        Assert.That(report.UncertaintyMs, Is.Null);
    }

    [Test]
    public void Measure_without_stamped_events_trusts_no_clock_that_contradicts_the_observer()
    {
        var lifecycleOnly = Samples.Migration()
            .WithSource(h => h with { Events = [.. h.Events.Where(e => e.Channel == "lifecycle")] })
            .WithDestination(h => h with { Events = [.. h.Events.Where(e => e.Channel == "lifecycle")] });

        var agreeing = DowntimeMeasurement.Measure(lifecycleOnly);
        var skewed = DowntimeMeasurement.Measure(lifecycleOnly.WithDestinationAhead(TimeSpan.FromSeconds(1.5)));

        Assert.That((agreeing.Method, agreeing.ValueMs, agreeing.UncertaintyMs), Is.EqualTo(("trace", 12.198, (double?)null)));
        Assert.That(skewed.Method, Is.EqualTo("libvirt"));
        Assert.That(skewed.Sources.Trace.Problem, Is.EqualTo("1512.2 ms by the hosts' own clocks contradicts the 12.2 ms observed, and the clocks' offset is unknown"));
    }

    [Test]
    public void Measure_negative_value_is_rejected()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration()
            .WithSource(Samples.WithoutEvents).WithDestination(Samples.WithoutEvents).WithDestinationAhead(TimeSpan.FromMilliseconds(-300)));

        Assert.That(report.Sources.Trace.ValueMs, Is.Null);
        Assert.That(report.Sources.Trace.Problem, Is.EqualTo("rejected: -287.8 ms is negative, and the hosts' clock offsets are unknown"));
    }

    [Test]
    public void Measure_value_longer_than_the_call_is_rejected()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration()
            .WithSource(Samples.WithoutEvents).WithDestination(Samples.WithoutEvents).WithDestinationAhead(TimeSpan.FromSeconds(60)));

        Assert.That(report.Sources.Trace.Problem, Is.EqualTo("rejected: 60012.2 ms is longer than the call took (1850.0 ms), and the hosts' clock offsets are unknown"));
    }

    [Test]
    public void Measure_rolled_back_migration_has_no_value()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration()
            .WithSource(Samples.WithoutJob)
            .WithSource(h => h with { Events = [.. h.Events, Samples.Qmp("RESUME", null, 900000, 900300)] })
            .WithSourceLog([.. Samples.SourceLines[..^1], "1221@1795228744.900100:vm_state_notify running 1 reason 9 (running)"])
            .WithDestination(h => h with { Events = [.. h.Events.Where(e => e.Name is not ("RESUME" or "resumed/migrated"))], Log = new LogEvidence { Lines = Samples.DestinationLines[..2] } }));

        Assert.That(report.Method, Is.Null);
        Assert.That(report.ValueMs, Is.Null);
        Assert.That(report.Problem, Does.Contain("the migration was rolled back: the guest ran again on the source"));
        Assert.That(report.Sources.Qmp.Problem, Is.EqualTo("the migration was rolled back: the guest ran again on the source"));
        Assert.That(report.Sources.Observer.Problem, Is.EqualTo("the migration was rolled back: the guest ran again on the source"));
    }

    [Test]
    public void Measure_guest_paused_before_has_no_value()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration()
            .WithSource(Samples.WithoutJob)
            .WithSource(h => h with { Events = [.. h.Events.Where(e => e.Name is not ("STOP" or "suspended/migrated"))] })
            .WithSourceLog([.. Samples.SourceLines[..2], "1220@1795228730.000000:vm_state_notify running 0 reason 4 (paused)", Samples.SourceLines[2], Samples.SourceLines[^1]]));

        Assert.That(report.ValueMs, Is.Null);
        Assert.That(report.Sources.Trace.Problem, Is.EqualTo("source: the guest was already paused when the migration began"));
        Assert.That(report.Sources.Qmp.Problem, Does.StartWith("no STOP from the source during the call"));
    }

    [Test]
    public void Measure_nothing_observed_names_every_reason()
    {
        var evidence = Samples.Migration();
        var report = DowntimeMeasurement.Measure(evidence with
        {
            Source = new HostEvidence { Name = "lab-b", Uri = "test:///default" },
            Destination = new HostEvidence { Name = "lab-a", Uri = "test:///default" },
        });

        Assert.That(report.Method, Is.Null);
        var problems = new[] { report.Sources.Trace.Problem, report.Sources.Qmp.Problem, report.Sources.Libvirt.Problem, report.Sources.Observer.Problem, report.Sources.Guest.Problem };
        Assert.That(problems, Has.None.Null);
        Assert.That(report.Phases, Is.EqualTo(new[] { new MigrationPhase("call", 1850) }));
    }
}
