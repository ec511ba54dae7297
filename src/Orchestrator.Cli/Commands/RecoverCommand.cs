using System.CommandLine;
using System.Text.Json;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Recovery;
using Orchestrator.Regression.Running;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator recover [DOMAIN] [--from A --to B]</c>.</summary>
internal sealed class RecoverCommand
{
    private readonly Argument<string?> _domain = new("DOMAIN")
    {
        Description = "The domain's name or UUID. Without it: everything that the journal has as unfinished.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _from = new("--from") { Description = "The source, where neither the journal nor the domain tells, or another machine began it." };
    private readonly Option<string?> _to = new("--to") { Description = "The destination; goes with --from." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be done; change nothing." };

    private readonly GlobalOptions _globals;
    private readonly RegressStoreOption _store;
    private readonly CliConsole _console;

    private RecoverCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _store = new(globals);
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new RecoverCommand(globals, console);
        var command = new Command("recover", "Finishes or undoes migrations and nights whose process died: asks both hosts, and never guesses.") { self._domain, self._from, self._to, self._dryRun, self._store.Option };
        command.Validators.Add(result =>
        {
            if (result.GetValue(self._from) is null != result.GetValue(self._to) is null)
            {
                result.AddError("--from and --to go together.");
            }
            else if (result.GetValue(self._from) is not null && result.GetValue(self._domain) is null)
            {
                result.AddError("--from and --to need the domain.");
            }
        });
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using RecoverySetup setup = RecoverySetup.Open(_globals, parsed);
        bool dryRun = parsed.GetValue(_dryRun);
        var results = new List<RecoveryResult>();

        // A post-copy migration may be resumed in direct mode: a stopped process would leave the guest without its memory.
        using IDisposable? noStop = dryRun ? null : TerminationSignals.IgnoreStop(() => _console.Note("Ctrl-Z is ignored while recovering: it could leave the guest paused."));
        bool isCancelled = false;
        try
        {
            foreach (UnfinishedOperation operation in await FindAsync(parsed, setup.Recoverer, cancellationToken).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                results.Add(await RecoverAsync(operation, setup.Recoverer, dryRun, cancellationToken).ConfigureAwait(false));
            }

            // After its migrations: a guest goes home from where it has come to rest.
            if (parsed.GetValue(_domain) is null && setup.Journal is { } journal)
            {
                await RecoverNightsAsync(parsed, setup, journal, dryRun, results, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && results.Count > 0)
        {
            isCancelled = true;
            _console.Note("Cancelled: what is not told of here was not recovered. Again: orchestrator recover.");
        }

        if (!dryRun)
        {
            setup.Journal?.Prune(TimeSpan.FromDays(90));
        }

        Show(results, parsed.GetValue(_domain));
        return OutcomeCode.Worst([.. results.Select(ExitCode.Of), isCancelled ? ExitCode.Cancelled : ExitCode.Done]);
    }

    private async Task RecoverNightsAsync(ParseResult parsed, RecoverySetup setup, Journal journal, bool dryRun, List<RecoveryResult> results, CancellationToken cancellationToken)
    {
        var recovery = new NightRecovery(
            setup.Connect, new ObserverClock(TimeProvider.System), journal, (id, store, problem) => CloseRunAsync(parsed, id, store, problem), logger: _globals.Loggers.CreateLogger("recovery"))
        {
            Files = new(HostTarget.Root() ?? "/"),
            Recoverer = setup.Recoverer,
        };
        foreach (UnfinishedOperation night in recovery.FindAll())
        {
            cancellationToken.ThrowIfCancellationRequested();
            results.Add(dryRun
                ? await recovery.LookAsync(night, cancellationToken).ConfigureAwait(false)
                : await MigrationProgressView.ShowAsync(
                    _console, CliConsole.Printable($"{night.DomainName}, on the way home"), progress => recovery.RecoverAsync(night, progress, cancellationToken)).ConfigureAwait(false));
        }
    }

    private async Task<string?> CloseRunAsync(ParseResult parsed, string id, string? kept, RunProblem problem)
    {
        await using RegressionStore store = await _store.OpenAgainAsync(parsed, kept).ConfigureAwait(false);
        if (await store.CloseAbandonedAsync(id, problem).ConfigureAwait(false) is not { } run)
        {
            return null; // it is closed already, or was never opened
        }

        RunFolder.Write(_store.Folder(parsed), run);
        return $"closed the run {id} of {run.Plan}: environment broken";
    }

    /// <summary>One operation that cannot be recovered keeps no other from it.</summary>
    private async Task<RecoveryResult> RecoverAsync(UnfinishedOperation operation, Recoverer recoverer, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            return dryRun
                ? await recoverer.LookAsync(operation, cancellationToken).ConfigureAwait(false)
                : await MigrationProgressView.ShowAsync(
                    _console, CliConsole.Printable($"{operation.DomainName} {operation.Source.Name} -> {operation.Destination.Name}"),
                    progress => recoverer.RecoverAsync(operation, progress, cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            return new()
            {
                Operation = operation,
                IsDryRun = dryRun,
                Outcome = e is HostUnreachableException ? MigrationOutcome.Unreachable : MigrationOutcome.NeedsPerson,
                Message = $"the {operation} could not be recovered: {HostAddress.Redact(e.Message)}",
                Remedy = $"orchestrator recover {operation.DomainName}, again.",
            };
        }
    }

    private async Task<IReadOnlyList<UnfinishedOperation>> FindAsync(ParseResult parsed, Recoverer recoverer, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_domain) is not { } name)
        {
            return recoverer.FindAll();
        }

        if (parsed.GetValue(_from) is { } from)
        {
            return [await DecidedAsync(name, from, parsed.GetValue(_to)!, recoverer, cancellationToken).ConfigureAwait(false)];
        }

        UnfinishedOperation[] known = [.. recoverer.FindAll().Where(operation => operation.DomainName == name || (Guid.TryParse(name, out Guid uuid) && operation.DomainUuid == uuid))];
        if (known.Length > 0)
        {
            return known;
        }

        // The domain itself may tell, of this machine's process with another journal or of another machine's.
        await using LibvirtHost host = await HostResolver.ConnectAsync(_globals.Connect(parsed), _globals.Loggers.CreateLogger("recovery"), cancellationToken).ConfigureAwait(false);
        DomainSnapshot domain = await host.FindDomainAsync(name, cancellationToken).ConfigureAwait(false) ?? throw new DomainNotFoundException(name, host.Address.Name);
        return recoverer.Find(domain.Uuid, domain) is { } marked ? [marked] : [];
    }

    /// <summary>What a person tells of, with what the journal or the domain's mark knows besides.</summary>
    private async Task<UnfinishedOperation> DecidedAsync(string name, string from, string to, Recoverer recoverer, CancellationToken cancellationToken)
    {
        HostResolver hosts = HostResolver.ForUser();
        HostAddress source = await hosts.ResolveAsync(from, cancellationToken).ConfigureAwait(false);
        HostAddress destination = await hosts.ResolveAsync(to, cancellationToken).ConfigureAwait(false);
        ILogger logger = _globals.Loggers.CreateLogger("recovery");
        DomainSnapshot? domain = null;
        HostUnreachableException? lost = null;
        foreach (HostAddress address in new[] { source, destination })
        {
            try
            {
                await using LibvirtHost host = await hosts.ConnectAsync(address, null, logger, cancellationToken).ConfigureAwait(false);
                DomainSnapshot? found = await host.FindDomainAsync(name, cancellationToken).ConfigureAwait(false);
                domain = domain is { IsActive: true } ? domain : found ?? domain;
            }
            catch (HostUnreachableException e)
            {
                lost = e; // the other one may know it; the recovery asks with patience
            }
        }

        if (domain is null)
        {
            throw lost is null ? new DomainNotFoundException(name, $"{source.Name} and {destination.Name}") : lost;
        }

        return (recoverer.Find(domain.Uuid, domain) ?? UnfinishedOperation.ByHand(domain, source, destination)) with { Source = source, Destination = destination, IsDecided = true };
    }

    private void Show(List<RecoveryResult> results, string? domain)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize([.. results.Select(RecoveryDocument.From)], RecoverJson.Readable.RecoveryDocumentArray));
            return;
        }

        if (results.Count == 0)
        {
            _console.Out.WriteLine(CliConsole.Printable($"Nothing to recover{(domain is null ? "" : $": no unfinished migration of {domain} is known")}."));
        }

        foreach (RecoveryResult result in results)
        {
            _console.Out.WriteLine(CliConsole.Printable($"{result.Operation.DomainName}: {(result.IsDryRun ? "" : $"{ErrorDocument.CodeOf(result.Outcome)}: ")}{result.Message}"));
            foreach (string done in result.Done)
            {
                _console.Out.WriteLine(CliConsole.Printable($"  {(result.IsDryRun ? "would " : "")}{done}"));
            }

            if (result.Remedy is { } remedy && !(result.IsDryRun && result.Done.Count > 0))
            {
                _console.Error.WriteLine(CliConsole.Printable(remedy));
            }
        }

        if (results.Count > 0 && results[0].IsDryRun)
        {
            _console.Out.WriteLine("Nothing was changed.");
        }
    }
}
