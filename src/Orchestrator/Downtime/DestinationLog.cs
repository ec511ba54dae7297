namespace Orchestrator.Downtime;

/// <summary>The destination's log, cut to the QEMU that the guest migrated into.</summary>
internal sealed class DestinationLog
{
    private readonly IReadOnlyList<QemuLogLine> _lines;
    private readonly TimeWindow? _window;
    private readonly int _start;
    private readonly int _end;
    private readonly bool _headless;

    private DestinationLog(IReadOnlyList<QemuLogLine> lines, TimeWindow? window, int start, int end, bool headless)
        => (_lines, _window, _start, _end, _headless) = (lines, window, start, end, headless);

    public static DestinationLog Read(IReadOnlyList<QemuLogLine> lines, TimeWindow? window)
    {
        int start = -1, end = lines.Count;
        for (var i = lines.Count - 1; i >= 0 && start < 0; i--)
        {
            if (lines[i].Kind == QemuLogLineKind.StartingUp)
            {
                // A run that began behind the window belongs to a later migration back.
                var later = window is { } w && lines[i].Stamp > w.To;
                (start, end) = later ? (-1, i) : (i, end);
            }
        }

        return new DestinationLog(lines, window, Math.Max(start, 0), end, headless: start < 0);
    }

    /// <summary>The lines of the QEMU that the guest migrated into, within the migration's time.</summary>
    public IEnumerable<QemuLogLine> Cut => _lines.Take(_start.._end).Where(line => _window is not { } window || line.Stamp is not { } stamp || window.Contains(stamp));

    public bool Has(string name) => _lines.Any(line => line.Name == name);

    /// <summary>Where the vCPUs ran for the first time.</summary>
    public BlackoutEnd FirstRun(string name, string text)
    {
        if (_headless && _window is null)
        {
            return new BlackoutEnd(null, "the log doesn't hold the start of the domain's QEMU: its first run can't be told from a later one");
        }

        QemuLogLine? first = null;
        for (var i = _start; i < _end && first is null; i++)
        {
            var line = _lines[i];
            var before = _headless && line.Stamp < _window?.From;
            first = line.Name == name && line.RunsAfter == true && !before ? line : null;
            if (first is null && !before && line.RunsAfter == false && SourceLog.SameFamily(line.Name, name))
            {
                // What comes behind it is a resume, not the migration's end.
                return new BlackoutEnd(null, "the guest was stopped there before the log tells that it ran: the line of its first run is missing");
            }

            if (first is null && !before && line.Kind == QemuLogLineKind.ShuttingDown)
            {
                return new BlackoutEnd(null, $"the guest never ran there: its QEMU ended with reason={line.Arguments}");
            }
        }

        return first switch
        {
            null => new(null, Has(name) ? $"no {text} behind the start of the domain's QEMU" : $"the log holds no {text}: QEMU was started without this trace event, or doesn't know it"),
            { Stamp: null } => new(null, "the trace events carry no time: log_timestamp is off in qemu.conf"),
            _ when _window is { } w && !w.Contains(first.Stamp.Value) => new(null, "the guest first ran there outside the migrating call"),
            _ => new(first.Stamp, null),
        };
    }
}
