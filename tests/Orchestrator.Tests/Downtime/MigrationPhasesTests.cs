using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class MigrationPhasesTests
{
    [Test]
    public void Measure_phases_follow_the_events_and_add_up_to_the_call()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration());

        // Stamps on our clock: the source's less 0.081 ms, the destination's less 0.089 ms; the call began at 840.000 and ended at 2690.000 ms.
        Assert.That(report.Phases.Select(p => p.Name), Is.EqualTo(new[] { "setup", "pass 1", "blackout: device state", "blackout: resume", "finish" }));
        Assert.That(report.Phases.Select(p => p.DurationMs), Is.EqualTo(new[] { 17.665, 5.280, 6.113, 6.077, 1814.865 }).Within(1e-6));
        Assert.That(report.Phases.Sum(p => p.DurationMs), Is.EqualTo(1850).Within(0.001));
    }

    [Test]
    public void Measure_downtime_checkpoints_split_the_blackout_in_three()
    {
        var report = DowntimeMeasurement.Measure(Samples.Migration()
            .WithSourceLog([.. Samples.SourceLines[..5], "1221@1795228744.865081:vmstate_downtime_checkpoint src-non-iterable-saved", Samples.SourceLines[^1]])
            .WithDestination(h => h with
            {
                Log = new LogEvidence { Lines = [Samples.DestinationLines[0], "1103@1795228744.869089:vmstate_downtime_checkpoint dst-precopy-loadvm-completed", .. Samples.DestinationLines[1..]] },
            }));

        // On our clock: stop 862.945, saved 865.000, loaded 869.000, run 875.135.
        var blackout = report.Phases.Where(p => p.Name.StartsWith("blackout", StringComparison.Ordinal)).ToArray();
        Assert.That(blackout.Select(p => p.Name), Is.EqualTo(new[] { "blackout: device state", "blackout: load", "blackout: resume" }));
        Assert.That(blackout.Select(p => p.DurationMs), Is.EqualTo(new[] { 2.055, 4.0, 6.135 }).Within(1e-6));
    }

    [Test]
    public void Measure_any_skew_keeps_the_phases_within_the_call([Values(0, 1500, -300)] int skew, [Values(0, 5, 60)] double roundTrip)
    {
        var evidence = Samples.Migration().WithDestinationAhead(TimeSpan.FromMilliseconds(skew)).WithDestination(h => h with { RoundTripsMs = [roundTrip] });

        var phases = DowntimeMeasurement.Measure(evidence).Phases;

        Assert.That(phases.Sum(p => p.DurationMs), Is.EqualTo(1850).Within(0.01));
        Assert.That(phases.Select(p => p.DurationMs), Has.All.GreaterThanOrEqualTo(0));
    }

    [Test]
    public void Measure_timeline_is_ordered_on_our_clock_and_counts_from_the_call()
    {
        var timeline = DowntimeMeasurement.Measure(Samples.Migration().WithDestinationAhead(TimeSpan.FromSeconds(1.5))).Timeline;

        Assert.That(timeline.Select(e => e.At), Is.Ordered);
        Assert.That(timeline.Where(e => e.Host == "lab-b" && e.Channel == "qmp").Select(e => e.Event), Is.EqualTo(new[]
        {
            "MIGRATION setup", "MIGRATION_PASS 1", "STOP", "MIGRATION pre-switchover", "MIGRATION device", "MIGRATION_PASS 2", "MIGRATION completed",
        }));
        Assert.That(timeline.Single(e => e.Event == "RESUME").OffsetMs, Is.EqualTo(35.176).Within(0.3));
        Assert.That(timeline.Single(e => e.Event == "call started").OffsetMs, Is.Zero);
        Assert.That(timeline.Single(e => e.Event == "call ended").OffsetMs, Is.EqualTo(1850));
        Assert.That(timeline.Select(e => e.Event), Does.Contain("vm_state_notify running 0 reason 7 (finish-migrate)"));
        Assert.That(timeline.Select(e => e.Event), Does.Not.Contain("vm_state_notify running 1 reason 9 (running)").Or.Contain("QEMU starting up"));
    }
}
