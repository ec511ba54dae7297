namespace Orchestrator.Downtime;

/// <summary>The migrations away from a host that a log tells of, and the incoming QEMU on the other host that belongs to each.</summary>
internal static class LogMigrations
{
    /// <summary>Finds them, oldest first.</summary>
    public static IReadOnlyList<LogMigration> Find(LogEvidence source, LogEvidence destination)
    {
        var there = source.Lines.Select(text => (Text: text, Line: QemuLogLine.Parse(text))).ToList();
        var runs = Runs(destination);
        var migrations = new List<LogMigration>();
        foreach (var (header, begin, end) in Attempts(there.ConvertAll(line => line.Line)))
        {
            var initiated = there[begin].Line.Stamp;
            var footer = end > begin && there[end - 1].Line is { Kind: QemuLogLineKind.ShuttingDown } last ? last : null;
            migrations.Add(new LogMigration(
                initiated,
                footer?.Stamp,
                source with { Lines = [.. there[header..end].Select(line => line.Text)] },
                destination with { Lines = Nearest(runs, initiated) }));
        }

        return migrations;
    }

    /// <summary>Where each attempt to migrate begins, the header of its QEMU before it, and where its lines end.</summary>
    private static IEnumerable<(int Header, int Begin, int End)> Attempts(List<QemuLogLine> lines)
    {
        for (int header = 0, next; header < lines.Count; header = next)
        {
            next = lines.FindIndex(header + 1, line => line.Kind == QemuLogLineKind.StartingUp);
            next = next < 0 ? lines.Count : next;
            var begins = Begins(lines, header, next);
            for (var i = 0; i < begins.Count; i++)
            {
                yield return (header, begins[i], i + 1 < begins.Count ? begins[i + 1] : EndOfRun(lines, begins[i], next));
            }
        }
    }

    // libvirt's own line; without one QEMU's trace of the command, else the footer of a domain that migrated.
    private static List<int> Begins(List<QemuLogLine> lines, int from, int to)
    {
        Predicate<QemuLogLine>[] markers =
        [
            line => line.Kind == QemuLogLineKind.InitiatingMigration,
            line => line.Name == QemuLogEvents.EnterMigrate,
            line => line is { Kind: QemuLogLineKind.ShuttingDown, Arguments: "migrated" },
        ];
        return markers.Select(marker => Enumerable.Range(from, to - from).Where(i => marker(lines[i])).ToList()).FirstOrDefault(begins => begins.Count > 0) ?? [];
    }

    private static int EndOfRun(List<QemuLogLine> lines, int from, int to)
    {
        var footer = lines.FindIndex(from, to - from, line => line.Kind == QemuLogLineKind.ShuttingDown);
        return footer < 0 ? to : footer + 1;
    }

    /// <summary>The lines of each QEMU of a log, with its header's time; a part without a header has none.</summary>
    private static List<(DateTimeOffset? Started, bool Incoming, IReadOnlyList<string> Lines)> Runs(LogEvidence log)
    {
        var runs = new List<(DateTimeOffset? Started, bool Incoming, IReadOnlyList<string> Lines)>();
        var lines = new List<string>();
        DateTimeOffset? started = null;
        var incoming = false;
        foreach (var text in log.Lines)
        {
            var line = QemuLogLine.Parse(text);
            if (line.Kind == QemuLogLineKind.StartingUp)
            {
                Close();
                (started, incoming, lines) = (line.Stamp, false, []);
            }

            incoming |= line.Kind == QemuLogLineKind.Incoming;
            lines.Add(text);
        }

        Close();

        // libvirt writes the command line behind the header; a log without any is not judged by it.
        return runs.Exists(run => run.Incoming) ? runs.FindAll(run => run.Incoming || run.Started is null) : runs;

        void Close()
        {
            if (lines.Count > 0)
            {
                runs.Add((started, incoming, lines));
            }
        }
    }

    // The destination's QEMU starts before the source is told to migrate. The hosts' clocks may differ: what is nearest belongs to it.
    private static IReadOnlyList<string> Nearest(List<(DateTimeOffset? Started, bool Incoming, IReadOnlyList<string> Lines)> runs, DateTimeOffset? initiated)
    {
        var dated = initiated is null ? [] : runs.FindAll(run => run.Started is not null);
        return dated.Count > 0 ? dated.MinBy(run => (run.Started!.Value - initiated!.Value).Duration()).Lines
            : runs.Count > 0 ? runs[^1].Lines
            : [];
    }
}

/// <summary>One migration as two logs tell it.</summary>
/// <param name="Initiated">When libvirt began it, on the source's clock, if its log tells.</param>
/// <param name="Ended">When the source's QEMU ended, on its clock, if its log tells.</param>
/// <param name="Source">The source's lines of it, from the header of its QEMU on.</param>
/// <param name="Destination">The lines of the destination's QEMU.</param>
internal sealed record LogMigration(DateTimeOffset? Initiated, DateTimeOffset? Ended, LogEvidence Source, LogEvidence Destination);
