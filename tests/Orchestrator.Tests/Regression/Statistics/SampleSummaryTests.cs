using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Statistics;

namespace Orchestrator.Tests.Regression.Statistics;

public sealed class SampleSummaryTests
{
    [Test]
    public void Nothing_has_no_statistics() => Assert.That(SampleSummary.Of([]), Is.Null);

    [Test]
    public void One_value_is_everything() => Assert.That(SampleSummary.Of([12.5]), Is.EqualTo(new SampleStatistics(1, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5, 12.5)));

    // By hand, from the definitions.
    [TestCase(4, 2.5, 4)]
    [TestCase(5, 3, 5)]
    [TestCase(19, 10, 19)]
    [TestCase(20, 10.5, 19)]
    [TestCase(40, 20.5, 38)]
    [TestCase(60, 30.5, 57)]
    [TestCase(100, 50.5, 95)]
    public void Of_the_numbers_from_one_on(int count, double median, double p95)
    {
        SampleStatistics statistics = SampleSummary.Of([.. Enumerable.Range(1, count).Select(n => (double)n)])!;
        Assert.Multiple(() =>
        {
            Assert.That(statistics.Count, Is.EqualTo(count));
            Assert.That(statistics.Median, Is.EqualTo(median));
            Assert.That(statistics.P95, Is.EqualTo(p95));
            Assert.That(statistics.Min, Is.EqualTo(1));
            Assert.That(statistics.Max, Is.EqualTo(count));
            Assert.That(statistics.Mean, Is.EqualTo((count + 1) / 2.0).Within(1e-9));
        });
    }

    /// <summary>
    /// Of an odd sample the bootstrap's distribution of the median is known without drawing (Efron 1979): it is the k-th smallest or a smaller one with the probability that
    /// at least half of the draws fall among the k smallest. The ends of the 95 % interval are where that passes 2.5 and 97.5 %.
    /// </summary>
    [TestCase(5)]
    [TestCase(9)]
    [TestCase(15)]
    [TestCase(41)]
    public void The_bootstrap_interval_is_that_of_its_known_distribution(int count)
    {
        double Known(int k) => 1 - MathNet.Numerics.Distributions.Binomial.CDF(k / (double)count, count, (count - 1) / 2);
        double EndAt(double share) => Enumerable.Range(1, count).First(k => k == count || Known(k) >= share);
        SampleStatistics statistics = SampleSummary.Of([.. Enumerable.Range(1, count).Select(n => (double)n)])!;

        // Two thousand draws may miss an end that is a hair's breadth from 2.5 % by one value.
        Assert.That(statistics.MedianLow, Is.EqualTo(EndAt(0.025)).Within(count > 9 ? 1 : 0));
        Assert.That(statistics.MedianHigh, Is.EqualTo(EndAt(0.975)).Within(count > 9 ? 1 : 0));
    }

    [Test]
    public void The_order_of_values_does_not_matter_and_the_interval_holds_the_median() => Prop.ForAll(Values.ToArbitrary(), values =>
    {
        SampleStatistics statistics = SampleSummary.Of(values)!;
        return SampleSummary.Of([.. values.Reverse()]) == statistics
            && statistics.Min <= statistics.MedianLow && statistics.MedianLow <= statistics.Median && statistics.Median <= statistics.MedianHigh && statistics.MedianHigh <= statistics.Max
            && values.Contains(statistics.P95) && values.Count(value => value <= statistics.P95) >= values.Length * 0.95;
    }).QuickCheckThrowOnFailure();

    [Test]
    public void A_shift_shifts_all_of_it() => Prop.ForAll(Values.ToArbitrary(), Gen.Choose(1, 100).ToArbitrary(), (values, by) =>
    {
        SampleStatistics before = SampleSummary.Of(values)!;
        SampleStatistics after = SampleSummary.Of([.. values.Select(value => value + by)])!;
        return (after.Median, after.P95, after.MedianLow, after.MedianHigh) == (before.Median + by, before.P95 + by, before.MedianLow + by, before.MedianHigh + by);
    }).QuickCheckThrowOnFailure();

    private static Gen<double[]> Values => Gen.Choose(0, 1000).Select(value => (double)value).NonEmptyListOf().Select(list => list.ToArray());
}
