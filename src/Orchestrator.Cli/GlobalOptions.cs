using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace Orchestrator.Cli;

/// <summary>The options of every command, accepted before and after its name.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON document on standard output, progress as NDJSON on standard error.", Recursive = true };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "No progress.", Recursive = true };
    private readonly Option<LogDetail?> _logLevel = new("--log-level")
    {
        Description = "What to log: verbose, debug, information, warning, error (the default) or fatal.",
        Recursive = true,
    };

    private readonly Option<string?> _connect = new("--connect", "-c")
    {
        Description = "The host: a name of hosts.yaml or of the lab, a libvirt.conf alias or a URI. Default: LIBVIRT_DEFAULT_URI, then what libvirt itself chooses.",
        Recursive = true,
    };

    private readonly Option<string?> _logFile = new("--log-file") { Description = "Log to this file too, from debug on.", Recursive = true };

    private readonly Option<string?> _stateDir = new("--state-dir")
    {
        Description = "The folder of the journal. Default: ORCHESTRATOR_STATE_DIR, then /var/lib/orchestrator for root, else XDG_STATE_HOME/orchestrator.",
        Recursive = true,
    };

    /// <summary>Where commands log; set before any runs.</summary>
    internal ILoggerFactory Loggers { get; set; } = Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance;

    internal void AddTo(RootCommand root)
    {
        _logLevel.AcceptOnlyFromAmong([.. Enum.GetNames<LogDetail>().Select(name => name.ToLowerInvariant())]);
        root.Options.Add(_json);
        root.Options.Add(_quiet);
        root.Options.Add(_connect);
        root.Options.Add(_logLevel);
        root.Options.Add(_logFile);
        root.Options.Add(_stateDir);
    }

    internal void Apply(ParseResult parsed, CliConsole console)
    {
        console.Json = IsSet(parsed, _json);
        console.Quiet = IsSet(parsed, _quiet);
        console.Lines = parsed.CommandResult.Command.Name == "watch";
    }

    /// <summary>What <c>-c</c> names; <see langword="null"/> without it.</summary>
    internal string? Connect(ParseResult parsed) => parsed.GetValue(_connect);

    /// <summary>The folder of the journal. A test's lab keeps its own, which goes with it.</summary>
    internal string StateFolder(ParseResult parsed) => Recovery.StateFolder.Of(
        parsed.GetValue(_stateDir),
        name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
            : name == Recovery.StateFolder.Variable && Environment.GetEnvironmentVariable(LabFolderOption.Variable) is { Length: > 0 } labs ? Path.Combine(labs, "state")
            : null,
        Environment.IsPrivilegedProcess);

    // An option with a value that is none has no value to ask for: its error is told later.
    private static bool IsSet(ParseResult parsed, Option<bool> option) => parsed.GetResult(option) is { Errors: var errors } && !errors.Any() && parsed.GetValue(option);

    /// <exception cref="CliException">The log file cannot be written to: nothing would tell of it later.</exception>
    internal ILoggerFactory CreateLoggerFactory(ParseResult parsed, CliConsole console)
    {
        LogDetail level = parsed.GetValue(_logLevel) ?? LogDetail.Error;
        string? file = parsed.GetValue(_logFile);
        bool json = console.Json;

        if (file is null)
        {
            return new LazyLoggerFactory((LogLevel)level, () => LogWriters.Create(level, level, null, json));
        }

        try
        {
            // A file is made at once, as the log opens it: who asks for one wants to know when it cannot be written to.
            using var opened = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CliException(ExitCode.Usage, new("usage", $"--log-file cannot be written: {e.Message}"));
        }

        return LogWriters.Create(level, level < LogDetail.Debug ? level : LogDetail.Debug, file, json);
    }
}
