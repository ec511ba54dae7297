using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Tests.Regression.Judging;

/// <summary>Nights that are drawn from what one lab really measured: how often the gate cries wolf, and whether it sees the wolf.</summary>
public sealed class RecordedNightsTests
{
    // 80 migrations of one guest of 128 MiB that dirtied 8 MiB/s, forth and back in turn, in milliseconds with their doubt by trace: libvirt 11.3, QEMU 10.0 under TCG, on two
    // processors that twenty others wanted as well. On an idle machine the same lab takes a fifth of it.
    private static readonly (double Ms, double Doubt)[] Forth =
    [
        (113.2, 0.9), (66.4, 3.7), (24.9, 2.2), (512.3, 1.6), (84.5, 1.3), (270.6, 2.4), (50.8, 5.1), (128.5, 1.4), (153.2, 3.7), (71.4, 3.7), (450.3, 3.4),
        (84.7, 4.9), (45.9, 5.7), (161.2, 1.3), (197.4, 4.4), (137.6, 2.8), (630.7, 1.8), (97.9, 2.9), (60.9, 1.3), (456.0, 2.0), (77.1, 1.5), (76.4, 2.2),
        (86.0, 2.4), (183.3, 4.5), (210.6, 3.9), (147.9, 3.3), (64.3, 3.7), (88.9, 4.4), (420.9, 2.4), (65.4, 4.0), (157.1, 1.9), (138.7, 3.2), (101.2, 3.1),
        (82.8, 2.0), (85.5, 3.4), (155.6, 2.5), (69.0, 3.0), (69.8, 3.1), (142.8, 3.3), (46.5, 4.0),
    ];

    private static readonly (double Ms, double Doubt)[] Back =
    [
        (69.0, 2.7), (69.4, 2.8), (63.8, 2.1), (89.5, 1.5), (74.1, 2.5), (151.0, 3.4), (111.8, 3.2), (60.5, 8.5), (82.9, 4.7), (127.4, 2.3), (101.9, 3.9),
        (132.3, 3.2), (64.3, 2.7), (90.3, 1.2), (59.3, 2.1), (181.0, 3.1), (85.9, 3.1), (42.0, 2.5), (121.8, 1.4), (113.1, 3.5), (86.2, 1.4), (631.5, 3.1),
        (86.0, 2.0), (132.9, 5.0), (126.8, 4.9), (133.0, 3.1), (96.0, 5.4), (187.1, 5.7), (133.6, 5.8), (94.2, 7.8), (85.9, 2.6), (71.3, 1.9), (97.8, 2.4),
        (98.3, 3.6), (102.4, 4.2), (149.1, 3.2), (76.8, 4.3), (146.6, 4.2), (224.2, 1.6), (138.4, 14.6),
    ];

    private static readonly ComparisonRule Rule = new();

    [Test]
    public void With_nothing_changed_twenty_nights_raise_hardly_ever_more_than_one_alarm([Values(5, 10)] int repetitions, [Values(1, 0.2)] double scale)
    {
        const int series = 100;
        int[] alarms = [.. Enumerable.Range(0, series).Select(seed => Nights(seed, repetitions, scale, 0).Count(verdict => verdict == Verdict.Regression))];

        TestContext.Out.WriteLine($"{alarms.Sum()} of {20 * series} nights; series with more than one: {alarms.Count(count => count > 1)}");
        Assert.That(alarms.Sum() / (20.0 * series), Is.LessThan(0.01), "a fifth of one alarm in twenty nights");
        Assert.That(alarms.Count(count => count > 1), Is.LessThanOrEqualTo(series / 20));
    }

    [Test]
    public void A_growth_of_sixty_milliseconds_is_found_with_ten_repetitions()
    {
        Verdict[] verdicts = [.. Enumerable.Range(0, 50).SelectMany(seed => Nights(seed, 10, 0.2, 60))];
        Assert.That(verdicts.Count(verdict => verdict == Verdict.Regression), Is.GreaterThan(verdicts.Length * 0.95));
        Assert.That(verdicts, Has.None.EqualTo(Verdict.Passed));
    }

    [Test]
    public void Where_the_noise_is_as_large_as_the_growth_it_is_told_or_found_but_hardly_ever_passed()
    {
        Verdict[] verdicts = [.. Enumerable.Range(0, 50).SelectMany(seed => Nights(seed, 20, 1, 60))];
        Assert.That(verdicts.Count(verdict => verdict == Verdict.Passed), Is.LessThan(verdicts.Length / 100));
    }

    /// <summary>Twenty nights after one baseline.</summary>
    private static IEnumerable<Verdict> Nights(int seed, int repetitions, double scale, double growth)
    {
        var random = new Random(seed);
        MeasureSample baseline = Night(random, repetitions, scale, 0);
        return [.. Enumerable.Range(0, 20).Select(_ => ChangeJudge.Judge(baseline, Night(random, repetitions, scale, growth), Rule).Verdict)];
    }

    private static MeasureSample Night(Random random, int repetitions, double scale, double growth) => new(
    [
        .. Enumerable.Range(0, repetitions).Select(index =>
        {
            (double Ms, double Doubt)[] pool = index % 2 == 0 ? Forth : Back;
            (double ms, double doubt) = pool[random.Next(pool.Length)];
            return new SampleValue((ms * scale) + growth, doubt, RunSamples.Made(index % 2 == 0 ? RunSamples.Forth : RunSamples.Back, ms));
        }),
    ]);
}
