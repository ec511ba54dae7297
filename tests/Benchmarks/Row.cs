namespace Benchmarks;

/// <summary>One line of the result: ours against a yardstick measured in the same run, round by round.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Ours">Our median.</param>
/// <param name="Yardstick">The yardstick's median.</param>
/// <param name="Unit">The unit of both.</param>
/// <param name="Against">What the yardstick is.</param>
/// <param name="Limit">The ratio to reach.</param>
/// <param name="MoreIsBetter">Whether the figures are rates, so that the ratio must be at least the limit; else at most.</param>
internal sealed record Row(string Name, double Ours, double Yardstick, string Unit, string Against, double Limit, bool MoreIsBetter = false)
{
    public double Ratio => Yardstick == 0 ? Ours : Ours / Yardstick;

    public bool IsReached => MoreIsBetter ? Ratio >= Limit : Ratio <= Limit;
}
