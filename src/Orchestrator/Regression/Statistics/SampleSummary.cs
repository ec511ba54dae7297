using MathNet.Numerics.Random;
using MathNet.Numerics.Statistics;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Statistics;

/// <summary>What a sample is like. See <c>docs/regression-statistics.md</c>.</summary>
internal static class SampleSummary
{
    private const int Resamples = 2000;

    // Any would do; the same each time, so that the same values always have the same interval.
    private const int Seed = 20261121;

    /// <summary>The statistics of a sample; <see langword="null"/> of an empty one. The order of the values does not matter.</summary>
    internal static SampleStatistics? Of(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0)
        {
            return null;
        }

        double[] sorted = [.. values.Order()];
        (double low, double high) = BootstrapMedian(sorted);
        return new(sorted.Length, Median(sorted), Quantile(sorted, 0.95), sorted[0], sorted[^1], sorted.Average(), low, high);
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    internal static double Median(IEnumerable<double> values) => Median(values.Order().ToArray());

    /// <summary>The nearest-rank quantile: the smallest value that is not exceeded by this share of the values. Always one that was measured.</summary>
    internal static double Quantile(double[] sorted, double share) =>
        sorted[Math.Max((int)Math.Ceiling((sorted.Length * share) - 1e-9), 1) - 1]; // 0.95 of 20 is 19 and not a trifle more
    private static double Median(double[] sorted) => SortedArrayStatistics.Median(sorted);

    /// <summary>The 95 % percentile interval of the medians of samples that are drawn from this one, with replacement.</summary>
    private static (double Low, double High) BootstrapMedian(double[] sorted)
    {
        var random = new MersenneTwister(Seed, threadSafe: false);
        var medians = new double[Resamples];
        var drawn = new int[sorted.Length]; // places in the order of the values: sorting them sorts the values
        for (int i = 0; i < Resamples; i++)
        {
            for (int j = 0; j < drawn.Length; j++)
            {
                drawn[j] = random.Next(sorted.Length);
            }

            Array.Sort(drawn);
            medians[i] = (sorted[drawn[(drawn.Length - 1) / 2]] + sorted[drawn[drawn.Length / 2]]) / 2;
        }

        Array.Sort(medians);
        return (Quantile(medians, 0.025), Quantile(medians, 0.975));
    }
}
