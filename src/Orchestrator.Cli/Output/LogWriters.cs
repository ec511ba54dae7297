using System.Globalization;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Json;

namespace Orchestrator.Cli;

/// <summary>What is logged, as the command line names it: the members' numbers are those of Serilog's and of .NET's levels.</summary>
internal enum LogDetail
{
    Verbose,
    Debug,
    Information,
    Warning,
    Error,
    Fatal,
}

/// <summary>Where log messages go: to standard error, as text or NDJSON, and to a file.</summary>
internal static class LogWriters
{
    /// <summary>Makes them. Nothing else names Serilog, so that nothing else loads it.</summary>
    internal static ILoggerFactory Create(LogDetail level, LogDetail lowest, string? file, bool json)
    {
        var shown = (LogEventLevel)level;
        var lowestLevel = (LogEventLevel)lowest;
        LoggerConfiguration configuration = new LoggerConfiguration().MinimumLevel.Is(lowestLevel);
        if (json)
        {
            configuration.WriteTo.Console(new JsonFormatter(renderMessage: true), shown, standardErrorFromLevel: LogEventLevel.Verbose);
        }

        // Of a copy of each message, so that the tag is no part of the JSON.
        configuration.WriteTo.Logger(text =>
        {
            text.MinimumLevel.Is(lowestLevel).Enrich.With(new OperationTag());
            if (!json)
            {
                text.WriteTo.Console(
                    shown, $"{{Timestamp:HH:mm:ss.fff}} {{Level:u3}}{{{OperationTag.Property}:l}} {{Message:lj}}{{NewLine}}{{Exception}}", CultureInfo.InvariantCulture,
                    standardErrorFromLevel: LogEventLevel.Verbose);
            }

            if (file is not null)
            {
                text.WriteTo.File(
                    file, outputTemplate: $"{{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz}} [{{Level:u3}}]{{{OperationTag.Property}:l}} {{Message:lj}}{{NewLine}}{{Exception}}",
                    formatProvider: CultureInfo.InvariantCulture);
            }
        });

        return new SerilogLoggerFactory(configuration.CreateLogger(), dispose: true);
    }
}
