using Microsoft.Extensions.Logging;

namespace Orchestrator.Cli;

/// <summary>Loggers that make the real ones with the first message that is to be logged: most commands log nothing, and loading what would write it takes longer than they do.</summary>
/// <param name="level">The lowest level that is logged.</param>
/// <param name="create">Makes the real ones.</param>
internal sealed class LazyLoggerFactory(LogLevel level, Func<ILoggerFactory> create) : ILoggerFactory
{
    private readonly Lazy<ILoggerFactory> _real = new(create);
    private readonly LoggerExternalScopeProvider _scopes = new();

    public ILogger CreateLogger(string categoryName) => new LazyLogger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => _real.Value.AddProvider(provider);

    public void Dispose()
    {
        if (_real.IsValueCreated)
        {
            _real.Value.Dispose();
        }
    }

    private sealed class LazyLogger(LazyLoggerFactory factory, string category) : ILogger
    {
        private ILogger? _logger;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= factory.Level && logLevel != LogLevel.None;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => factory._scopes.Push(state);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            ILogger logger = _logger ??= factory._real.Value.CreateLogger(category);

            // The scopes may be older than the real logger.
            var scopes = new Stack<IDisposable?>();
            factory._scopes.ForEachScope(static (scope, held) => held.Scopes.Push(scope is null ? null : held.Logger.BeginScope(scope)), (Scopes: scopes, Logger: logger));
            logger.Log(logLevel, eventId, state, exception, formatter);
            while (scopes.TryPop(out IDisposable? scope))
            {
                scope?.Dispose();
            }
        }
    }

    private LogLevel Level => level;
}
