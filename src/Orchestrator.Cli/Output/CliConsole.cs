using System.Text;
using Spectre.Console;

namespace Orchestrator.Cli;

/// <summary>Where a command writes: results to standard output, everything else to standard error.</summary>
internal sealed class CliConsole : IDisposable
{
    private readonly bool _isTerminal;

    internal CliConsole(TextWriter output, TextWriter error, bool isTerminal)
    {
        Out = output;
        Error = error;
        _isTerminal = isTerminal;
    }

    /// <summary>Results.</summary>
    internal TextWriter Out { get; }

    /// <summary>Progress and diagnostics.</summary>
    internal TextWriter Error { get; }

    /// <summary>One JSON document on standard output, NDJSON on standard error.</summary>
    internal bool Json { get; set; }

    /// <summary>Each document of <see cref="Json"/> in one line, errors too: <c>domain watch</c> prints many.</summary>
    internal bool Lines { get; set; }

    /// <summary>Why a result could not be written; <see langword="null"/> when it was, or nobody wanted it.</summary>
    internal string? Unwritten => (Out as PatientWriter)?.Failure;

    /// <summary>No progress.</summary>
    internal bool Quiet { get; set; }

    /// <summary>Whether a person watches standard error on a terminal.</summary>
    internal bool ShowsBars => _isTerminal && !Json && !Quiet;

    internal static CliConsole ForProcess()
    {
        var error = Writer(2, Console.OpenStandardError);
        Console.SetError(error); // where log messages go
        return new(
            Writer(1, Console.OpenStandardOutput),
            error,
            !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"));
    }

    /// <summary>A Spectre console for progress, on standard error; it honours NO_COLOR itself.</summary>
    internal IAnsiConsole Bars() => AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Error), Interactive = InteractionSupport.Yes });

    /// <summary>A Spectre console for tables, on standard output: plain, and as wide as it needs, when it is no terminal.</summary>
    internal IAnsiConsole Tables()
    {
        bool terminal = _isTerminal && !Console.IsOutputRedirected;
        IAnsiConsole console = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(terminal ? Out : new LineTrimmer(Out)),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (!terminal)
        {
            console.Profile.Width = 400;
        }

        return console;
    }

    /// <summary>A line for people, on standard error; nothing with <c>--quiet</c> or <c>--json</c>.</summary>
    internal void Note(string text)
    {
        if (!Quiet && !Json)
        {
            Error.WriteLine(Printable(text));
        }
    }

    /// <summary>Text in which nothing can steer a terminal: domain names may contain anything.</summary>
    internal static string Printable(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var printable = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            printable.Append(char.IsControl(c) ? $"\\x{(int)c:x2}" : c);
        }

        return printable.ToString();
    }

    private static PatientWriter Writer(int descriptor, Func<Stream> open) => new(
        StandardOutput.IsInherited(descriptor) ? new StreamWriter(open(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true } : null);

    public void Dispose()
    {
        Out.Flush();
        Error.Flush();
    }
}
