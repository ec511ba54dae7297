using System.CommandLine;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Json;

namespace Orchestrator.Cli;

/// <summary>The options of every command, accepted before and after its name.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON document on standard output, progress as NDJSON on standard error.", Recursive = true };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "No progress.", Recursive = true };
    private readonly Option<LogEventLevel> _logLevel = new("--log-level")
    {
        Description = "What to log: verbose, debug, information, warning, error or fatal.",
        Recursive = true,
        DefaultValueFactory = _ => LogEventLevel.Error,
    };

    private readonly Option<string?> _connect = new("--connect", "-c")
    {
        Description = "The host: a name of hosts.yaml or of the lab, a libvirt.conf alias or a URI. Default: LIBVIRT_DEFAULT_URI, then what libvirt itself chooses.",
        Recursive = true,
    };

    private readonly Option<string?> _logFile = new("--log-file") { Description = "Log to this file too, from debug on.", Recursive = true };

    /// <summary>Where commands log; set before any runs.</summary>
    internal ILoggerFactory Loggers { get; set; } = Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance;

    internal void AddTo(RootCommand root)
    {
        root.Options.Add(_json);
        root.Options.Add(_quiet);
        root.Options.Add(_connect);
        root.Options.Add(_logLevel);
        root.Options.Add(_logFile);
    }

    internal void Apply(ParseResult parsed, CliConsole console)
    {
        console.Json = parsed.GetValue(_json);
        console.Quiet = parsed.GetValue(_quiet);
    }

    /// <summary>What <c>-c</c> names; <see langword="null"/> without it.</summary>
    internal string? Connect(ParseResult parsed) => parsed.GetValue(_connect);

    internal ILoggerFactory CreateLoggerFactory(ParseResult parsed, CliConsole console)
    {
        LogEventLevel level = parsed.GetValue(_logLevel);
        string? file = parsed.GetValue(_logFile);
        var configuration = new LoggerConfiguration().MinimumLevel.Is(file is null || level < LogEventLevel.Debug ? level : LogEventLevel.Debug);
        configuration = console.Json
            ? configuration.WriteTo.Console(new JsonFormatter(renderMessage: true), level, standardErrorFromLevel: LogEventLevel.Verbose)
            : configuration.WriteTo.Console(
                level, "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}",
                System.Globalization.CultureInfo.InvariantCulture, standardErrorFromLevel: LogEventLevel.Verbose);
        if (file is not null)
        {
            configuration = configuration.WriteTo.File(file, formatProvider: System.Globalization.CultureInfo.InvariantCulture);
        }

        Serilog.Core.Logger logger = configuration.CreateLogger();
        return LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddSerilog(logger, dispose: true));
    }
}
