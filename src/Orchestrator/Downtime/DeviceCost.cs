using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Downtime;

/// <summary>What a trace line says of one device's state: QEMU's name of it, and how long saving or loading took.</summary>
/// <param name="Type"><c>iterable</c> (sent piece by piece, such as memory) or <c>non-iterable</c>.</param>
/// <param name="Device">QEMU's idstr.</param>
/// <param name="Instance">Tells several of one name apart.</param>
/// <param name="Microseconds">How long it took.</param>
internal sealed partial record DeviceCost(string Type, string Device, long Instance, long Microseconds)
{
    /// <summary>Reads a <c>vmstate_downtime_save</c> or <c>_load</c>; <see langword="null"/> for any other line.</summary>
    public static DeviceCost? Of(QemuLogLine line)
    {
        var match = line.Name is QemuLogEvents.DowntimeSave or QemuLogEvents.DowntimeLoad ? Pattern().Match(line.Arguments) : Match.Empty;
        return match.Success
            && long.TryParse(match.Groups["instance"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var instance)
            && long.TryParse(match.Groups["us"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            ? new DeviceCost(match.Groups["type"].Value, match.Groups["id"].Value, instance, microseconds)
            : null;
    }

    [GeneratedRegex("^type=(?<type>iterable|non-iterable) idstr=(?<id>.+) instance_id=(?<instance>[0-9]+) downtime=(?<us>[0-9]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
