using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator migration list|show|watch|cancel|set</c>: migrations that run, whoever began them.</summary>
internal sealed class MigrationCommand
{
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private MigrationCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new MigrationCommand(globals, console);
        return new Command("migration", "Migrations that run, from whichever terminal and whoever began them.") { self.List(), self.Show(), self.Watch(), self.Cancel(), MigrationSetCommand.Create(globals, console) };
    }

    private Command List()
    {
        var hosts = new Option<string[]>("--host") { Description = "The hosts, A,B or one each time, instead of the one that -c names.", CustomParser = HostResolver.ParseNames };
        var command = new Command("list", "The migrations from and to one host or many.") { hosts };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var found = new List<MigrationItem>();
            string?[] names = parsed.GetValue(hosts) is { Length: > 0 } many ? [.. many] : [_globals.Connect(parsed)];
            foreach (string? name in names)
            {
                await using LibvirtHost host = await ConnectAsync(name, cancellationToken).ConfigureAwait(false);
                found.AddRange((await Control(host).ListAsync(cancellationToken).ConfigureAwait(false)).Select(migration => MigrationItem.From(host.Address.Name, migration)));
            }

            if (_console.Json)
            {
                Print(new(found), RunningMigrationJson.Readable.MigrationListDocument);
            }
            else
            {
                TextTable.Write(_console, ["host", "domain", "direction", "state", "left", "dirty", "iteration", "driven by"], found.Select(Row));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command Show()
    {
        Argument<string> name = Domain();
        var command = new Command("show", "How far the migration of a domain is, and what limits it.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using LibvirtHost host = await ConnectAsync(_globals.Connect(parsed), cancellationToken).ConfigureAwait(false);
            MigrationControl control = Control(host);
            RunningMigration migration = await control.FindAsync(parsed.GetValue(name)!, cancellationToken).ConfigureAwait(false);
            MigrationSettingsInForce? now = migration.Direction == "out" ? await control.GetSettingsAsync(migration, cancellationToken).ConfigureAwait(false) : null;
            MigrationItem item = MigrationItem.From(host.Address.Name, migration);
            if (_console.Json)
            {
                Print(new(item, now?.MaxDowntime.TotalMilliseconds, now?.BandwidthMiBps), RunningMigrationJson.Readable.MigrationShowDocument);
            }
            else
            {
                _console.Out.WriteLine(CliConsole.Printable($"{migration.Domain} on {host.Address.Name}: {migration.State}, {Progress(migration)}"));
                string limits = now is null ? "limits: ask the source" : string.Create(CultureInfo.InvariantCulture, $"limits: downtime {now.MaxDowntime.TotalMilliseconds:0} ms, bandwidth {now.BandwidthMiBps} MiB/s");
                _console.Out.WriteLine(CliConsole.Printable($"{limits}; driven by {item.Driver ?? "nobody on this machine"}"));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command Watch()
    {
        Argument<string> name = Domain();
        var command = new Command("watch", "Follows the migration of a domain until it is over on this host; ending the watch does not end the migration.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using LibvirtHost host = await ConnectAsync(_globals.Connect(parsed), cancellationToken).ConfigureAwait(false);
            MigrationControl control = Control(host);
            RunningMigration migration = await control.FindAsync(parsed.GetValue(name)!, cancellationToken).ConfigureAwait(false);
            await MigrationProgressView.ShowAsync(_console, CliConsole.Printable($"{migration.Domain} on {host.Address.Name}"), async progress =>
            {
                await foreach (RunningMigration now in control.WatchAsync(migration.Uuid, cancellationToken).ConfigureAwait(false))
                {
                    progress.Report(new(now.Condition == DomainCondition.PostCopy ? "post_copy" : "migrating", now.Job));
                }

                return true;
            }).ConfigureAwait(false);
            DomainSnapshot? domain = await host.FindDomainAsync(migration.Uuid, cancellationToken).ConfigureAwait(false);
            string state = domain?.Describe() ?? "absent";
            if (_console.Json)
            {
                Print(new(migration.Domain, migration.Uuid, host.Address.Name, state), RunningMigrationJson.Readable.MigrationEndDocument);
            }
            else
            {
                _console.Out.WriteLine(CliConsole.Printable($"{migration.Domain}: the migration is over; on {host.Address.Name} it is {state}"));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command Cancel()
    {
        Argument<string> name = Domain();
        var timeout = new Option<TimeSpan?>("--timeout") { Description = "How long to wait for its end. Default: 30s.", CustomParser = Durations.Parse };
        var command = new Command("cancel", "Ends the migration of a domain; the guest stays where it is.") { name, timeout };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using LibvirtHost host = await ConnectAsync(_globals.Connect(parsed), cancellationToken).ConfigureAwait(false);
            MigrationControl control = Control(host);
            RunningMigration migration = await control.FindAsync(parsed.GetValue(name)!, cancellationToken).ConfigureAwait(false);
            CancelOutcome outcome = await control.CancelAsync(migration, parsed.GetValue(timeout) ?? TimeSpan.FromSeconds(30), cancellationToken).ConfigureAwait(false);
            string domain = migration.Domain;
            (string message, int code) = outcome switch
            {
                CancelOutcome.Cancelled => ($"the migration of {domain} was cancelled; it stays on {host.Address.Name}", ExitCode.Done),
                CancelOutcome.Moved => ($"too late: {domain} has left {host.Address.Name}", ExitCode.Failed),
                CancelOutcome.PostCopy => ($"{domain} runs on the destination already and its memory follows: it cannot be cancelled any more, and goes on", ExitCode.Refused),
                _ => ($"the migration of {domain} did not end in time; the daemon of {host.Address.Name} may hang: virsh -c '{host.Identity.Uri}' domjobinfo {migration.Uuid}", ExitCode.TimedOut),
            };
            if (_console.Json)
            {
                Print(new(domain, migration.Uuid, host.Address.Name, outcome, message), RunningMigrationJson.Readable.MigrationCancelDocument);
            }
            else
            {
                (code == ExitCode.Done ? _console.Out : _console.Error).WriteLine(CliConsole.Printable(message));
            }

            return code;
        });
        return command;
    }

    internal static Argument<string> Domain() => new("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };

    private static string[] Row(MigrationItem item) =>
    [
        item.Host, item.Domain, item.Direction, item.State, MiB(item.MemoryRemainingBytes) is { } left ? $"{left} of {MiB(item.MemoryTotalBytes)} MiB" : "-",
        MiB(item.DirtyBytesPerSecond) is { } dirty ? $"{dirty} MiB/s" : "-", item.Iteration?.ToString(CultureInfo.InvariantCulture) ?? "-", item.Driver ?? "-",
    ];

    private static string? MiB(long? bytes) => bytes is { } value ? (value / 1048576.0).ToString("0.#", CultureInfo.InvariantCulture) : null;

    private static string Progress(RunningMigration migration) => MigrationProgressView.Describe(new(migration.Condition == DomainCondition.PostCopy ? "post-copy" : "migrating", migration.Job));

    internal static MigrationControl Control(LibvirtHost host) => new(host, new DomainClaims(), new ObserverClock(TimeProvider.System), TimeProvider.System);

    private Task<LibvirtHost> ConnectAsync(string? name, CancellationToken cancellationToken) =>
        HostResolver.ConnectAsync(name, _globals.Loggers.CreateLogger("orchestrator"), cancellationToken);

    private void Print<T>(T document, JsonTypeInfo<T> type) => _console.Out.WriteLine(JsonSerializer.Serialize(document, type));
}
