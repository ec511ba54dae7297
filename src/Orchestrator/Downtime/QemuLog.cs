using System.Text;

namespace Orchestrator.Downtime;

/// <summary>Reads what matters for a migration from the logs that libvirt keeps of a domain's QEMU (<c>NAME.log</c>, rotated to <c>NAME.log.0</c>, <c>.1</c> …).</summary>
public static class QemuLog
{
    /// <summary>How much earlier than asked for a line may be, for a host clock that is behind ours.</summary>
    public static readonly TimeSpan DefaultClockSlack = TimeSpan.FromMinutes(2);

    private const int LinesKept = 20_000;
    private const int Attempts = 4;
    private const int OldestRotation = 9;
    private const int HeadBytes = 256;
    private const int FirstLookBack = 256 * 1024;

    /// <summary>
    /// Reads the lines that matter: trace events, libvirt's headers and footers, errors of migrating devices. Blocks while it reads.
    /// A log that cannot be read is told in <see cref="LogEvidence.Problem"/>; nothing is thrown for it.
    /// </summary>
    /// <param name="path">The log; a rotated part beside it is read too where <paramref name="since"/> lies in it.</param>
    /// <param name="since">The earliest time that matters, on the log's clock; <see langword="null"/> for all of the log, and of the rotated part that holds the start of its QEMU.</param>
    /// <param name="clockSlack">Lines this much older than <paramref name="since"/> are still taken; <see cref="DefaultClockSlack"/> when <see langword="null"/>.</param>
    public static LogEvidence ReadSlice(string path, DateTimeOffset? since = null, TimeSpan? clockSlack = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var earliest = since - (clockSlack ?? DefaultClockSlack);
        return Guarded(path, () =>
        {
            LogEvidence slice;
            var attempt = 0;
            do
            {
                slice = Read(path, earliest, out var rotated);
                if (!rotated)
                {
                    return slice;
                }
            }
            while (++attempt < Attempts);

            return slice with { Problem = $"{path} was rotated again and again while it was read" };
        });
    }

    private static LogEvidence Guarded(string path, Func<LogEvidence> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new LogEvidence { Path = path, Problem = $"{path} does not exist" };
        }
        catch (UnauthorizedAccessException)
        {
            return new LogEvidence { Path = path, Problem = Directory.Exists(path) ? $"{path} is a directory" : $"no right to read {path}" };
        }
        catch (IOException e)
        {
            return new LogEvidence { Path = path, Problem = $"{path} could not be read: {e.Message}" };
        }
    }

    /// <summary>
    /// Reads the lines that matter of a whole log. Of one file, the rotated parts beside it are read too as far back as the start of its first QEMU; of several, they are the
    /// parts of one log in any order. Blocks while it reads; what cannot be read is told in <see cref="LogEvidence.Problem"/>.
    /// </summary>
    /// <param name="paths">The log, or its parts.</param>
    public static LogEvidence ReadWhole(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (paths is [var single])
        {
            return ReadSlice(single);
        }

        var parts = paths.Select(path => Guarded(path, () =>
        {
            using var part = Open(path);
            return Read(part);
        })).ToList();
        return new LogEvidence
        {
            Path = string.Join(", ", paths),
            Problem = parts.Select(part => part.Problem).FirstOrDefault(problem => problem is not null),
            Lines = [.. parts.OrderBy(part => part.Lines.Select(text => QemuLogLine.Parse(text).Stamp).FirstOrDefault(stamp => stamp is not null)).SelectMany(part => part.Lines)],
            DroppedLines = parts.Sum(part => part.DroppedLines),
        };
    }

    /// <summary>Reads the lines that matter from a stream, to its end, in constant memory.</summary>
    /// <param name="log">The log's bytes.</param>
    /// <exception cref="IOException">The stream failed.</exception>
    public static LogEvidence Read(Stream log)
    {
        ArgumentNullException.ThrowIfNull(log);
        var scanner = new LogScanner(LinesKept);
        scanner.Scan(log);
        return Evidence(null, scanner, null);
    }

    /// <summary>Reads the lines that matter since a time from a log's parts, the oldest first.</summary>
    internal static LogEvidence ReadParts(string path, IEnumerable<Stream> parts, DateTimeOffset earliest)
    {
        var scanner = new LogScanner(LinesKept);
        foreach (var part in parts)
        {
            scanner.Scan(part);
        }

        return Evidence(path, scanner, earliest);
    }

    private static LogEvidence Read(string path, DateTimeOffset? earliest, out bool rotated)
    {
        using var log = Open(path);
        var head = Head(log);
        var parts = new Stack<FileStream>();
        try
        {
            // An empty log in use is one that was rotated this moment: what we want is in the part before it.
            var covered = SeekBefore(log, earliest);
            parts.Push(log);
            for (var n = 0; !covered && n <= OldestRotation && File.Exists($"{path}.{n}"); n++)
            {
                var part = Open($"{path}.{n}");
                parts.Push(part);
                covered = SeekBefore(part, earliest);
            }

            var scanner = new LogScanner(LinesKept);
            foreach (var part in parts)
            {
                scanner.Scan(part);
            }

            // Renamed or truncated meanwhile: the file under this name is no longer the one that was read.
            using var now = Open(path);
            rotated = now.Length < log.Position || !Head(now).AsSpan().StartsWith(head);
            return Evidence(path, scanner, earliest);
        }
        finally
        {
            foreach (var part in parts)
            {
                part.Dispose();
            }
        }
    }

    private static LogEvidence Evidence(string? path, LogScanner scanner, DateTimeOffset? earliest)
    {
        var lines = new List<string>(scanner.Lines.Count);
        DateTimeOffset? last = null;
        foreach (var text in scanner.Lines)
        {
            var line = QemuLogLine.Parse(text);
            last = line.Stamp ?? last;
            if (line.Kind != QemuLogLineKind.Other && !(last < earliest))
            {
                lines.Add(text);
            }
        }

        return new LogEvidence { Path = path, Lines = lines, DroppedLines = scanner.Dropped };
    }

    /// <summary>
    /// Places the stream at a line written before <paramref name="earliest"/>, looking from the end backwards (logs are read right after a migration), or else at
    /// its start. Says whether everything that is wanted lies behind that place.
    /// </summary>
    private static bool SeekBefore(FileStream log, DateTimeOffset? earliest)
    {
        if (earliest is null)
        {
            // A part that begins in the middle of a QEMU's life may hold the end of a migration that began in the part before it.
            log.Position = 0;
            var covered = FirstLines(log).Select(line => QemuLogLine.Parse(line).Kind).FirstOrDefault(kind => kind != QemuLogLineKind.Other) == QemuLogLineKind.StartingUp;
            log.Position = 0;
            return covered;
        }

        for (long back = FirstLookBack; ; back *= 4)
        {
            var start = Math.Max(0, log.Length - back);
            log.Position = start;
            var stamp = FirstLines(log).Select(line => LogStamp.Find(line)).FirstOrDefault(found => found is not null);
            if (stamp < earliest || start == 0)
            {
                log.Position = start;
                return stamp < earliest;
            }
        }
    }

    /// <summary>The first lines from the stream's place on; the first may be half a line.</summary>
    private static string[] FirstLines(FileStream log)
    {
        var bytes = new byte[16 * 1024];
        var read = log.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return Encoding.Latin1.GetString(bytes, 0, read).Split('\n');
    }

    private static byte[] Head(FileStream log)
    {
        var head = new byte[HeadBytes];
        log.Position = 0;
        var read = log.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        log.Position = 0;
        return head[..read];
    }

    // QEMU, virtlogd and logrotate go on writing, renaming and deleting while we read.
    private static FileStream Open(string path)
        => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
