using System.Globalization;

namespace Orchestrator.Migration.Policies;

/// <summary>A duration, or one for each GiB of a guest's memory: <c>10m</c>, <c>75s/GiB</c>.</summary>
/// <param name="Value">The duration.</param>
/// <param name="PerGiB">Whether it is one per GiB.</param>
public readonly record struct ScaledDuration(TimeSpan Value, bool PerGiB = false)
{
    /// <summary>The least number of GiB that is reckoned with, as in nova: a small guest needs its time too.</summary>
    public const int LeastGiB = 2;

    // More than any migration takes, and far from what TimeSpan cannot hold.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <summary>The duration for a guest of this size, in whole milliseconds.</summary>
    /// <param name="memoryBytes">The guest's memory.</param>
    public TimeSpan For(long memoryBytes)
    {
        double gib = PerGiB ? Math.Max(LeastGiB, memoryBytes / (double)(1L << 30)) : 1;
        return TimeSpan.FromMilliseconds(Math.Truncate(Math.Min(Value.TotalMilliseconds * gib, Longest.TotalMilliseconds)));
    }

    /// <summary>As policy files write it.</summary>
    public override string ToString() => Write(Value) + (PerGiB ? "/GiB" : "");

    /// <summary>Reads <c>100ms</c>, <c>10s</c>, <c>1.5m</c>, <c>2h</c>, each with or without <c>/GiB</c>; <see langword="null"/> for anything else.</summary>
    internal static ScaledDuration? TryParse(string text)
    {
        bool perGiB = text.EndsWith("/GiB", StringComparison.Ordinal);
        string duration = perGiB ? text[..^4] : text;
        (string unit, double milliseconds) = duration switch
        {
            _ when duration.EndsWith("ms", StringComparison.Ordinal) => ("ms", 1.0),
            _ when duration.EndsWith('s') => ("s", 1e3),
            _ when duration.EndsWith('m') => ("m", 60e3),
            _ when duration.EndsWith('h') => ("h", 3600e3),
            _ => ("", 0.0),
        };
        return unit.Length > 0 && duration.Length > unit.Length && char.IsAsciiDigit(duration[0]) && char.IsAsciiDigit(duration[^(unit.Length + 1)])
            && double.TryParse(duration.AsSpan(0, duration.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * milliseconds <= Longest.TotalMilliseconds
            ? new(TimeSpan.FromTicks((long)Math.Round(number * milliseconds * TimeSpan.TicksPerMillisecond)), perGiB)
            : null;
    }

    /// <summary>A duration in the largest unit that leaves no rest.</summary>
    internal static string Write(TimeSpan duration)
    {
        (TimeSpan unit, string name) = duration.Ticks switch
        {
            0 => (TimeSpan.FromMilliseconds(1), "ms"),
            var ticks when ticks % TimeSpan.TicksPerHour == 0 => (TimeSpan.FromHours(1), "h"),
            var ticks when ticks % TimeSpan.TicksPerMinute == 0 => (TimeSpan.FromMinutes(1), "m"),
            var ticks when ticks % TimeSpan.TicksPerSecond == 0 => (TimeSpan.FromSeconds(1), "s"),
            _ => (TimeSpan.FromMilliseconds(1), "ms"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{duration / unit:0.####}{name}");
    }
}
