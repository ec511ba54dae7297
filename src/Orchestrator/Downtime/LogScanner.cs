using System.Text;

namespace Orchestrator.Downtime;

/// <summary>
/// Finds the lines that matter in a stream of any size, in constant memory: block by block, as bytes; only lines with a match become strings.
/// </summary>
internal sealed class LogScanner(int capacity)
{
    private const int BlockBytes = 256 * 1024;
    private const int BeforeMatch = 512;
    private const int AfterMatch = 4096;

    // Behind this much without a line end the data is noise: it is searched, but no longer waited for.
    private const int LongestLine = 64 * 1024;

    private readonly Queue<string> _lines = new();
    private readonly byte[] _bytes = new byte[BlockBytes];

    /// <summary>The matching lines, oldest first; the newest ones if there were more than fit.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>How many older matching lines didn't fit.</summary>
    public long Dropped { get; private set; }

    /// <summary>Reads the stream to its end.</summary>
    public void Scan(Stream stream)
    {
        int held = 0, searched = 0, read;
        do
        {
            read = stream.ReadAtLeast(_bytes.AsSpan(held), _bytes.Length - held, throwOnEndOfStream: false);
            var length = held + read;
            var atEnd = length < _bytes.Length;
            var lineEnd = _bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
            var longLine = length - lineEnd > LongestLine;
            var limit = atEnd ? length : longLine ? length - AfterMatch : lineEnd;

            searched = Math.Max(limit, Collect(searched, limit, length));
            if (atEnd)
            {
                return;
            }

            // In a long line the text before the next match may hold its prefix: keep a little of what was searched already.
            var from = longLine ? limit - BeforeMatch : limit;
            held = length - from;
            _bytes.AsSpan(from, held).CopyTo(_bytes);
            searched -= from;
        }
        while (read > 0);
    }

    /// <summary>Keeps the lines of all matches that begin in [from, limit); returns where the last of them ended.</summary>
    private int Collect(int from, int limit, int length)
    {
        while (from < limit)
        {
            var found = QemuLogEvents.Needles.IndexOfAny(_bytes.AsSpan(from, length - from));
            var match = from + found;
            if (found < 0 || match >= limit)
            {
                break;
            }

            var windowStart = Math.Max(0, match - BeforeMatch);
            var start = windowStart + _bytes.AsSpan(windowStart, match - windowStart).LastIndexOf((byte)'\n') + 1;
            var rest = _bytes.AsSpan(match, Math.Min(AfterMatch, length - match));
            var lineEnd = rest.IndexOf((byte)'\n');
            from = match + (lineEnd < 0 ? rest.Length : lineEnd);
            Keep(Encoding.UTF8.GetString(_bytes.AsSpan(start, from - start)).TrimEnd('\r'));
        }

        return from;
    }

    private void Keep(string line)
    {
        _lines.Enqueue(line);
        if (_lines.Count > capacity)
        {
            _lines.Dequeue();
            Dropped++;
        }
    }
}
