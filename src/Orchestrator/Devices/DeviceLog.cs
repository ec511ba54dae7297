using Orchestrator.Downtime;

namespace Orchestrator.Devices;

/// <summary>The errors of devices in the log of a domain's QEMU.</summary>
internal sealed record DeviceLog
{
    /// <summary>The errors of the QEMU that was started last, the oldest first.</summary>
    internal IReadOnlyList<string> Lines { get; private init; } = [];

    /// <summary>Which QEMU wrote them: the number of starts in the log.</summary>
    internal int Start { get; private init; }

    /// <summary>Why it could not be read.</summary>
    internal string? Problem { get; init; }

    /// <summary>The errors of the QEMU that was started last.</summary>
    internal static DeviceLog Of(LogEvidence log)
    {
        QemuLogLine[] lines = [.. log.Lines.Select(QemuLogLine.Parse)];
        int start = Array.FindLastIndex(lines, line => line.Kind == QemuLogLineKind.StartingUp);
        return new()
        {
            Lines = [.. lines[(start + 1)..].Where(line => line.Kind == QemuLogLineKind.DeviceError).Select(line => line.Arguments)],
            Start = lines.Count(line => line.Kind == QemuLogLineKind.StartingUp),
            Problem = log.Problem,
        };
    }

    /// <summary>What came after an earlier reading: by what was read then, for host and reader may have different clocks, and not every line bears a time.</summary>
    internal IReadOnlyList<string> Since(DeviceLog before) =>
        Start == before.Start && Lines.Count >= before.Lines.Count && Lines.Take(before.Lines.Count).SequenceEqual(before.Lines) ? [.. Lines.Skip(before.Lines.Count)] : Lines;
}
