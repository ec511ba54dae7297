using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Downtime;

/// <summary>What a line of a domain's QEMU log is about.</summary>
public enum QemuLogLineKind
{
    /// <summary>Nothing that matters for a migration.</summary>
    Other,

    /// <summary>A trace event of QEMU.</summary>
    TraceEvent,

    /// <summary>libvirt's header of a new QEMU process.</summary>
    StartingUp,

    /// <summary>libvirt's line before it tells QEMU to migrate.</summary>
    InitiatingMigration,

    /// <summary>libvirt's footer; <see cref="QemuLogLine.Arguments"/> is the reason.</summary>
    ShuttingDown,

    /// <summary>An error of a device that takes part in the migration.</summary>
    DeviceError,

    /// <summary>The part of QEMU's command line that makes it wait for a guest to be migrated into it.</summary>
    Incoming,
}

/// <summary>One line of a domain's QEMU log.</summary>
/// <param name="Kind">What the line is about.</param>
/// <param name="Stamp">The line's time on its host's clock; <see langword="null"/> where the line carries none (QEMU without <c>-msg timestamp=on</c>).</param>
/// <param name="Name">The trace event's name; empty for other lines.</param>
/// <param name="Arguments">A trace event's arguments, the reason of a footer, or the text of an error.</param>
public sealed partial record QemuLogLine(QemuLogLineKind Kind, DateTimeOffset? Stamp, string Name, string Arguments)
{
    private static readonly QemuLogLine Nothing = new(QemuLogLineKind.Other, null, "", "");

    /// <summary>Reads one line. Never fails: a line that is not understood is <see cref="QemuLogLineKind.Other"/>.</summary>
    /// <param name="text">The line, with or without its line end.</param>
    public static QemuLogLine Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var line = text.TrimEnd('\r', '\n');
        return Stamped(line) ?? IsoStamped(line) ?? LibvirtLine(line) ?? Incoming(line) ?? Bare(line) ?? DeviceError(line) ?? Nothing;
    }

    /// <summary>Whether the event says that the guest's vCPUs stand still (<see langword="false"/>), run (<see langword="true"/>), or neither.</summary>
    internal bool? RunsAfter => Name switch
    {
        QemuLogEvents.AllVcpusPaused => false,
        QemuLogEvents.AllVcpusPrepared => true,
        QemuLogEvents.VmStateNotify when Arguments.StartsWith("running 0", StringComparison.Ordinal) => false,
        QemuLogEvents.VmStateNotify when Arguments.StartsWith("running 1", StringComparison.Ordinal) => true,
        _ => null,
    };

    // QEMU up to 10.1. Not anchored: the line may follow a half line that another writer left behind.
    private static QemuLogLine? Stamped(string line)
    {
        var match = StampedPattern().Match(line);
        if (!match.Success || !QemuLogEvents.IsKnown(match.Groups["name"].ValueSpan))
        {
            return null;
        }

        var seconds = long.Parse(match.Groups["sec"].ValueSpan, CultureInfo.InvariantCulture);
        var micros = long.Parse(match.Groups["usec"].ValueSpan, CultureInfo.InvariantCulture);
        return Event(DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(micros * TimeSpan.TicksPerMicrosecond), match);
    }

    // QEMU from 10.2 on.
    private static QemuLogLine? IsoStamped(string line)
    {
        var match = IsoPattern().Match(line);
        return match.Success && QemuLogEvents.IsKnown(match.Groups["name"].ValueSpan) && Time(match.Groups["time"].ValueSpan) is { } stamp
            ? Event(stamp, match)
            : null;
    }

    private static QemuLogLine? LibvirtLine(string line)
    {
        var match = LibvirtPattern().Match(line);
        if (!match.Success || Time(match.Groups["time"].ValueSpan) is not { } stamp)
        {
            return null;
        }

        var what = match.Groups["what"].ValueSpan;
        var kind = what[0] switch
        {
            's' when what.StartsWith("starting", StringComparison.Ordinal) => QemuLogLineKind.StartingUp,
            's' => QemuLogLineKind.ShuttingDown,
            _ => QemuLogLineKind.InitiatingMigration,
        };
        return new QemuLogLine(kind, stamp, "", match.Groups["reason"].Value);
    }

    private static QemuLogLine? Incoming(string line)
        => line.StartsWith(QemuLogEvents.Incoming, StringComparison.Ordinal) || line.Contains($" {QemuLogEvents.Incoming}", StringComparison.Ordinal)
            ? new QemuLogLine(QemuLogLineKind.Incoming, null, "", "")
            : null;

    // Without a prefix only a whole line is believed: the QEMU command line in a header names events too.
    private static QemuLogLine? Bare(string line)
    {
        var match = BarePattern().Match(line);
        return match.Success && QemuLogEvents.IsKnown(match.Groups["name"].ValueSpan) && !match.Groups["args"].ValueSpan.EndsWith("\\")
            ? Event(null, match)
            : null;
    }

    private static QemuLogLine? DeviceError(string line)
    {
        if (!QemuLogEvents.IsDeviceError(line))
        {
            return null;
        }

        var match = ErrorTimePattern().Match(line);
        return match.Success
            ? new QemuLogLine(QemuLogLineKind.DeviceError, Time(match.Groups["time"].ValueSpan), "", line[match.Length..])
            : new QemuLogLine(QemuLogLineKind.DeviceError, null, "", line);
    }

    private static QemuLogLine Event(DateTimeOffset? stamp, Match match)
        => new(QemuLogLineKind.TraceEvent, stamp, match.Groups["name"].Value, match.Groups["args"].Value.TrimEnd());

    private static DateTimeOffset? Time(ReadOnlySpan<char> text)
        => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    [GeneratedRegex(@"[0-9]{1,10}@(?<sec>[0-9]{1,11})\.(?<usec>[0-9]{6}):(?<name>[a-z][a-z0-9_]*)(?: (?<args>.*))?$", RegexOptions.CultureInvariant)]
    private static partial Regex StampedPattern();

    [GeneratedRegex(@"(?<time>[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]{6}Z) (?<name>[a-z][a-z0-9_]*)(?: (?<args>.*))?$", RegexOptions.CultureInvariant)]
    private static partial Regex IsoPattern();

    [GeneratedRegex(
        @"(?<time>[0-9]{4}-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]{3}\+0000): (?<what>starting up|initiating migration|shutting down(?:, reason=(?<reason>\S+))?)",
        RegexOptions.CultureInvariant)]
    private static partial Regex LibvirtPattern();

    [GeneratedRegex(@"^(?<name>[a-z][a-z0-9_]*)(?: (?<args>.*))?$", RegexOptions.CultureInvariant)]
    private static partial Regex BarePattern();

    [GeneratedRegex(@"^(?<time>[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]{6}Z) ", RegexOptions.CultureInvariant)]
    private static partial Regex ErrorTimePattern();
}
