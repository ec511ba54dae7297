using Microsoft.Extensions.Logging;

namespace Orchestrator.Cli;

/// <summary>Shows what a library says it is doing (information and above) as plain lines: progress of long work that has no bar.</summary>
internal sealed class NoteLoggerProvider(CliConsole console) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            console.Note(formatter(state, exception));
        }
    }

    public void Dispose()
    {
    }
}
