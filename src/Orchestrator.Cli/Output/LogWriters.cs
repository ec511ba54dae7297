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
        var configuration = new LoggerConfiguration().MinimumLevel.Is((LogEventLevel)lowest);
        configuration = json
            ? configuration.WriteTo.Console(new JsonFormatter(renderMessage: true), shown, standardErrorFromLevel: LogEventLevel.Verbose)
            : configuration.WriteTo.Console(
                shown, "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}", CultureInfo.InvariantCulture, standardErrorFromLevel: LogEventLevel.Verbose);
        if (file is not null)
        {
            configuration = configuration.WriteTo.File(file, formatProvider: CultureInfo.InvariantCulture);
        }

        return new SerilogLoggerFactory(configuration.CreateLogger(), dispose: true);
    }
}
