using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class HostClocksTests
{
    [Test]
    public void Measure_any_clocks_and_any_ways_the_true_blackout_lies_within_the_uncertainty()
    {
        var hosts = from offset in Gen.Choose(-10_000_000, 10_000_000)
                    from ppm in Gen.Choose(-500, 500)
                    from there in Gen.Choose(50, 80_000)
                    from back in Gen.Choose(50, 80_000)
                    from jitter in Gen.Choose(0, 3000).ArrayOf(8)
                    select new World(offset, ppm, there, back, jitter);
        var cases = from source in hosts
                    from destination in hosts
                    from steps in Gen.Choose(1, 60_000).ArrayOf(6)
                    from traced in Gen.Choose(0, 1)
                    select (source, destination, steps, traced == 1);

        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var (evidence, blackout) = Migration(c.source, c.destination, c.steps, c.Item4);
            var report = DowntimeMeasurement.Measure(evidence);
            var qmp = report.Sources.Qmp;
            return (qmp.ValueMs is { } value && Math.Abs(value - blackout) <= qmp.UncertaintyMs!.Value + 0.001 && report.ClockDifference!.Problem is null)
                .Label($"true {blackout}, qmp {qmp}, difference {report.ClockDifference}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [TestCase(false, 4.149)]
    [TestCase(true, 2.1)]
    public void Measure_way_to_the_destination_that_is_slow_one_way_is_bounded_by_cause_and_effect(bool traced, double bound)
    {
        // Each message to the destination's daemon takes 60 ms longer: so does a round trip, but its events come as fast as ever. Its RESUME follows the late order.
        var evidence = Samples.Migration().WithDestination(h => h with
        {
            RoundTripsMs = [60.6],
            Events = [.. h.Events.Select(e => e.Name is "RESUME" or "resumed/migrated" ? e with { Stamp = e.Stamp?.AddMilliseconds(60), Arrived = e.Arrived.AddMilliseconds(60) } : e)],
            Log = h.Log with { Lines = traced ? [.. Samples.DestinationLines[..1], "1103@1795228744.868900:vmstate_downtime_checkpoint dst-precopy-loadvm-completed"] : [] },
        });
        evidence = traced ? evidence.WithSourceLog([.. Samples.SourceLines[..5], "1221@1795228744.866800:vmstate_downtime_checkpoint src-non-iterable-saved", .. Samples.SourceLines[5..]]) : evidence;

        var report = DowntimeMeasurement.Measure(evidence);

        // STOP .863042, RESUME 60 ms after .875176. Without causes the value would be 30 ms too small, give or take 30.
        Assert.That(report.ClockDifference!.HighMs, Is.InRange(bound, bound + 0.1), "and the drift over the 66 ms up to the blackout's end");
        Assert.That(report.ClockDifference.HighBy, Does.Contain("of lab-a comes after"));
        Assert.That(report.ClockDifference.LowBy, Is.EqualTo("deliveries"));
        Assert.That(report.Sources.Qmp.ValueMs, Is.EqualTo(72.134).Within(report.Sources.Qmp.UncertaintyMs!.Value));
        Assert.That(report.Sources.Qmp.UncertaintyMs, Is.LessThan((bound / 2) + 0.5));
        Assert.That(report.Phases.Where(p => p.Name.StartsWith("blackout", StringComparison.Ordinal)).Sum(p => p.DurationMs), Is.EqualTo(report.Sources.Qmp.ValueMs).Within(0.01));
    }

    [Test]
    public void Measure_way_from_the_destination_that_is_slow_is_bounded_from_below_by_the_setup()
    {
        var evidence = Samples.Migration().WithDestination(h => h with { RoundTripsMs = [60.6], Events = [.. h.Events.Select(e => e with { Arrived = e.Arrived.AddMilliseconds(60) })] });

        var difference = DowntimeMeasurement.Measure(evidence).ClockDifference!;

        Assert.That(difference.LowMs, Is.EqualTo(848.215 - 856.976).Within(0.1), "drift up to where the events arrived late");
        Assert.That(difference.LowBy, Is.EqualTo("MIGRATION setup of lab-b comes after MIGRATION setup of lab-a"));
        // By deliveries the destination is -60.211 + 60.6 ahead at most, the source 0.169 behind; causes allow 4.149.
        Assert.That(difference.HighMs, Is.InRange(0.389 + 0.169, 0.389 + 0.169 + 0.1));
        Assert.That(difference.HighBy, Is.EqualTo("deliveries"));
    }

    [Test]
    public void Measure_without_round_trips_causes_alone_give_an_uncertainty()
    {
        var evidence = Samples.Migration().WithSource(h => h with { RoundTripsMs = [] }).WithDestination(h => h with { RoundTripsMs = [] });

        var report = DowntimeMeasurement.Measure(evidence);

        Assert.That(report.UncertaintyMs, Is.EqualTo((4.149 + 8.761) / 2).Within(0.1));
        Assert.That(report.ValueMs, Is.EqualTo(12.198).Within(report.UncertaintyMs!.Value));
    }

    [Test]
    public void Combine_contradicting_bounds_widen_the_uncertainty_and_say_so()
    {
        var clock = new HostClock { Host = "a", OffsetMs = 0, UncertaintyMs = 0.1, RoundTripMs = 0.2 };

        var difference = HostClocks.Combine(clock, clock with { Host = "b" }, new(double.NegativeInfinity, -3), null, "B comes after A").Difference;

        // By deliveries it lies in ±0.2, by cause below -3: either may be right.
        Assert.That((difference.LowMs, difference.HighMs), Is.EqualTo((-3d, 0.2d)));
        Assert.That((difference.OffsetMs, difference.UncertaintyMs), Is.EqualTo((-1.4d, 1.6d)));
        Assert.That(difference.Problem, Does.Contain("contradict each other by 2.800 ms").And.Contain("B comes after A"));
    }

    [Test]
    public void Measure_logs_alone_whose_order_contradicts_their_stamps_give_no_number()
    {
        string[] late = ["1103@1795228744.868900:vmstate_downtime_checkpoint dst-precopy-loadvm-completed", "1103@1795228744.875224:vm_state_notify running 1 reason 9 (running)"];
        var evidence = Samples.Migration().WithSource(Samples.WithoutEvents).WithDestination(Samples.WithoutEvents)
            .WithSource(Samples.WithoutJob)
            .WithSourceLog([.. Samples.SourceLines[..5], "1221@1795228744.870000:vmstate_downtime_checkpoint src-non-iterable-saved", .. Samples.SourceLines[5..]])
            .WithDestination(h => h with { Log = new LogEvidence { Lines = [Samples.DestinationLines[0], .. late] } });

        var report = DowntimeMeasurement.Measure(evidence);

        Assert.That(report.ValueMs, Is.Null);
        Assert.That(report.Sources.Trace.Problem, Does.StartWith("rejected: the hosts' clocks don't agree (vmstate_downtime_checkpoint dst-precopy-loadvm-completed of lab-a comes after"));
    }

    /// <summary>A migration in which the steps follow each other, as each host's clock stamps it and each way brings it.</summary>
    private static (MigrationEvidence Evidence, double BlackoutMs) Migration(World source, World destination, int[] steps, bool traced)
    {
        var at = new double[steps.Length + 1];
        at[0] = 100_000;
        for (var i = 0; i < steps.Length; i++)
        {
            at[i + 1] = at[i] + steps[i];
        }

        // destination setup, source setup, STOP, device, saved, destination completed, RESUME
        var ended = at[6] + 300_000;
        var evidence = new MigrationEvidence
        {
            DomainName = "web1",
            DomainUuid = Guid.Empty,
            Source = source.Host("s", traced ? [Line(source, at[4], "vmstate_downtime_checkpoint src-non-iterable-saved")] : [],
                ("MIGRATION", "setup", at[1]), ("STOP", null, at[2]), ("MIGRATION", "device", at[3])),
            Destination = destination.Host("d", traced ? [Line(destination, at[5] - 0.5, "vmstate_downtime_checkpoint dst-precopy-loadvm-completed")] : [],
                ("MIGRATION", "setup", at[0]), ("MIGRATION", "completed", at[5]), ("RESUME", null, at[6])),
            Call = new MigrationCallEvidence { Started = Samples.At(0), Ended = Samples.At(ended), Mode = "direct" },
        };
        return (evidence, (at[6] - at[2]) / 1000);
    }

    private static string Line(World world, double at, string text)
    {
        var stamp = world.Stamp(at);
        return $"1@{stamp.ToUnixTimeSeconds()}.{stamp.Ticks % TimeSpan.TicksPerSecond / 10:000000}:{text}";
    }

    /// <summary>A host, all in microseconds: its clock's offset and drift, the ways to it and back, and how much longer single messages take.</summary>
    private sealed record World(int Offset, int Ppm, int There, int Back, int[] Jitter)
    {
        public DateTimeOffset Stamp(double at) => Samples.At(Math.Floor(at + Offset + (at * Ppm / 1e6)));

        public HostEvidence Host(string name, string[] lines, params (string Name, string? Status, double At)[] events) => new()
        {
            Name = name,
            Uri = "u",

            // One event at least is as fast as the way is.
            RoundTripsMs = [.. Jitter[4..].Select(jitter => (There + Back + jitter) / 1000.0)],
            Events = [.. events.Select((e, i) => new ObservedEvent
            {
                Channel = "qmp",
                Name = e.Name,
                Data = e.Status is null ? null : $$"""{"status":"{{e.Status}}"}""",
                Stamp = Stamp(e.At),
                Arrived = Samples.At(e.At + Back + (i == 1 ? 0 : Jitter[i])),
            }).OrderBy(e => e.Arrived)],
            Log = new LogEvidence { Lines = lines },
        };
    }
}
