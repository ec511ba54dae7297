using Microsoft.Extensions.Logging;

namespace Orchestrator.Tests.Observability;

/// <summary>Keeps each line with the operation in whose scope it was written.</summary>
internal sealed class OperationLog : ILogger
{
    private readonly LoggerExternalScopeProvider _scopes = new();
    private readonly List<(int Event, Guid? Operation)> _lines = [];

    internal IReadOnlyList<(int Event, Guid? Operation)> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => _scopes.Push(state);

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // From the outermost to the innermost, which wins.
        Guid? operation = null;
        _scopes.ForEachScope<object?>((scope, _) => operation = (Guid)((IReadOnlyDictionary<string, object>)scope!)["OperationId"], null);
        lock (_lines)
        {
            _lines.Add((eventId.Id, operation));
        }
    }
}
