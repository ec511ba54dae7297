namespace Orchestrator.Cli;

/// <summary>The series of one metric in Prometheus' text format.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type"><c>counter</c> or <c>histogram</c>; others are read and kept.</param>
/// <param name="Help">What it is, escaped.</param>
internal sealed record MetricFamily(string Name, string Type, string Help)
{
    /// <summary>Name and labels of each series as they stand in the text, and its value, in the order they were added.</summary>
    internal OrderedDictionary<string, double> Series { get; } = [];

    internal void Add(string series, double value) => Series[series] = Series.GetValueOrDefault(series) + value;

    /// <summary>What was counted before and what came after it. Series that only one has stay; a histogram that is cut otherwise than before begins anew.</summary>
    internal static IReadOnlyList<MetricFamily> Sum(IReadOnlyList<MetricFamily> before, IReadOnlyList<MetricFamily> after)
    {
        var sum = new OrderedDictionary<string, MetricFamily>();
        foreach (MetricFamily family in before)
        {
            sum[family.Name] = family;
        }

        foreach (MetricFamily family in after)
        {
            if (!sum.TryGetValue(family.Name, out MetricFamily? known) || known.Type != family.Type || !known.Bounds.SetEquals(family.Bounds))
            {
                sum[family.Name] = family;
                continue;
            }

            var both = new MetricFamily(family.Name, family.Type, family.Help);
            foreach ((string series, double value) in known.Series.Concat(family.Series))
            {
                both.Add(series, value);
            }

            sum[family.Name] = both;
        }

        return [.. sum.Values];
    }

    private HashSet<string> Bounds => Type == "histogram" ? [.. Series.Keys.Select(PrometheusText.BoundOf).OfType<string>()] : [];
}
