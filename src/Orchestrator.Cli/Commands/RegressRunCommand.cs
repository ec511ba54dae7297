using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Migration;
using Orchestrator.Recovery;
using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Notification;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Running;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress run PLAN.yaml</c>.</summary>
internal sealed class RegressRunCommand
{
    private readonly Argument<string> _plan = new("PLAN") { Description = "The plan: a YAML file." };
    private readonly Option<string?> _baseline = new("--baseline") { Description = "Compare with this baseline; a name that does not exist yet becomes this run." };
    private readonly Option<string?> _junit = new("--junit") { Description = "Write JUnit's XML to this file." };
    private readonly Option<string?> _html = new("--html") { Description = "Write the report's page to this file." };
    private readonly Option<string?> _output = new("--output") { Description = "Write the run's JSON to this file." };
    private readonly Option<string?> _from = new("--from") { Description = "The host that the guests live on, in the place of the plan's." };
    private readonly Option<string?> _to = new("--to") { Description = "The host that they are sent to; goes with --from." };
    private readonly Option<KeyValuePair<string, string>[]> _labels = new("--label") { Description = "Tells this run apart: NAME=VALUE, such as build=2026.11.1. May be given more than once.", CustomParser = Labels };
    private readonly Option<string[]> _onFailure = new("--on-failure")
    {
        Description = "Run this program, with the arguments that follow it and without a shell, when the run did not pass; docs/regression-reports.md says what it is told.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<Uri?> _webhook = new("--webhook") { Description = "Post a summary as JSON to this address when the run did not pass.", CustomParser = Webhook };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be measured, and where; change nothing." };

    private readonly GlobalOptions _globals;
    private readonly RegressStoreOption _store;
    private readonly CliConsole _console;

    private RegressRunCommand(GlobalOptions globals, RegressStoreOption store, CliConsole console)
    {
        _globals = globals;
        _store = store;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, RegressStoreOption store, CliConsole console)
    {
        var self = new RegressRunCommand(globals, store, console);
        var command = new Command("run", "Runs a plan: measures its scenarios, judges them, keeps the run, and puts everything back.")
        {
            self._plan, self._baseline, self._junit, self._html, self._output, self._from, self._to, self._labels, self._onFailure, self._webhook, self._dryRun,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(self._from) is null != result.GetValue(self._to) is null)
            {
                result.AddError("--from and --to go together.");
            }
        });
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string file = parsed.GetValue(_plan)!;
        RegressionPlan plan = RegressCheckCommand.Load(file);
        (string From, string To)? named = (parsed.GetValue(_from) ?? plan.Source, parsed.GetValue(_to) ?? plan.Destination) is ({ } from, { } to) ? (from, to)
            : plan.UsesLab ? null
            : throw new CliException(ExitCode.Usage, new("usage", $"{file} names no hosts.", Remedy: "Name them: --from A --to B, or source and destination in the plan."));
        if (parsed.GetValue(_dryRun))
        {
            RegressCheckCommand.Show(_console, file, plan, named, isDryRun: true);
            return ExitCode.Done;
        }

        string state = _store.Folder(parsed);
        await using RegressionStore store = await _store.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
        using Journal journal = Journal.Open(state);
        using RecoverySetup recovery = RecoverySetup.Open(_globals, parsed);
        string id = await NewIdAsync(store, cancellationToken).ConfigureAwait(false);
        var keeper = new NightKeeper(store, state, plan, parsed.GetValue(_baseline));
        var options = new NightOptions
        {
            Id = id,
            Folder = RunFolder.Of(state, plan.Name, id),
            Store = store.Connection,
            Labels = (parsed.GetValue(_labels) ?? []).GroupBy(label => label.Key).ToDictionary(same => same.Key, same => same.Last().Value),
            Tool = typeof(RegressRunCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Journal = journal,
            Recoverer = recovery.Recoverer,
            Files = new(HostTarget.Root() ?? "/"),
            Changed = keeper.KeepAsync,
            Progress = new NightProgressView(_console, plan.Name),
        };

        // A stopped process would leave a guest paused, where this one drives.
        using IDisposable? noStop = plan.Scenarios.Any(scenario => scenario.Mode != MigrationMode.P2P)
            ? TerminationSignals.IgnoreStop(() => _console.Note("Ctrl-Z is ignored while a plan runs: it would leave the guest paused."))
            : null;
        try
        {
            await (named is { } hosts ? OnHostsAsync(plan, options, hosts.From, hosts.To, cancellationToken) : InLabAsync(plan, options, cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostUnreachableException or LabException && keeper.Kept is null)
        {
            // A night without hosts is one of the history, too, and is told of.
            string[] names = named is { } meant ? [HostAddress.Redact(meant.From), HostAddress.Redact(meant.To)] : ["lab-a", "lab-b"];
            int code = e is LabException ? ExitCode.Failed : ExitCode.Unreachable;
            await keeper.KeepAsync(NightRunner.Unmeasured(plan, options, names, new(code, e.Message, (e as LabException)?.Remedy), TimeProvider.System.GetUtcNow())).ConfigureAwait(false);
        }

        RegressionRun run = keeper.Kept ?? throw new InvalidOperationException("the run was never kept");
        RegressText.Write(_console, run);
        var targets = new NotificationTargets { OnFailure = parsed.GetValue(_onFailure) ?? [], Webhook = parsed.GetValue(_webhook) };
        foreach (string untold in await new RunNotifier().NotifyAsync(run, Path.Combine(options.Folder, RunFolder.FileName), targets, CancellationToken.None).ConfigureAwait(false))
        {
            _console.Error.WriteLine(CliConsole.Printable($"orchestrator: {untold}"));
        }

        // A report that could not be written hides no verdict.
        return await WriteReportsAsync(parsed, store, run).ConfigureAwait(false) || run.ExitCode != ExitCode.Done ? run.ExitCode : ExitCode.Degraded;
    }

    /// <summary>With a lab of its own, which ends with it.</summary>
    private async Task InLabAsync(RegressionPlan plan, NightOptions options, CancellationToken cancellationToken)
    {
        using ILoggerFactory? notes = _console.Json || _console.Quiet ? null : LoggerFactory.Create(builder => builder.AddProvider(new NoteLoggerProvider(_console)));
        await using VirtualLab lab = await VirtualLab.StartAsync(LabFolderOption.Options(), notes ?? _globals.Loggers, cancellationToken).ConfigureAwait(false);
        var clock = new ObserverClock(TimeProvider.System);
        ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
        await using LibvirtHost source = await LibvirtHost.ConnectAsync(new(lab.Hosts[0].Name, lab.Hosts[0].Uri), null, clock, logger, cancellationToken).ConfigureAwait(false);
        await using LibvirtHost destination = await LibvirtHost.ConnectAsync(new(lab.Hosts[1].Name, lab.Hosts[1].Uri), null, clock, logger, cancellationToken).ConfigureAwait(false);
        await new NightRunner(source, destination, clock, options with { OwnsHosts = true, MakeGuest = Maker(lab, lab.Hosts[0], ends: true) }, logger: logger)
            .RunAsync(plan, cancellationToken).ConfigureAwait(false);
    }

    private async Task OnHostsAsync(RegressionPlan plan, NightOptions options, string from, string to, CancellationToken cancellationToken)
    {
        HostResolver hosts = HostResolver.ForUser();
        var clock = new ObserverClock(TimeProvider.System);
        ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
        LibvirtHost source = await hosts.ConnectAsync(await hosts.ResolveAsync(from, cancellationToken).ConfigureAwait(false), clock, logger, cancellationToken).ConfigureAwait(false);
        LibvirtHost destination;
        try
        {
            destination = await hosts.ConnectAsync(await hosts.ResolveAsync(to, cancellationToken).ConfigureAwait(false), clock, logger, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await source.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await using (source.ConfigureAwait(false))
        await using (destination.ConfigureAwait(false))
        {
            LabGuestMaker? maker = null;
            if (plan.Guests.Values.Any(guest => guest.Lab is not null)
                && await VirtualLab.FindAsync(LabFolderOption.Options(), cancellationToken: cancellationToken).ConfigureAwait(false) is { } lab
                && lab.Hosts.FirstOrDefault(host => host.Uri == source.Address.Uri) is { } home)
            {
                maker = Maker(lab, home, ends: false);
            }

            await new NightRunner(source, destination, clock, options with { MakeGuest = maker }, logger: logger).RunAsync(plan, cancellationToken).ConfigureAwait(false);
        }
    }

    private static LabGuestMaker Maker(VirtualLab lab, LabHost host, bool ends) => async (name, spec, cancellationToken) =>
    {
        LabGuest? known = lab.Guests.FirstOrDefault(guest => guest.Name == name);
        LabGuest guest = known ?? await lab.StartGuestAsync(
            new() { Name = name, Host = host.Name, MemoryMiB = spec.MemoryMiB, Vcpus = spec.Vcpus, DirtyMiBPerSecond = spec.DirtyMiBPerSecond, Shell = spec.Shell }, cancellationToken).ConfigureAwait(false);
        return new(guest.Uuid, HostResolver.TicksOf(guest), known is not null || ends ? null : () => lab.RemoveGuestAsync(name));
    };

    private static async Task<string> NewIdAsync(RegressionStore store, CancellationToken cancellationToken)
    {
        while (true)
        {
            string id = RegressionStore.NewId(TimeProvider.System.GetUtcNow());
            if (await store.GetAsync(id, cancellationToken).ConfigureAwait(false) is null)
            {
                return id;
            }
        }
    }

    /// <summary>Writes the reports that were asked for.</summary>
    /// <returns>Whether all could be written.</returns>
    private async Task<bool> WriteReportsAsync(ParseResult parsed, RegressionStore store, RegressionRun run)
    {
        (string? File, ReportFormat Format)[] wanted = [(parsed.GetValue(_junit), ReportFormat.Junit), (parsed.GetValue(_html), ReportFormat.Html), (parsed.GetValue(_output), ReportFormat.Json)];
        if (Array.TrueForAll(wanted, report => report.File is null))
        {
            return true;
        }

        ReportInput input;
        try
        {
            input = await ReportInput.OfAsync(store, run, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            _console.Error.WriteLine(CliConsole.Printable($"orchestrator: no report could be written: {e.Message} Later: orchestrator regress render {run.Id}"));
            return false;
        }

        bool all = true;
        foreach ((string? file, ReportFormat format) in wanted.Where(report => report.File is not null))
        {
            try
            {
                RunReports.Save(file!, format, input);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The run is kept, and can be rendered again.
                _console.Error.WriteLine(CliConsole.Printable($"orchestrator: {file} could not be written: {e.Message}. Later: orchestrator regress render {run.Id}"));
                all = false;
            }
        }

        return all;
    }

    private static Uri? Webhook(ArgumentResult result)
    {
        if (NotificationTargets.WebhookOf(result.Tokens[0].Value) is { } address)
        {
            return address;
        }

        result.AddError("--webhook wants an address, such as https://chat.example.org/hook."); // what was written may be a secret
        return null;
    }

    private static KeyValuePair<string, string>[]? Labels(ArgumentResult result)
    {
        var labels = new List<KeyValuePair<string, string>>();
        foreach (Token token in result.Tokens)
        {
            int equals = token.Value.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                result.AddError($"--label wants NAME=VALUE, not '{CliConsole.Printable(token.Value)}'.");
                return null;
            }

            labels.Add(new(token.Value[..equals], token.Value[(equals + 1)..]));
        }

        return [.. labels];
    }

    /// <summary>Keeps a run in the store and in its folder; judges it when it has ended.</summary>
    private sealed class NightKeeper(RegressionStore store, string stateFolder, RegressionPlan plan, string? baselineName)
    {
        private bool _begun;

        /// <summary>The run as it was kept last.</summary>
        internal RegressionRun? Kept { get; private set; }

        internal async Task KeepAsync(RegressionRun run)
        {
            if (!_begun)
            {
                _begun = true;
                RegressionRun begun = await store.BeginAsync(run with { Ended = null }).ConfigureAwait(false);
                if (begun.Id != run.Id)
                {
                    throw new IOException($"the store has a run {run.Id} already");
                }
            }

            try
            {
                Kept = run.Ended is null ? run : await JudgeAsync(run).ConfigureAwait(false);
                await store.SaveAsync(Kept).ConfigureAwait(false);
                if (Kept is { Ended: not null, Baseline: { IsNew: true } accepted })
                {
                    await store.AcceptAsync(run.Id, accepted.Name, "the first run under this name").ConfigureAwait(false);
                }
            }
            catch (StoreException e)
            {
                // What was measured is worth more than the place that it is kept in; the next scenario tries again.
                Kept = run.Ended is null ? run : RunJudge.Judge(
                    plan, run with { Problems = [.. run.Problems, new(ExitCode.Failed, $"the run could not be kept, nor compared: {e.Message}", e.Remedy ?? "It is in its folder: run.json.")] }, null);
            }

            RunFolder.Write(stateFolder, Kept);
        }

        private async Task<RegressionRun> JudgeAsync(RegressionRun run)
        {
            if (baselineName is not { } name)
            {
                return RunJudge.Judge(plan, run, null);
            }

            if (await store.FindBaselineAsync(plan.Name, name).ConfigureAwait(false) is { } baseline)
            {
                return RunJudge.Judge(plan, run with { Baseline = new(name, baseline.RunId, []) }, await store.GetAsync(baseline.RunId).ConfigureAwait(false));
            }

            // Later nights are compared with it: only one that was measured as planned will do.
            RegressionRun judged = RunJudge.Judge(plan, run with { Baseline = new(name, run.Id, [], IsNew: true) }, null);
            return judged.Verdict == Verdict.Passed
                ? judged with { Notes = [.. judged.Notes, $"there was no baseline {name}: this run is it now"] }
                : RunJudge.Judge(plan, run with { Notes = [.. run.Notes, $"there is no baseline {name}, and this run does not become it: it did not pass"] }, null);
        }
    }
}
