using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Orchestrator.Acceptance;
using Orchestrator.Acceptance.Reports;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Recovery;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator acceptance run|list PLAN.yaml</c>.</summary>
internal sealed class AcceptanceCommand
{
    private readonly Argument<string> _plan = new("PLAN") { Description = "The plan: a YAML file." };
    private readonly Option<string[]> _hosts = new("--hosts") { Description = "The host that guests are made on and the one that they are sent to: A,B.", CustomParser = HostResolver.ParseNames, Required = true };
    private readonly Option<string[]> _only = new("--only") { Description = "Run these cases only, by their ids in the plan or of the cases; may be given more than once.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<KeyValuePair<AcceptanceFormat, string>[]> _reports = new("--report")
    {
        Description = $"Write a report: FORMAT=FILE, with {string.Join(", ", AcceptanceReports.Words)}; may be given more than once.",
        CustomParser = Reports,
    };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be run, and where; change nothing." };
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private AcceptanceCommand(GlobalOptions globals, CliConsole console) => (_globals, _console) = (globals, console);

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new AcceptanceCommand(globals, console);
        return new("acceptance", "Runs functional cases on two hosts, and writes the test report.") { self.Run(), self.List() };
    }

    private Command Run()
    {
        var command = new Command("run", "Runs the cases of a plan: each makes what it needs, looks at the hosts, and removes what it made.") { _plan, _hosts, _only, _reports, _dryRun };
        command.Validators.Add(result =>
        {
            if (result.GetResult(_hosts) is { } given && !given.Errors.Any() && result.GetValue(_hosts) is not { Length: 2 })
            {
                result.AddError("--hosts wants two different hosts: A,B.");
            }
        });
        command.SetAction(RunAsync);
        return command;
    }

    private Command List()
    {
        var file = new Argument<string>("PLAN") { Description = "The plan: a YAML file." };
        var command = new Command("list", "Shows the cases of a plan; no host is asked.") { file };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file)!;
            AcceptancePlan plan = Load(path);
            AcceptanceText.Show(_console, plan, plan.Cases, null);
            return ExitCode.Done;
        });
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        AcceptancePlan plan = Load(parsed.GetValue(_plan)!);
        string[] names = parsed.GetValue(_hosts)!;
        string[] only = parsed.GetValue(_only) ?? [];
        IReadOnlyList<PlannedCase> cases;
        try
        {
            cases = AcceptanceRunner.Select(plan, only);
        }
        catch (KeyNotFoundException e)
        {
            throw new CliException(ExitCode.Usage, new("usage", e.Message, Operation: "acceptance", Remedy: "See what there is: orchestrator acceptance list PLAN."));
        }

        if (parsed.GetValue(_dryRun))
        {
            AcceptanceText.Show(_console, plan, cases, names);
            return ExitCode.Done;
        }

        KeyValuePair<AcceptanceFormat, string>[] reports = parsed.GetValue(_reports) ?? [];
        RequireWritable(reports);
        HostResolver hosts = HostResolver.ForUser();
        var clock = new ObserverClock(TimeProvider.System);
        ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
        await using LibvirtHost source = await hosts.ConnectAsync(await hosts.ResolveAsync(names[0], cancellationToken).ConfigureAwait(false), clock, logger, cancellationToken).ConfigureAwait(false);
        await using LibvirtHost destination = await hosts.ConnectAsync(await hosts.ResolveAsync(names[1], cancellationToken).ConfigureAwait(false), clock, logger, cancellationToken).ConfigureAwait(false);
        using Journal journal = Journal.Open(_globals.StateFolder(parsed));
        var options = new AcceptanceOptions
        {
            Id = RegressionStore.NewId(TimeProvider.System.GetUtcNow()),
            Only = only,
            Tool = typeof(AcceptanceCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Journal = journal,
            Files = new(HostTarget.Root() ?? "/"),
            WriteLabGuest = plan.Guest.Lab is null ? null : await LabWriterAsync(source, cancellationToken).ConfigureAwait(false),
            Progress = new AcceptanceProgressView(_console),
            OnCase = far => Save(reports.Where(report => report.Key == AcceptanceFormat.Json && !IsStream(report.Value)), far),
        };
        // A stopped process would leave a guest paused, where this one drives.
        using IDisposable? noStop = TerminationSignals.IgnoreStop(() => _console.Note("Ctrl-Z is ignored while a plan runs: it would leave the guest paused."));
        AcceptanceRun run = await new AcceptanceRunner(source, destination, clock, options).RunAsync(plan, cancellationToken).ConfigureAwait(false);
        AcceptanceText.Write(_console, run);

        // A report that could not be written hides no verdict.
        return Save(reports, run) || run.ExitCode != ExitCode.Done ? run.ExitCode : ExitCode.Degraded;
    }

    /// <summary>Writes the lab's guests, where the source is one of the lab's hosts. Without shared memory the simulated vDPA disk answers nothing (docs/devices.md).</summary>
    private static async Task<LabGuestWriter?> LabWriterAsync(LibvirtHost source, CancellationToken cancellationToken) =>
        await VirtualLab.FindAsync(LabFolderOption.Options(), cancellationToken: cancellationToken).ConfigureAwait(false) is { } lab
        && lab.Hosts.FirstOrDefault(host => host.Uri == source.Address.Uri) is { } home
            ? async (_, spec, ended) => (await lab.GuestDocumentAsync(new() { Host = home.Name, MemoryMiB = spec.MemoryMiB, Vcpus = spec.Vcpus, Shell = spec.Shell, SharedMemory = true }, ended).ConfigureAwait(false)).ToString()
            : null;

    // A terminal or a pipe keeps nothing that could be replaced.
    private static bool IsStream(string file) => Path.GetFullPath(file) is var path && (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal));

    /// <summary>Refuses, before anything is done, reports that could not be written hours later.</summary>
    private static void RequireWritable(IEnumerable<KeyValuePair<AcceptanceFormat, string>> reports)
    {
        foreach ((_, string file) in reports.Where(report => !IsStream(report.Value)))
        {
            try
            {
                if (Directory.Exists(file))
                {
                    throw new IOException("it is a folder");
                }

                // As the report will be: a file beside it, which then takes its place.
                using var probe = new FileStream($"{Path.GetFullPath(file)}.{Guid.NewGuid():N}.tmp", new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose });
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CliException(ExitCode.Usage, new("usage", $"The report {file} could not be written: {e.Message}", Operation: "acceptance", Remedy: "Name a file in a folder that is there, and that you may write to."));
            }
        }
    }

    private bool Save(IEnumerable<KeyValuePair<AcceptanceFormat, string>> reports, AcceptanceRun run)
    {
        bool all = true;
        foreach ((AcceptanceFormat format, string file) in reports)
        {
            try
            {
                AcceptanceReports.Save(file, format, run);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _console.Error.WriteLine(CliConsole.Printable($"orchestrator: {file} could not be written: {e.Message}"));
                all = false;
            }
        }

        return all;
    }

    private static AcceptancePlan Load(string file)
    {
        try
        {
            return AcceptancePlanDocument.Load(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(ExitCode.Usage, new("usage", $"The plan {file} cannot be read: {e.Message}", Operation: "acceptance"));
        }
    }

    private static KeyValuePair<AcceptanceFormat, string>[]? Reports(ArgumentResult result)
    {
        var reports = new List<KeyValuePair<AcceptanceFormat, string>>();
        foreach (Token token in result.Tokens)
        {
            if (token.Value.Split('=', 2) is not [var word, { Length: > 0 } file] || AcceptanceReports.Parse(word) is not { } format)
            {
                result.AddError($"--report wants FORMAT=FILE with {string.Join(", ", AcceptanceReports.Words)}, not '{CliConsole.Printable(token.Value)}'.");
                return null;
            }

            reports.Add(new(format, file));
        }

        return [.. reports];
    }
}
