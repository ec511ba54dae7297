using System.Globalization;
using System.Text;
using Orchestrator.Lab.Guests;

namespace Orchestrator.Lab;

/// <summary>
/// Reads a guest's tick log, and the older part of it that was put aside as <c>.1</c>. What is no whole tick (half a line, the guest's kernel
/// speaking) is passed over. Only as much is read as lies between the wanted instants and the end.
/// </summary>
public static class TickLogReader
{
    private const int Chunk = 64 * 1024;

    /// <summary>The ticks that arrived between two instants, both included, oldest first.</summary>
    /// <param name="tickLog">The log: <see cref="LabGuest.TickLog"/>.</param>
    /// <param name="from">The first instant.</param>
    /// <param name="to">The last instant.</param>
    /// <exception cref="IOException">The log cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The log may not be read.</exception>
    public static IReadOnlyList<Tick> Read(string tickLog, DateTimeOffset from, DateTimeOffset to)
    {
        var ticks = new List<Tick>();
        Visit(tickLog, from, line =>
        {
            if (TickLine.TryReadTick(line, out var tick) && tick.Arrived >= from && tick.Arrived <= to)
            {
                ticks.Add(tick);
            }
        });
        return ticks;
    }

    /// <summary>The addresses of the PCI devices that the guest saw, each time one had come or gone since an instant; also the first time it looked, if that was since then.</summary>
    /// <param name="tickLog">The log: <see cref="LabGuest.TickLog"/>.</param>
    /// <param name="from">The instant.</param>
    /// <exception cref="IOException">The log cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The log may not be read.</exception>
    public static IReadOnlyList<IReadOnlyList<string>> ReadDevices(string tickLog, DateTimeOffset from) =>
    [
        .. ReadLines(tickLog, from)
            .Where(line => line.StartsWith("P ", StringComparison.Ordinal))
            .Select(line => line.Split(' '))
            .Where(parts => parts.Length == 3)
            .Select(parts => (Count: parts[1], Addresses: parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries)))
            .Where(sight => sight.Count == sight.Addresses.Length.ToString(CultureInfo.InvariantCulture)) // not one that the guest's kernel spoke into
            .Select(sight => sight.Addresses),
    ];

    /// <summary>The texts of all lines that arrived since an instant, without their stamps.</summary>
    internal static IReadOnlyList<string> ReadLines(string tickLog, DateTimeOffset from)
    {
        var lines = new List<string>();
        Visit(tickLog, from, line =>
        {
            if (TickLine.TryReadArrival(line, out var arrived, out var text) && arrived >= from)
            {
                lines.Add(Encoding.UTF8.GetString(text));
            }
        });
        return lines;
    }

    private delegate void LineVisitor(ReadOnlySpan<byte> line);

    private static void Visit(string tickLog, DateTimeOffset from, LineVisitor visit)
    {
        // The newer part first: what is put aside while we read is then read once too often at worst, which the overlap tells.
        var newer = ReadNewer(tickLog, from);
        if (newer.ReachesBack || !File.Exists(tickLog + ".1"))
        {
            EachLine(newer.Bytes, visit);
            return;
        }

        var begin = FirstArrival(newer.Bytes);
        EachLine(ReadSince(tickLog + ".1", from).Bytes, line =>
        {
            if (begin is null || (TickLine.TryReadArrival(line, out var arrived, out _) && arrived < begin))
            {
                visit(line);
            }
        });
        EachLine(newer.Bytes, visit);
    }

    /// <summary>The log itself: nothing, if it has been put aside a moment ago and its successor has not begun.</summary>
    private static (byte[] Bytes, bool ReachesBack) ReadNewer(string tickLog, DateTimeOffset from)
    {
        try
        {
            return ReadSince(tickLog, from);
        }
        catch (FileNotFoundException) when (File.Exists(tickLog + ".1"))
        {
            return ([], false);
        }
    }

    /// <summary>The end of a file, from a line that is older than an instant if there is one.</summary>
    private static (byte[] Bytes, bool ReachesBack) ReadSince(string path, DateTimeOffset from)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var end = file.Length;
        for (var start = end; ;)
        {
            start = Math.Max(0, start - Chunk);
            var head = new byte[(int)Math.Min(Chunk, end - start)];
            file.Position = start;
            file.ReadExactly(head);
            var older = FirstArrival(start == 0 ? head : AfterFirstLine(head)) is { } first && first < from;
            if (older || start == 0)
            {
                var bytes = new byte[end - start];
                file.Position = start;
                file.ReadExactly(bytes);
                return (start == 0 ? bytes : AfterFirstLine(bytes), older);
            }
        }
    }

    private static byte[] AfterFirstLine(byte[] bytes) => bytes[(Array.IndexOf(bytes, (byte)'\n') + 1)..];

    private static DateTimeOffset? FirstArrival(byte[] bytes)
    {
        DateTimeOffset? first = null;
        foreach (var range in bytes.AsSpan().Split((byte)'\n'))
        {
            if (TickLine.TryReadArrival(bytes.AsSpan(range), out var arrived, out _))
            {
                first = arrived;
                break;
            }
        }

        return first;
    }

    private static void EachLine(byte[] bytes, LineVisitor visit)
    {
        for (var rest = bytes.AsSpan(); ;)
        {
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                return; // half a line is being written
            }

            visit(rest[..end]);
            rest = rest[(end + 1)..];
        }
    }
}
