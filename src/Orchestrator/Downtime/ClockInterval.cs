namespace Orchestrator.Downtime;

/// <summary>Where an offset between two clocks lies, in milliseconds; an end that nothing bounds is infinite.</summary>
internal readonly record struct ClockInterval(double Low, double High)
{
    public static readonly ClockInterval Unbounded = new(double.NegativeInfinity, double.PositiveInfinity);

    public bool IsBounded => double.IsFinite(Low) && double.IsFinite(High);

    public double Middle => Low + ((High - Low) / 2);

    /// <summary>How far the farther end is from a value; <see langword="null"/> when an end is not bounded.</summary>
    public double? Around(double value) => IsBounded ? Math.Max(value - Low, High - value) : null;

    /// <summary>What lies in both; its ends are in the wrong order when nothing does.</summary>
    public ClockInterval Intersect(ClockInterval other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));

    /// <summary>The sums of a value of this one and a value of the other.</summary>
    public ClockInterval Plus(ClockInterval other) => new(Low + other.Low, High + other.High);

    public ClockInterval Negated => new(-High, -Low);
}
