using System.Text;

namespace Orchestrator.Cli;

/// <summary>A writer whose reader may go away (<c>| head</c>): what nobody reads is dropped, and the work goes on.</summary>
internal sealed class PatientWriter(TextWriter inner) : TextWriter
{
    private const int BrokenPipe = 32; // EPIPE

    private bool _closed;

    /// <summary>Why something that was to be read could not be written, such as a full disk; <see langword="null"/> when all was, or nobody wanted it.</summary>
    internal IOException? Failure { get; private set; }

    /// <summary>Whether nobody reads any more, or nothing can be written.</summary>
    internal bool IsClosed => _closed;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        if (_closed)
        {
            return;
        }

        try
        {
            write();
        }
        catch (IOException e)
        {
            _closed = true;
            Failure = e.HResult == BrokenPipe ? null : e;
        }
    }
}
