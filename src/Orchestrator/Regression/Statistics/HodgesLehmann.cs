using MathNet.Numerics.Statistics;

namespace Orchestrator.Regression.Statistics;

/// <summary>By how much a sample is larger than another.</summary>
/// <param name="Estimate">The median of all differences of a value of the second to one of the first.</param>
/// <param name="Low">The lower end of its interval.</param>
/// <param name="High">The upper end.</param>
/// <param name="IsBounded">Whether there are values enough for the interval; if not, the ends are the extreme differences and promise nothing.</param>
internal readonly record struct Shift(double Estimate, double Low, double High, bool IsBounded);

/// <summary>The estimate of Hodges and Lehmann for the shift between two samples, with the interval that belongs to the test of Mann and Whitney.</summary>
internal static class HodgesLehmann
{
    /// <summary>The shift from the first to the second sample.</summary>
    /// <param name="before">The first sample; not empty.</param>
    /// <param name="now">The second one; not empty.</param>
    /// <param name="eachSide">The probability that the true shift lies below the interval, and that it lies above.</param>
    internal static Shift Of(IReadOnlyCollection<double> before, IReadOnlyCollection<double> now, double eachSide)
    {
        double[] differences = [.. now.SelectMany(n => before.Select(b => n - b)).Order()];
        int outside = MannWhitney.CriticalCount(before.Count, now.Count, eachSide);
        int end = Math.Max(outside, 1);
        return new(SortedArrayStatistics.Median(differences), differences[end - 1], differences[^end], outside > 0);
    }
}
