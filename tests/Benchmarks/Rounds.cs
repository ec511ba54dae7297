namespace Benchmarks;

/// <summary>Two things measured in turns, so that whatever else the machine does meets both; the medians count.</summary>
internal static class Rounds
{
    public static async Task<(double Ours, double Yardstick)> CompareAsync(int rounds, Func<Task<double>> ours, Func<Task<double>> yardstick)
    {
        var left = new List<double>();
        var right = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            // The order changes, or one of the two would always run on the warmer processor.
            if (round % 2 == 0)
            {
                left.Add(await ours());
                right.Add(await yardstick());
            }
            else
            {
                right.Add(await yardstick());
                left.Add(await ours());
            }
        }

        return (Median(left), Median(right));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        int middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
