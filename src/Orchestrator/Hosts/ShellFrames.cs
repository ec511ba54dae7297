using System.Buffers;
using System.Globalization;
using System.Text;

namespace Orchestrator.Hosts;

/// <summary>
/// How a question is put to a shell at the other end of a pipe, and how its answer is told from what the answer consists of. The mark is made anew for each shell and known to nobody else: no
/// file can hold it. Pure.
/// </summary>
/// <param name="mark">What ends the parts of an answer: of letters and digits.</param>
internal sealed class ShellFrames(string mark)
{
    /// <summary>The most of an answer.</summary>
    internal const int MostBytes = 64 << 20;

    private readonly byte[] _begin = Encoding.ASCII.GetBytes($"\n{mark} ");
    private readonly byte[] _end = Encoding.ASCII.GetBytes($"\n{mark}\n");
    private ArrayBufferWriter<byte> _read = new();
    private int _searched;

    /// <summary>A command for the shell, with the framing of its answer. It has no input, and cannot change the shell that it runs in.</summary>
    /// <param name="command">One or more lines; a syntax error would end the shell.</param>
    internal string Question(string command) =>
        $"{{ e=$({{ {command}\n}} 2>&1 1>&3 3>&- </dev/null); r=$?; }} 3>&1; printf '\\n{mark} %s\\n%s\\n{mark}\\n' \"$r\" \"$e\"\n";

    /// <summary>Adds what was read.</summary>
    /// <exception cref="InvalidDataException">It is more than any answer is.</exception>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        _read.Write(bytes);
        if (_read.WrittenCount > MostBytes)
        {
            throw new InvalidDataException($"an answer has more than {MostBytes} bytes");
        }
    }

    /// <summary>The answer, once it is there as a whole; then the next one may begin.</summary>
    internal ShellAnswer? TryTake()
    {
        ReadOnlySpan<byte> read = _read.WrittenSpan;
        int begin = read[_searched..].IndexOf(_begin);
        if (begin < 0)
        {
            _searched = Math.Max(0, read.Length - _begin.Length);
            return null;
        }

        begin += _searched;
        ReadOnlySpan<byte> tail = read[(begin + _begin.Length)..];
        int line = tail.IndexOf((byte)'\n');
        int end = line < 0 ? -1 : tail[(line + 1)..].IndexOf(_end);
        if (end < 0)
        {
            _searched = begin;
            return null;
        }

        string error = Encoding.UTF8.GetString(tail.Slice(line + 1, end));
        int code = int.TryParse(Encoding.ASCII.GetString(tail[..line]), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number : throw new InvalidDataException("an answer has no exit code");
        var answer = new ShellAnswer(code, read[..begin].ToArray(), error);
        byte[] rest = tail[(line + 1 + end + _end.Length)..].ToArray();
        _read = new(); // a log's buffer is not kept for the questions after it
        _searched = 0;
        _read.Write(rest);
        return answer;
    }
}
