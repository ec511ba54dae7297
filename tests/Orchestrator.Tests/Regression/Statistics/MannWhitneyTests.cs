using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Regression.Statistics;

namespace Orchestrator.Tests.Regression.Statistics;

public sealed class MannWhitneyTests
{
    // Hollander and Wolfe, Nonparametric Statistical Methods (1973), page 69: permeability of the placental membrane at term and after 12 to 26 weeks.
    // W = 35, p = 0.1272 one-sided, estimate 0.305, interval of 95 % from -0.15 to 0.76: the example of wilcox.test in the manual of R.
    private static readonly double[] AtTerm = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    private static readonly double[] Early = [1.15, 0.88, 0.90, 0.74, 1.21];

    [Test]
    public void The_published_example_comes_out()
    {
        Assert.That(MannWhitney.Statistic(Early, AtTerm), Is.EqualTo(35));
        Assert.That(MannWhitney.PValue(Early, AtTerm), Is.EqualTo(0.1272).Within(0.00005));

        Shift shift = HodgesLehmann.Of(Early, AtTerm, 0.025);
        Assert.That(shift.Estimate, Is.EqualTo(0.305).Within(1e-9));
        Assert.That(shift.Low, Is.EqualTo(-0.15).Within(1e-9));
        Assert.That(shift.High, Is.EqualTo(0.76).Within(1e-9));
        Assert.That(shift.IsBounded);
    }

    // The tables of critical values that every textbook has, one-sided, for two samples of the same size: the largest U that is significant.
    [TestCase(5, 0.05, 4)]
    [TestCase(5, 0.01, 1)]
    [TestCase(7, 0.05, 11)]
    [TestCase(7, 0.01, 6)]
    [TestCase(8, 0.05, 15)]
    [TestCase(8, 0.01, 9)]
    [TestCase(10, 0.05, 27)]
    [TestCase(10, 0.01, 19)]
    [TestCase(15, 0.05, 72)]
    [TestCase(15, 0.01, 56)]
    [TestCase(20, 0.05, 138)]
    [TestCase(20, 0.01, 114)]
    public void The_published_critical_values_come_out(int size, double significance, int largest) =>
        Assert.That(MannWhitney.CriticalCount(size, size, significance), Is.EqualTo(largest + 1));

    [Test]
    public void Four_of_each_never_suffice_for_one_in_a_hundred_and_five_do()
    {
        Assert.That(MannWhitney.SmallestPValue(4, 4), Is.EqualTo(1 / 70.0).Within(1e-12));
        Assert.That(MannWhitney.SmallestPValue(5, 5), Is.EqualTo(1 / 252.0).Within(1e-12));
        Assert.That(MannWhitney.SizeFor(0.01), Is.EqualTo(5));
        Assert.That(MannWhitney.CriticalCount(4, 4, 0.01), Is.Zero);
        Assert.That(MannWhitney.PValue([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), Is.EqualTo(1 / 252.0).Within(1e-12));
        Assert.That(HodgesLehmann.Of([1, 2, 3, 4], [6, 7, 8, 9], 0.01).IsBounded, Is.False);
    }

    [Test]
    public void Values_that_are_all_equal_show_nothing()
    {
        Assert.That(MannWhitney.PValue([3, 3, 3], [3, 3, 3]), Is.EqualTo(1));
        Assert.That(MannWhitney.PValue(Enumerable.Repeat(3.0, 80).ToArray(), Enumerable.Repeat(3.0, 80).ToArray()), Is.EqualTo(1));
    }

    [Test]
    public void Small_samples_are_counted_out_ties_included() => Prop.ForAll(Samples(1, 6).ToArbitrary(), samples =>
        Math.Abs(MannWhitney.PValue(samples.Before, samples.Now) - ByEnumeration(samples.Before, samples.Now)) < 1e-9).QuickCheckThrowOnFailure();

    [Test]
    public void The_normal_distribution_takes_over_without_a_step() => Prop.ForAll(Samples(45, 50).ToArbitrary(), samples =>
        Math.Abs(MannWhitney.PValue(samples.Before, samples.Now) - MannWhitney.NormalPValue(samples.Before, samples.Now)) < 0.005).QuickCheckThrowOnFailure();

    [Test]
    public void The_counted_and_the_normal_critical_values_meet()
    {
        int counted = MannWhitney.CriticalCount(50, 50, 0.01);
        int normal = MannWhitney.CriticalCount(50, 51, 0.01);
        Assert.That(normal - counted, Is.InRange(10, 30), "each value more adds fifty pairs, twenty of them outside");
    }

    [Test]
    public void Both_sides_and_the_tie_make_one() => Prop.ForAll(Samples(1, 8).ToArbitrary(), samples =>
    {
        // P(U >= u) + P(U <= u) = 1 + P(U = u): the sum is never below one.
        double up = MannWhitney.PValue(samples.Before, samples.Now);
        double down = MannWhitney.PValue(samples.Now, samples.Before);
        return up + down >= 1 - 1e-9 && up is > 0 and <= 1 + 1e-12;
    }).QuickCheckThrowOnFailure();

    [Test]
    public void A_shift_of_one_sample_shifts_the_estimate_and_its_interval() => Prop.ForAll(Samples(1, 12).ToArbitrary(), Gen.Choose(-50, 50).ToArbitrary(), (samples, by) =>
    {
        Shift shift = HodgesLehmann.Of(samples.Before, samples.Now, 0.05);
        Shift moved = HodgesLehmann.Of(samples.Before, [.. samples.Now.Select(value => value + by)], 0.05);
        return moved == shift with { Estimate = shift.Estimate + by, Low = shift.Low + by, High = shift.High + by };
    }).QuickCheckThrowOnFailure();

    [Test]
    public void The_samples_exchanged_change_the_sign() => Prop.ForAll(Samples(1, 12).ToArbitrary(), samples =>
    {
        Shift there = HodgesLehmann.Of(samples.Before, samples.Now, 0.05);
        Shift back = HodgesLehmann.Of(samples.Now, samples.Before, 0.05);
        return back == new Shift(-there.Estimate, -there.High, -there.Low, there.IsBounded);
    }).QuickCheckThrowOnFailure();

    [Test]
    public void What_the_interval_excludes_the_test_finds_significant() => Prop.ForAll(Samples(5, 15).ToArbitrary(), samples =>
        HodgesLehmann.Of(samples.Before, samples.Now, 0.01) is { IsBounded: true, Low: > 0 } == false || MannWhitney.PValue(samples.Before, samples.Now) <= 0.01 + 1e-9)
        .QuickCheckThrowOnFailure();

    // Whole numbers from a small range: many ties, and differences without rounding.
    private static Gen<(double[] Before, double[] Now)> Samples(int least, int most) =>
        from sizes in Gen.Two(Gen.Choose(least, most))
        from before in Gen.Choose(0, 9).ArrayOf(sizes.Item1)
        from now in Gen.Choose(0, 12).ArrayOf(sizes.Item2)
        select (before.Select(value => (double)value).ToArray(), now.Select(value => (double)value).ToArray());

    /// <summary>The definition: of all ways to divide the values by lot, the share that looks at least so different.</summary>
    private static double ByEnumeration(double[] before, double[] now)
    {
        double[] all = [.. before, .. now];
        double seen = MannWhitney.Statistic(before, now);
        int ways = 0;
        int asFar = 0;
        for (uint chosen = 0; chosen < 1u << all.Length; chosen++)
        {
            if (System.Numerics.BitOperations.PopCount(chosen) == now.Length)
            {
                ways++;
                ILookup<bool, double> divided = all.Select((value, index) => (value, index)).ToLookup(at => (chosen >> at.index & 1) == 1, at => at.value);
                asFar += MannWhitney.Statistic([.. divided[false]], [.. divided[true]]) >= seen ? 1 : 0;
            }
        }

        return asFar / (double)ways;
    }
}
