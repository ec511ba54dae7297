using System.Text;

namespace Orchestrator.Cli;

/// <summary>Writes tables for files and pipes: lines without the blanks that pad them to a terminal's width, and no empty ones.</summary>
internal sealed class LineTrimmer(TextWriter inner) : TextWriter
{
    private readonly StringBuilder _line = new();

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value)
    {
        if (value != '\n')
        {
            _line.Append(value);
            return;
        }

        string line = _line.ToString().TrimEnd();
        _line.Clear();
        if (line.Length > 0)
        {
            inner.WriteLine(line);
        }
    }

    public override void Flush() => inner.Flush();
}
