using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace Orchestrator.Regression.Statistics;

/// <summary>
/// The one-sided rank-sum test of Mann, Whitney and Wilcoxon: how probable it is that chance alone makes the second sample look so much larger than the first. It asks for
/// nothing of the values' distribution.
/// </summary>
internal static class MannWhitney
{
    /// <summary>Up to this many values of both samples together the distribution is counted out, ties included; above, the normal one comes close enough.</summary>
    internal const int ExactUpTo = 100;

    /// <summary>U: in how many of all pairs the value of <paramref name="now"/> is the larger one; equal ones count half.</summary>
    internal static double Statistic(IReadOnlyCollection<double> before, IReadOnlyCollection<double> now) =>
        now.Sum(n => before.Sum(b => n > b ? 1 : n == b ? 0.5 : 0));

    /// <summary>The probability of a U as large as this, or larger, if the samples were one that was divided by lot.</summary>
    internal static double PValue(IReadOnlyCollection<double> before, IReadOnlyCollection<double> now)
    {
        if (before.Count + now.Count > ExactUpTo)
        {
            return NormalPValue(before, now);
        }

        int[] ranks = DoubledRanks([.. before, .. now]);
        double[] ways = WaysToSum(ranks, now.Count);
        return ways.Skip(ranks.Skip(before.Count).Sum()).Sum() / ways.Sum();
    }

    /// <summary>The same by the normal distribution, corrected for ties and for continuity.</summary>
    internal static double NormalPValue(IReadOnlyCollection<double> before, IReadOnlyCollection<double> now)
    {
        double pairs = before.Count * (double)now.Count;
        double total = before.Count + now.Count;
        double ties = before.Concat(now).CountBy(value => value).Sum(tied => (Math.Pow(tied.Value, 3) - tied.Value) / (total * (total - 1)));
        double deviation = Math.Sqrt(pairs / 12 * (total + 1 - ties));
        return deviation > 0 ? 1 - Normal.CDF(0, 1, (Statistic(before, now) - (pairs / 2) - 0.5) / deviation) : 1;
    }

    /// <summary>The smallest probability that samples of these sizes can come to: each value of one above each of the other.</summary>
    internal static double SmallestPValue(int before, int now) => Math.Exp(-SpecialFunctions.BinomialLn(before + now, now));

    /// <summary>How many values each of two equal samples needs, so that <see cref="SmallestPValue"/> is as small as this.</summary>
    internal static int SizeFor(double significance)
    {
        int size = 1;
        while (SmallestPValue(size, size) > significance)
        {
            size++;
        }

        return size;
    }

    /// <summary>The largest k with P(U &lt;= k - 1) not above the probability, without ties; 0 when even U = 0 is more probable. That many of all differences lie outside an interval, at each end.</summary>
    internal static int CriticalCount(int before, int now, double probability)
    {
        probability = Math.Min(probability, 0.5);
        if (before + now > ExactUpTo)
        {
            double deviation = Math.Sqrt(before * (double)now * (before + now + 1) / 12);
            return Math.Max(0, (int)Math.Floor((before * (double)now / 2) + (Normal.InvCDF(0, 1, probability) * deviation) + 0.5));
        }

        double[] ways = WaysToSum([.. Enumerable.Range(1, before + now).Select(rank => 2 * rank)], now);
        double total = ways.Sum();
        int smallest = now * (now + 1); // doubled
        int count = 0;
        for (double sum = ways[smallest]; sum <= probability * total; sum += ways[smallest + (2 * count)])
        {
            count++;
        }

        return count;
    }

    /// <summary>In how many ways a choice of so many of the ranks comes to each sum.</summary>
    private static double[] WaysToSum(int[] ranks, int chosen)
    {
        var ways = new double[chosen + 1][];
        for (int count = 0; count <= chosen; count++)
        {
            ways[count] = new double[ranks.Sum() + 1];
        }

        ways[0][0] = 1;
        int seen = 0;
        int reached = 0; // no choice of those that were seen has a larger sum
        foreach (int rank in ranks)
        {
            reached += rank;
            for (int count = Math.Min(++seen, chosen); count > 0; count--)
            {
                for (int sum = reached; sum >= rank; sum--)
                {
                    ways[count][sum] += ways[count - 1][sum - rank];
                }
            }
        }

        return ways[chosen];
    }

    /// <summary>Twice the rank of each value, so that the mean rank of equal ones is a whole number.</summary>
    private static int[] DoubledRanks(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return [.. values.Select(value => 1 + sorted.Count(other => other < value) + sorted.Count(other => other <= value))];
    }
}
