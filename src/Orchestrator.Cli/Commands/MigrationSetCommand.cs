using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator migration set DOMAIN</c>: changes a migration that runs, and takes one over that nobody drives when it is given a policy.</summary>
internal sealed class MigrationSetCommand
{
    private readonly Argument<string> _domain = MigrationCommand.Domain();
    private readonly Option<string?> _policy = new("--policy")
    {
        Description = "Go on by this policy, a built-in one or a file. A migration that nobody on this machine drives is taken over and followed until its end; Ctrl-C then cancels it.",
    };

    private readonly Option<string?> _to = new("--to") { Description = "The destination of a migration that is taken over, where neither the journal nor the domain tells." };
    private readonly Option<TimeSpan?> _maxDowntime = new("--max-downtime") { Description = "Switch over when the blackout is expected to be shorter than this. The policy may raise it further.", CustomParser = Durations.Parse };
    private readonly Option<long?> _bandwidth = new("--bandwidth") { Description = "The most bandwidth to use, in MiB/s.", CustomParser = Numbers.OptionalWithin(1, long.MaxValue >> 20, "--bandwidth wants a whole number of MiB/s, at least 1.") };
    private readonly Option<bool> _postCopy = new("--post-copy") { Description = "Switch to post-copy now; the migration must have been begun with a policy that allows it." };

    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private MigrationSetCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new MigrationSetCommand(globals, console);
        var command = new Command("set", "Changes a migration that runs.") { self._domain, self._policy, self._to, self._maxDowntime, self._bandwidth, self._postCopy };
        command.Validators.Add(result =>
        {
            if (result.GetResult(self._policy) is null && result.GetResult(self._maxDowntime) is null && result.GetResult(self._bandwidth) is null && !result.GetValue(self._postCopy))
            {
                result.AddError("Nothing to set: name --policy, --max-downtime, --bandwidth or --post-copy.");
            }
            else if (result.GetResult(self._to) is not null && result.GetResult(self._policy) is null)
            {
                result.AddError("--to is for a migration that is taken over: name --policy, too.");
            }
        });
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        MigrationPolicy? policy = parsed.GetValue(_policy) is { } name ? PolicyOptions.Find(name) : null;
        await using LibvirtHost host = await HostResolver.ConnectAsync(_globals.Connect(parsed), _globals.Loggers.CreateLogger("orchestrator"), cancellationToken).ConfigureAwait(false);
        MigrationControl control = MigrationCommand.Control(host);
        RunningMigration migration = await control.FindAsync(parsed.GetValue(_domain)!, cancellationToken).ConfigureAwait(false);
        using RecoverySetup? recovery = policy is null ? null : RecoverySetup.Open(_globals, parsed);

        // Whom to tell, or what to take over, before anything is changed: post-copy cannot be taken back.
        bool isDriven = policy is null || await control.FindDrivenAsync(migration, recovery!.Journal, cancellationToken).ConfigureAwait(false) is not null;
        UnfinishedOperation? taken = isDriven ? null : await FindAsync(parsed, recovery!, host, migration, policy!, cancellationToken).ConfigureAwait(false);
        MigrationSettingsInForce now = await control.SetAsync(
            migration,
            new() { MaxDowntime = parsed.GetValue(_maxDowntime), BandwidthMiBps = parsed.GetValue(_bandwidth), PostCopyNow = parsed.GetValue(_postCopy) },
            cancellationToken).ConfigureAwait(false);
        if (taken is not null)
        {
            return await TakeOverAsync(recovery!, taken, policy!, cancellationToken).ConfigureAwait(false);
        }

        if (policy is not null && !await control.SetPolicyAsync(migration, policy, recovery!.Journal, cancellationToken).ConfigureAwait(false))
        {
            throw new CliException(ExitCode.Failed, new(
                "failed", $"Whoever drove the migration of {migration.Domain} has ended in this moment: nobody goes on by the policy {policy.Name}.", host.Address.Name,
                Remedy: "Again, to take it over, if it still runs: orchestrator migration list."));
        }

        Show(host, migration, now, policy);
        return ExitCode.Done;
    }

    private async Task<UnfinishedOperation> FindAsync(
        ParseResult parsed, RecoverySetup recovery, LibvirtHost host, RunningMigration migration, MigrationPolicy policy, CancellationToken cancellationToken)
    {
        DomainSnapshot domain = await host.FindDomainAsync(migration.Uuid, cancellationToken).ConfigureAwait(false) ?? throw new DomainNotFoundException(migration.Domain, host.Address.Name);
        UnfinishedOperation? known = recovery.Recoverer.Find(migration.Uuid, domain);
        if (parsed.GetValue(_to) is { } to)
        {
            HostAddress destination = await HostResolver.ForUser().ResolveAsync(to, cancellationToken).ConfigureAwait(false);
            known = (known ?? UnfinishedOperation.ByHand(domain, host.Address, destination)) with { Source = host.Address, Destination = destination, IsDecided = true };
        }

        return known is null
            ? throw new CliException(ExitCode.Usage, new(
                "usage", $"Nobody on this machine drives the migration of {migration.Domain}, and neither the journal nor the domain tells where it goes.", host.Address.Name,
                Remedy: "Name its destination: --to."))
            : known with { Policy = PolicyDocument.ToJson(policy), MaxDowntime = parsed.GetValue(_maxDowntime) ?? known.MaxDowntime };
    }

    private async Task<int> TakeOverAsync(RecoverySetup recovery, UnfinishedOperation known, MigrationPolicy policy, CancellationToken cancellationToken)
    {
        if (known.IsInJournal)
        {
            recovery.Journal!.SetPolicy(known.Id!.Value, known.Policy!);
        }

        RecoveryResult result = await MigrationProgressView.ShowAsync(
            _console, CliConsole.Printable($"{known.DomainName} {known.Source.Name} -> {known.Destination.Name}"),
            progress => recovery.Recoverer.RecoverAsync(known, progress, cancellationToken)).ConfigureAwait(false);
        if (_console.Json)
        {
            _console.Out.WriteLine(MigrationDocument.From(result, policy).ToJson());
        }
        else
        {
            _console.Out.WriteLine(CliConsole.Printable(MigrationText.Answer(result)));
            if (result.Remedy is { } remedy)
            {
                _console.Error.WriteLine(CliConsole.Printable(remedy));
            }
        }

        return OutcomeCode.Of(result.Outcome);
    }

    private void Show(LibvirtHost host, RunningMigration migration, MigrationSettingsInForce now, MigrationPolicy? policy)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(
                new(migration.Domain, migration.Uuid, host.Address.Name, now.MaxDowntime.TotalMilliseconds, now.BandwidthMiBps, now.PostCopyAsked, policy?.Name),
                RunningMigrationJson.Readable.MigrationSetDocument));
            return;
        }

        _console.Out.WriteLine(CliConsole.Printable(string.Create(
            CultureInfo.InvariantCulture,
            $"{migration.Domain}: downtime limit {now.MaxDowntime.TotalMilliseconds:0} ms, bandwidth {now.BandwidthMiBps} MiB/s{(now.PostCopyAsked ? ", switching to post-copy" : "")}{(policy is null ? "" : $", goes on by the policy {policy.Name}")}")));
    }
}
