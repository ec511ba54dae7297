using System.Globalization;

namespace Orchestrator.Regression.Reports.Charts;

/// <summary>A stretch of milliseconds, drawn from one share of a chart to another.</summary>
/// <param name="Low">Where it begins.</param>
/// <param name="High">Where it ends; more than <paramref name="Low"/>.</param>
/// <param name="From">The share of the chart at which <paramref name="Low"/> stands, between 0 and 1.</param>
/// <param name="To">The same for <paramref name="High"/>.</param>
internal sealed record Scale(double Low, double High, double From = 0.01, double To = 0.99)
{
    private static readonly double[] Steps = [1, 2, 5, 10];

    /// <summary>A scale that holds values with a little air, and zero where that is near.</summary>
    public static Scale Of(IEnumerable<double> values, double from = 0.01, double to = 0.99)
    {
        List<double> finite = [.. values.Where(double.IsFinite)];
        if (finite.Count == 0)
        {
            return new(0, 1, from, to);
        }

        (double low, double high) = (finite.Min(), finite.Max());
        double air = Math.Max((high - low) * 0.08, Math.Max(Math.Abs(high) * 0.02, 0.01));
        return new(low >= 0 && low < high * 0.5 ? 0 : low - air, high + air, from, to);
    }

    /// <summary>Whether a value lies on it.</summary>
    public bool Holds(double value) => value >= Low && value <= High;

    /// <summary>The share at which a value stands; what lies outside stands at the end.</summary>
    public double At(double value) => double.IsFinite(value) ? From + (Math.Clamp((value - Low) / (High - Low), 0, 1) * (To - From)) : From;

    /// <summary>The same as a length of SVG.</summary>
    public string X(double value) => Percent(At(value));

    /// <summary>Round values to mark, at most seven.</summary>
    public IReadOnlyList<double> Ticks(int wanted = 5)
    {
        double rough = (High - Low) / wanted;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = Steps.Select(factor => factor * power).First(step => step >= rough * 0.999);
        var ticks = new List<double>();
        for (double tick = Math.Ceiling(Low / step); tick * step <= High && ticks.Count < 12; tick++)
        {
            ticks.Add(tick * step);
        }

        return ticks;
    }

    public static string Percent(double share) => (share * 100).ToString("0.###", CultureInfo.InvariantCulture) + "%";

    /// <summary>A length in pixels.</summary>
    public static string Pixels(double length) => length.ToString("0.##", CultureInfo.InvariantCulture);
}
