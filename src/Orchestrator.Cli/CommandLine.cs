using System.CommandLine;
using System.Text.Json;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Cli.Commands;
using Orchestrator.Configuration;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Lifecycle;
using Orchestrator.Recovery;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli;

/// <summary>The whole command line: parses, runs a command, and turns whatever comes out into an exit code.</summary>
internal static partial class CommandLine
{
    internal static async Task<int> RunAsync(string[] args, CliConsole console, CancellationToken cancellationToken)
    {
        var globals = new GlobalOptions();
        RootCommand root = Build(globals, console);
        ParseResult parsed = root.Parse(args);
        globals.Apply(parsed, console);
        if (parsed.Errors.Count > 0)
        {
            Fail(console, new("usage", string.Join(" ", parsed.Errors.Select(e => string.Join(' ', e.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).Distinct()), Remedy: "See orchestrator --help."));
            return ExitCode.Usage;
        }

        try
        {
            globals.Loggers = globals.CreateLoggerFactory(parsed, console);
        }
        catch (CliException e)
        {
            Fail(console, e.Error);
            return e.ExitCode;
        }

        try
        {
            return await InvokeAsync(parsed, globals, console, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CloseLog(globals.Loggers, console);
        }
    }

    private static async Task<int> InvokeAsync(ParseResult parsed, GlobalOptions globals, CliConsole console, CancellationToken cancellationToken)
    {
        var invocation = new InvocationConfiguration
        {
            Output = console.Out,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // TerminationSignals has them
        };
        try
        {
            int code = await parsed.InvokeAsync(invocation, cancellationToken).ConfigureAwait(false);
            if (console.Unwritten is not { } failure)
            {
                return code;
            }

            bool changes = Changes(parsed);
            console.Error.WriteLine($"orchestrator: {(changes ? "what was done" : "the answer")} could not be written to standard output: {failure}");
            return code != ExitCode.Done ? code : changes ? ExitCode.Degraded : ExitCode.Failed;
        }
        catch (Exception e)
        {
            (int code, ErrorDocument error) = Explain(e, HostAddress.Redact(globals.Connect(parsed) ?? "this machine"), parsed.CommandResult.Command.Name);
            if (error.Code == "internal")
            {
                LogUnexpected(globals.Loggers.CreateLogger("orchestrator"), e);
            }

            Fail(console, error);
            return code;
        }
    }

    /// <summary>Whether exit code 1, "nothing changed", would be untrue once it ran: any command that is not known to read only may have changed something.</summary>
    private static bool Changes(ParseResult parsed) =>
        ReferenceEquals(parsed.Action, parsed.CommandResult.Command.Action)
        && parsed.CommandResult.Command.Name is not ("analyze" or "baselines" or "check" or "compare" or "dumpxml" or "explain" or "health" or "list" or "mgmt" or "pick" or "render" or "show" or "status" or "watch")
        && !parsed.CommandResult.Command.Options.Any(option => option.Name is "--check" or "--dry-run" or "--print-unit" && parsed.GetValue<bool>(option.Name));

    private static void CloseLog(ILoggerFactory loggers, CliConsole console)
    {
        try
        {
            loggers.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The last messages are written now. That they are lost changes nothing of what was done.
            console.Error.WriteLine($"orchestrator: the log could not be written: {e.Message}");
        }
    }

    internal static RootCommand Build(GlobalOptions globals, CliConsole console)
    {
        var root = new RootCommand("Live-migrates libvirt/QEMU virtual machines and measures the downtime of each migration.");
        globals.AddTo(root);
        root.Subcommands.Add(MigrateCommand.Create(globals, console));
        root.Subcommands.Add(ExplainCommand.Create(console));
        root.Subcommands.Add(MigrationCommand.Create(globals, console));
        root.Subcommands.Add(RecoverCommand.Create(globals, console));
        root.Subcommands.Add(DowntimeCommand.Create(console));
        root.Subcommands.Add(RegressCommand.Create(globals, console));
        root.Subcommands.Add(AcceptanceCommand.Create(globals, console));
        root.Subcommands.Add(SupportCommand.Create(globals, console));
        root.Subcommands.Add(HostCommand.Create(globals, console));
        root.Subcommands.Add(DomainCommand.Create(globals, console));
        root.Subcommands.Add(DeviceCommand.Create(globals, console));
        root.Subcommands.Add(VdpaCommand.Create(globals, console));
        root.Subcommands.Add(VfCommand.Create(globals, console));
        root.Subcommands.Add(ConfigCommand.Create(console));
        root.Subcommands.Add(LabCommand.Create(globals, console));
        return root;
    }

    private static (int Code, ErrorDocument Error) Explain(Exception e, string host, string command) => e switch
    {
        OperationCanceledException => (ExitCode.Cancelled, new("cancelled", "Cancelled before anything was changed.")),
        HostUnreachableException unreachable => (ExitCode.Unreachable, new("host_unreachable", unreachable.Message, unreachable.Host, "connect")),
        DomainNotFoundException missing => (ExitCode.Failed, new(
            "domain_not_found", missing.Message, missing.Host, "lookup", "List what is there: orchestrator domain list.")),
        DomainAmbiguousException ambiguous => (ExitCode.Refused, new(
            "domain_ambiguous", ambiguous.Message, ambiguous.Host, "lookup", $"Say {ambiguous.UuidOfName}, or {ambiguous.NameOfUuid}.")),
        DefinitionException definition => (OutcomeCode.Of(definition.Stage), new(
            ErrorDocument.CodeOf(definition.Stage), definition.Message, definition.Host, definition.Operation, Remedy(definition.Problems))
        { Problems = DefinitionDocument.Of(definition.Problems) }),
        OperationException operation => (OutcomeCode.Of(operation.Stage), new(
            ErrorDocument.CodeOf(operation.Stage), operation.Message, operation.Host, ErrorDocument.CodeOf(operation.Operation), operation.Remedy)),
        LibvirtException libvirt => (
            libvirt.Code is LibvirtErrorCode.AccessDenied or LibvirtErrorCode.AuthFailed or LibvirtErrorCode.OperationDenied ? ExitCode.Unreachable : ExitCode.Failed,
            new(
                ErrorDocument.CodeOf(libvirt.Code), $"{host}: {libvirt.Message}", host, libvirt.Operation,
                libvirt.Code == LibvirtErrorCode.NoSupport ? "This host's driver has no such function: connect to a QEMU host (qemu:///system, qemu+ssh://…)." : null)),
        DllNotFoundException missing => (ExitCode.Failed, new("libvirt_not_installed", missing.Message)),
        TypeInitializationException { InnerException: DllNotFoundException missing } => (ExitCode.Failed, new("libvirt_not_installed", missing.Message)),
        LabException lab => (ExitCode.Failed, new("lab", lab.Message, lab.Host, "lab", lab.Remedy)),
        HostDeviceException device => (OutcomeCode.Of(device.Problem), new(ErrorDocument.CodeOf(device.Problem), device.Message, device.Host ?? host, command is "attach" or "detach" ? command : "device", device.Remedy)),
        JournalException journal => (ExitCode.Failed, new($"journal_{ErrorDocument.CodeOf(journal.Problem)}", journal.Message, Operation: "journal", Remedy: journal.Remedy)),
        StoreException store => (OutcomeCode.Of(store.Problem), new($"store_{ErrorDocument.CodeOf(store.Problem)}", store.Message, Operation: command, Remedy: store.Remedy)),
        ConfigurationException wrong => (ExitCode.Usage, new("configuration", wrong.Message, Operation: "configuration", Remedy: wrong.Remedy)),
        CliException problem => (problem.ExitCode, problem.Error),
        IOException or UnauthorizedAccessException or FormatException or InvalidDataException => (ExitCode.Failed, new("failed", e.Message)),
        _ => (ExitCode.Failed, new("internal", $"{e.GetType().Name}: {e.Message}", Remedy: "This is a defect: please report it, with the output of --log-level debug.")),
    };

    private static string? Remedy(IReadOnlyList<DefinitionProblem> problems) =>
        problems.SelectMany(problem => problem.Alternatives).Distinct().ToList() is { Count: > 0 } alternatives ? $"Instead: {string.Join("; or ", alternatives)}." : null;

    private static void Fail(CliConsole console, ErrorDocument error)
    {
        // Whatever was typed may be quoted in an error, a URI with a password included.
        error = error with { Message = HostAddress.Redact(error.Message) };
        if (console.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(new FailureDocument(error), console.Lines ? WatchJson.Lines.FailureDocument : CliJson.Readable.FailureDocument));
            if (console.Unwritten is null)
            {
                return;
            }
        }

        console.Error.WriteLine(CliConsole.Printable($"orchestrator: {error.Message}"));
        if (error.Problems is { Count: > 0 } problems)
        {
            ProblemText.Write(console.Error, problems);
        }
        else if (error.Remedy is not null)
        {
            console.Error.WriteLine(CliConsole.Printable(error.Remedy));
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Unexpected error")]
    private static partial void LogUnexpected(ILogger logger, Exception exception);
}

/// <summary>A problem that a command itself found.</summary>
internal sealed class CliException(int exitCode, ErrorDocument error) : Exception(error.Message)
{
    internal int ExitCode { get; } = exitCode;

    internal ErrorDocument Error { get; } = error;
}
