using System.CommandLine.Parsing;
using System.Globalization;

namespace Orchestrator.Cli;

/// <summary>Durations as people write them: <c>100ms</c>, <c>30s</c>, <c>10m</c>, <c>1h</c>.</summary>
internal static class Durations
{
    private static readonly (string Suffix, double Milliseconds)[] Units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

    internal static TimeSpan? Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (TryParse(text, out TimeSpan value))
        {
            return value;
        }

        result.AddError($"'{CliConsole.Printable(text)}' is not a duration: write a number above 0 and a unit, such as 100ms, 30s, 10m or 1h.");
        return null;
    }

    internal static bool TryParse(string text, out TimeSpan value)
    {
        foreach ((string suffix, double milliseconds) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                && number > 0 && number * milliseconds <= TimeSpan.FromDays(365).TotalMilliseconds)
            {
                value = TimeSpan.FromMilliseconds(number * milliseconds);
                return true;
            }
        }

        value = default;
        return false;
    }
}
