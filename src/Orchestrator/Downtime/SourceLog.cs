namespace Orchestrator.Downtime;

/// <summary>The source's log, cut to one migration: from where it was initiated to where the domain's QEMU ended or the log does.</summary>
internal sealed class SourceLog
{
    private readonly IReadOnlyList<QemuLogLine> _lines;
    private readonly TimeWindow? _window;
    private readonly int _start;
    private readonly int _end;
    private readonly string? _problem;

    private SourceLog(IReadOnlyList<QemuLogLine> lines, TimeWindow? window, int start, int end, string? problem)
        => (_lines, _window, _start, _end, _problem) = (lines, window, start, end, problem);

    public static SourceLog Read(IReadOnlyList<QemuLogLine> lines, TimeWindow? window)
    {
        var start = LastIndex(lines, line => Within(line, window) && line.Kind == QemuLogLineKind.InitiatingMigration);
        if (start < 0)
        {
            start = LastIndex(lines, line => Within(line, window) && line.Name == QemuLogEvents.EnterMigrate);
        }

        if (start >= 0)
        {
            var end = EndOfRun(lines, start + 1);
            return new SourceLog(lines, window, start, end, Footer(lines, end));
        }

        // A libvirt that doesn't write the line: the last pause before the footer of a migrated domain.
        var footer = LastIndex(lines, line => Within(line, window) && line is { Kind: QemuLogLineKind.ShuttingDown, Arguments: "migrated" });
        if (footer >= 0)
        {
            return new SourceLog(lines, window, LastHeader(lines, footer), footer, null);
        }

        return window is null
            ? new SourceLog(lines, null, lines.Count, lines.Count, "the log tells of no migration")
            : new SourceLog(lines, window, LastHeader(lines, lines.Count), lines.Count, null);
    }

    /// <summary>The lines of the migration alone.</summary>
    public IEnumerable<QemuLogLine> Cut => _lines.Take(_start.._end).Where(line => Within(line, _window));

    public bool Has(string name) => _lines.Any(line => line.Name == name);

    /// <summary>Where the vCPUs stood still for the last time and stayed so.</summary>
    public BlackoutEnd Pause(string name, string text)
    {
        if (_problem is not null)
        {
            return new BlackoutEnd(null, _problem);
        }

        QemuLogLine? paused = null;
        var ranAgain = false;
        for (var i = _start; i < _end; i++)
        {
            var line = _lines[i];
            if (line.RunsAfter is not { } runs || !SameFamily(line.Name, name) || !Within(line, _window))
            {
                continue;
            }

            // A guest that stands still can be told to stop once more: the blackout began with the first.
            if (runs)
            {
                ranAgain = paused is not null;
            }
            else if (paused is null || ranAgain)
            {
                (paused, ranAgain) = (line, false);
            }
        }

        return paused switch
        {
            null when PausedBefore(name) => new(null, "the guest was already paused when the migration began"),
            null => new(null, Has(name)
                ? $"no {text} during the migration"
                : $"the log holds no {text}: QEMU was started without this trace event, or doesn't know it"),
            _ when ranAgain => new(null, "the migration was rolled back: the guest ran again on the source"),
            { Stamp: null } => new(null, "the trace events carry no time: log_timestamp is off in qemu.conf"),
            _ => new(paused.Stamp, null),
        };
    }

    private bool PausedBefore(string name)
    {
        for (var i = _end - 1; i >= 0 && _lines[i].Kind != QemuLogLineKind.StartingUp; i--)
        {
            if (_lines[i].RunsAfter is { } runs && SameFamily(_lines[i].Name, name))
            {
                return !runs;
            }
        }

        return false;
    }

    internal static bool SameFamily(string name, string family)
        => (name == QemuLogEvents.VmStateNotify) == (family == QemuLogEvents.VmStateNotify);

    // libvirt's own lines and the window are known to the millisecond at best; lines without a time are judged by their place alone.
    private static bool Within(QemuLogLine line, TimeWindow? window) => window is not { } w || line.Stamp is not { } stamp || w.Contains(stamp);

    private static int EndOfRun(IReadOnlyList<QemuLogLine> lines, int from)
    {
        for (var i = from; i < lines.Count; i++)
        {
            if (lines[i].Kind is QemuLogLineKind.ShuttingDown or QemuLogLineKind.StartingUp)
            {
                return i;
            }
        }

        return lines.Count;
    }

    private static string? Footer(IReadOnlyList<QemuLogLine> lines, int end)
        => end < lines.Count && lines[end] is { Kind: QemuLogLineKind.ShuttingDown, Arguments: not ("migrated" or "") } footer
            ? $"the domain did not migrate: it ended there with reason={footer.Arguments}"
            : null;

    private static int LastHeader(IReadOnlyList<QemuLogLine> lines, int before)
    {
        for (var i = before - 1; i >= 0; i--)
        {
            if (lines[i].Kind == QemuLogLineKind.StartingUp)
            {
                return i;
            }
        }

        return 0;
    }

    private static int LastIndex(IReadOnlyList<QemuLogLine> lines, Func<QemuLogLine, bool> wanted)
    {
        for (var i = lines.Count - 1; i >= 0; i--)
        {
            if (wanted(lines[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
