using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Downtime;

/// <summary>The time of any line of a QEMU log, also of one that doesn't matter otherwise.</summary>
internal static partial class LogStamp
{
    /// <summary>The line's time, or <see langword="null"/> if it begins with none.</summary>
    public static DateTimeOffset? Find(string line)
    {
        var unix = UnixPattern().Match(line);
        if (unix.Success)
        {
            return DateTimeOffset.FromUnixTimeSeconds(long.Parse(unix.Groups["sec"].ValueSpan, CultureInfo.InvariantCulture));
        }

        var text = TextPattern().Match(line);
        return text.Success && DateTimeOffset.TryParse(
            text.ValueSpan, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;
    }

    [GeneratedRegex(@"^[0-9]{1,10}@(?<sec>[0-9]{1,11})\.[0-9]{6}:", RegexOptions.CultureInvariant)]
    private static partial Regex UnixPattern();

    [GeneratedRegex(@"^[0-9]{4}-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]{3,6}(Z|\+0000)", RegexOptions.CultureInvariant)]
    private static partial Regex TextPattern();
}
