using System.Text;

namespace Orchestrator.Cli;

/// <summary>
/// A writer whose reader may go away (<c>| head</c>): what nobody reads is dropped, and the work goes on. Messages that are logged come from other threads, and may be written at the same time.
/// </summary>
/// <param name="inner">Where it writes; <see langword="null"/> when that was closed before we began.</param>
internal sealed class PatientWriter(TextWriter? inner) : TextWriter
{
    private const int BrokenPipe = 32; // EPIPE

    private readonly Lock _gate = new();
    private bool _closed;

    /// <summary>Why something that was to be read could not be written, such as a full disk; <see langword="null"/> when all was, or nobody wanted it.</summary>
    internal string? Failure { get; private set; }

    public override Encoding Encoding => inner?.Encoding ?? Encoding.UTF8;

    public override void Write(char value) => Try(writer => writer.Write(value));

    public override void Write(string? value) => Try(writer => writer.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(writer => writer.Write(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Flush()
    {
        if (inner is not null)
        {
            Try(writer => writer.Flush());
        }
    }

    private void Try(Action<TextWriter> write)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            if (inner is null)
            {
                _closed = true;
                Failure = "it is closed";
                return;
            }

            try
            {
                write(inner);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Access is denied to a descriptor that was opened for reading alone.
                _closed = true;
                Failure = e is IOException && e.HResult == BrokenPipe ? null : e.Message;
            }
        }
    }
}
