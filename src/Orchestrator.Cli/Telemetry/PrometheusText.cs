using System.Globalization;
using System.Text;

namespace Orchestrator.Cli;

/// <summary>Prometheus' text format, version 0.0.4: names and values by its rules, written, and read back as it was written. Pure.</summary>
internal static class PrometheusText
{
    private const string BoundLabel = "le=\"";

    /// <summary>An instrument's name by the rules for OpenTelemetry metrics in Prometheus: the unit in full, then <c>_total</c> of counters.</summary>
    internal static string NameOf(string instrument, string? unit, bool isCounter)
    {
        string name = LabelNameOf(instrument);
        string? suffix = unit switch { "s" => "seconds", "By" => "bytes", _ => null }; // {migration} and the like are annotations
        name = suffix is null || name.EndsWith($"_{suffix}", StringComparison.Ordinal) ? name : $"{name}_{suffix}";
        return isCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? $"{name}_total" : name;
    }

    /// <summary>A series: a name, and labels in braces when there are any.</summary>
    internal static string SeriesOf(string name, IEnumerable<KeyValuePair<string, string>> labels)
    {
        string inside = string.Join(',', labels.Select(label => $"{LabelNameOf(label.Key)}=\"{label.Value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")}\""));
        return inside.Length == 0 ? name : $"{name}{{{inside}}}";
    }

    internal static string HelpOf(string description) => description.Replace("\\", "\\\\").Replace("\n", "\\n");

    internal static string ValueOf(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <summary>The bound of a histogram's series; <see langword="null"/> of its sum and count. It is the last label.</summary>
    internal static string? BoundOf(string series) =>
        series.EndsWith("\"}", StringComparison.Ordinal) && series.LastIndexOf(BoundLabel, StringComparison.Ordinal) is > 0 and var at && series[at - 1] is '{' or ','
            ? series[(at + BoundLabel.Length)..^2]
            : null;

    internal static string Write(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder();
        foreach (MetricFamily family in families.Where(family => family.Series.Count > 0))
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {family.Name} {family.Help}\n# TYPE {family.Name} {family.Type}\n");
            foreach ((string series, double value) in family.Series)
            {
                text.Append(CultureInfo.InvariantCulture, $"{series} {ValueOf(value)}\n");
            }
        }

        return text.ToString();
    }

    /// <exception cref="FormatException">It was not written by <see cref="Write"/>.</exception>
    internal static IReadOnlyList<MetricFamily> Read(string text)
    {
        var families = new List<MetricFamily>();
        string help = "";
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (line.Split(' ', 4))
            {
                case ["#", "HELP", _, .. var words]:
                    help = string.Concat(words);
                    break;
                case ["#", "TYPE", var name, var type]:
                    families.Add(new(name, type, help));
                    break;
                default:
                    int space = line.LastIndexOf(' ');
                    if (families.Count == 0 || space < 0 || !line.StartsWith(families[^1].Name, StringComparison.Ordinal))
                    {
                        throw new FormatException($"it holds something else: {line}");
                    }

                    families[^1].Add(line[..space], ParseValue(line[(space + 1)..]));
                    break;
            }
        }

        return families;
    }

    private static double ParseValue(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : throw new FormatException($"it holds a value that is none: {text}"),
    };

    private static string LabelNameOf(string name)
    {
        string allowed = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return char.IsAsciiDigit(allowed[0]) ? $"_{allowed}" : allowed;
    }
}
