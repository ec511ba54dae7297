using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator migrate DOMAIN --from A --to B</c>.</summary>
internal sealed class MigrateCommand
{
    private readonly Argument<string> _domain = new("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
    private readonly Option<string?> _from = new("--from") { Description = "The host it runs on: a name of hosts.yaml or of the lab, a libvirt.conf alias or a URI. Default: what -c names, then LIBVIRT_DEFAULT_URI." };
    private readonly Option<string> _to = new("--to") { Description = "The host to send it to.", Required = true };
    private readonly Option<bool> _check = new("--check") { Description = "Only check, and say what was found." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Check, and show what would be called; change nothing." };
    private readonly Option<MigrationMode> _mode = new("--mode") { Description = "p2p: the source's daemon drives, the migration survives us. direct: we do. auto: p2p where that works." };

    private readonly Option<MigrationPersistence> _persistence = new("--persistence")
    {
        Description = "keep: as it is now. persistent: defined on the destination, not on the source. transient: not defined on the destination.",
    };

    private readonly Option<TimeSpan?> _maxDowntime = new("--max-downtime") { Description = "The longest blackout that the policy may allow, such as 100ms.", CustomParser = Durations.Parse };
    private readonly Option<long?> _bandwidth = new("--bandwidth") { Description = "The most bandwidth to use, in MiB/s.", CustomParser = Numbers.OptionalWithin(1, long.MaxValue >> 20, "--bandwidth wants a whole number of MiB/s, at least 1.") };
    private readonly Option<string?> _migrateUri = new("--migrate-uri") { Description = "Where QEMU sends the guest: tcp://HOST[:PORT]. Default: the migration_address of the destination in hosts.yaml." };
    private readonly Option<string?> _listenAddress = new("--listen-address") { Description = "The address on which the destination's QEMU listens. Default: its migration_address in hosts.yaml." };
    private readonly Option<bool> _unsafe = new("--unsafe") { Description = "Consent to what libvirt calls unsafe: disks that may be corrupted." };
    private readonly Option<TimeSpan?> _timeout = new("--timeout") { Description = "Give up after this long and keep the guest on the source, such as 10m. Default: the policy's time.", CustomParser = Durations.Parse };
    private readonly PolicyOptions _policy = new();
    private readonly TelemetryOptions _telemetry = new();
    private readonly Option<string?> _evidence = new("--evidence") { Description = "Save everything observed to this file." };
    private readonly Option<bool> _requireMeasurement = new("--require-measurement") { Description = "Exit with 9 if the downtime could not be measured." };

    private readonly Option<TimeSpan?> _wait = new("--wait") { Description = "How long to wait for others who work on the domain. Default: 30s.", CustomParser = Durations.Parse };
    private readonly Option<string[]> _allow = new("--allow")
    {
        Description = "Consents, each to one check. cross-vendor: a vDPA device may become another vendor's. foreign-operation: migrate a domain that another machine's unfinished operation has marked. foreign-owner: migrate one that another manager owns. "
            + "overcommit: the destination may have less memory free. unknown-storage: with --unsafe, that the destination has the disks.",
    };

    private readonly Option<DeviceMapEntry[]> _map = new("--map")
    {
        Description = "A device of the source and what it becomes: SRC=DST, each a node, PCI address, socket, alias, MAC or vDPA device's name; or SRC=MGMTDEV/new. May be given more than once.",
        CustomParser = Mappings,
    };

    private readonly Option<string?> _xml = new("--xml") { Description = "The running domain's document for the destination, in the place of the one that is made. - for standard input." };
    private readonly Option<string?> _persistentXml = new("--persistent-xml") { Description = "The definition for the destination, in the place of the one that is made." };

    private readonly Option<bool> _detachDevices = new("--detach-devices") { Description = "Detach the devices that do not migrate before, and attach what they become after; the guest is without them meanwhile, and for how long is measured." };

    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private MigrateCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
        _allow.AcceptOnlyFromAmong([.. MigrationConsents.Known]);
        _mode.AcceptOnlyFromAmong("auto", "p2p", "direct");
        _persistence.AcceptOnlyFromAmong("keep", "persistent", "transient");
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new MigrateCommand(globals, console);
        var command = new Command("migrate", "Live-migrates a domain and reports the measured downtime.")
        {
            self._domain, self._from, self._to, self._check, self._dryRun, self._mode, self._persistence, self._maxDowntime, self._bandwidth,
            self._migrateUri, self._listenAddress, self._unsafe, self._timeout, self._evidence, self._requireMeasurement, self._wait, self._allow,
            self._map, self._xml, self._persistentXml, self._detachDevices,
        };
        self._policy.AddTo(command);
        self._telemetry.AddTo(command);
        command.SetAction((parsed, cancellationToken) => self._telemetry.ObserveAsync(parsed, console, () => self.RunAsync(parsed, cancellationToken)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var clock = new ObserverClock(TimeProvider.System);
        ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
        MigrationPolicy policy = _policy.Resolve(parsed);
        string from = parsed.GetValue(_from) ?? _globals.Connect(parsed) ?? HostResolver.Default
            ?? throw new CliException(ExitCode.Usage, new("usage", "--from (or -c, or LIBVIRT_DEFAULT_URI) is required: the host that the domain runs on."));
        HostResolver hosts = HostResolver.ForUser();
        HostAddress sourceAddress = await hosts.ResolveAsync(from, cancellationToken).ConfigureAwait(false);
        HostAddress destinationAddress = await hosts.ResolveAsync(parsed.GetValue(_to)!, cancellationToken).ConfigureAwait(false);

        string? destinationXml = await DocumentAsync(parsed.GetValue(_xml), cancellationToken).ConfigureAwait(false);
        string? persistentXml = await DocumentAsync(parsed.GetValue(_persistentXml), cancellationToken).ConfigureAwait(false);

        // Both at once: connecting is most of what a short migration costs us.
        Task<LibvirtHost> connectingSource = hosts.ConnectAsync(sourceAddress, clock, logger, cancellationToken);
        Task<LibvirtHost> connectingDestination = hosts.ConnectAsync(destinationAddress, clock, logger, cancellationToken);
        await using LibvirtHost source = await connectingSource.ConfigureAwait(false);
        await using LibvirtHost destination = await connectingDestination.ConfigureAwait(false);

        using RecoverySetup recovery = RecoverySetup.ForChange(_globals, parsed, _console);
        var request = new MigrationRequest
        {
            Domain = parsed.GetValue(_domain)!,
            Mode = parsed.GetValue(_mode),
            Persistence = parsed.GetValue(_persistence),
            Policy = policy,
            MaxDowntime = parsed.GetValue(_maxDowntime),
            BandwidthMiBps = parsed.GetValue(_bandwidth),
            MigrateUri = parsed.GetValue(_migrateUri),
            ListenAddress = parsed.GetValue(_listenAddress),
            Unsafe = parsed.GetValue(_unsafe),
            Timeout = parsed.GetValue(_timeout),
            Allow = new HashSet<string>(parsed.GetValue(_allow) ?? []),
            Map = parsed.GetValue(_map) ?? [],
            DestinationXml = destinationXml,
            PersistentXml = persistentXml,
            DetachDevices = parsed.GetValue(_detachDevices),
            Options = new() { Wait = parsed.GetValue(_wait) ?? TimeSpan.FromSeconds(30), AllowForeignOwner = parsed.GetValue(_allow)?.Contains(MigrationConsents.ForeignOwner) == true, AllowForeignOperation = parsed.GetValue(_allow)?.Contains(MigrationConsents.ForeignOperation) == true, Recoverer = recovery.Recoverer },
        };
        bool changes = !parsed.GetValue(_check) && !parsed.GetValue(_dryRun);
        using Journal? journal = changes ? Journal.Open(_globals.StateFolder(parsed)) : null;
        var migrator = new Migrator(source, destination, clock, logger: logger) { Journal = journal };
        MigrationPlan plan = await migrator.PlanAsync(request, cancellationToken).ConfigureAwait(false);
        if (!changes)
        {
            return ShowPlan(plan, withCall: parsed.GetValue(_dryRun));
        }

        foreach (Check check in plan.Checks.Where(check => check.Warns && !check.Refuses))
        {
            _console.Note($"warning: {check.Message}.{(check.Remedy is null ? "" : " " + check.Remedy)}");
        }

        // A stopped process would leave the guest paused, unless the daemons drive. Where they cannot reach each other after all, this one does.
        using IDisposable? noStop = request.Mode != MigrationMode.P2P
            ? TerminationSignals.IgnoreStop(() => _console.Note("Ctrl-Z is ignored while migrating: in direct mode it would leave the guest paused."))
            : null;
        request = request with { ReadGuestTicks = await hosts.TickReaderAsync(sourceAddress, plan.Domain.Uuid, cancellationToken).ConfigureAwait(false) };
        MigrationResult result = await MigrationProgressView.ShowAsync(
            _console,
            CliConsole.Printable($"{plan.Domain.Name} {source.Address.Name} -> {destination.Address.Name}"),
            progress => migrator.MigrateAsync(request, progress, cancellationToken)).ConfigureAwait(false);

        int code = OutcomeCode.Of(result.Verdict.Outcome);
        if (code == ExitCode.Done && parsed.GetValue(_requireMeasurement) && result.Downtime is not { ValueMs: not null, UncertaintyMs: not null })
        {
            code = ExitCode.Inconclusive;
        }

        // The answer first: a full disk must not cost it.
        Show(result);
        if (parsed.GetValue(_evidence) is { } path && result.Evidence is { } evidence)
        {
            try
            {
                EvidenceFile.Save(path, evidence);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The guest has moved all the same: 1 would say that nothing changed, and a second document would break the first.
                _console.Error.WriteLine(CliConsole.Printable($"orchestrator: the evidence could not be saved to {path}: {e.Message}"));
                return code == ExitCode.Done ? ExitCode.Degraded : code;
            }
        }

        return code;
    }

    private void Show(MigrationResult result)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(MigrationDocument.From(result).ToJson());
            return;
        }

        _console.Out.WriteLine(CliConsole.Printable(MigrationText.Answer(result)));
        if (result.Verdict.Remedy is { } remedy)
        {
            _console.Error.WriteLine(CliConsole.Printable(remedy));
        }
    }

    private int ShowPlan(MigrationPlan plan, bool withCall)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(PlanDocument.Of(plan), PlanJson.Readable.PlanDocument));
        }
        else
        {
            PlanText.Write(_console, plan, withCall);
        }

        return plan.IsRefused ? ExitCode.Refused : ExitCode.Done;
    }

    private static DeviceMapEntry[]? Mappings(ArgumentResult result)
    {
        var entries = new List<DeviceMapEntry>();
        foreach (Token token in result.Tokens)
        {
            try
            {
                entries.Add(DeviceMapEntry.Parse(token.Value));
            }
            catch (FormatException e)
            {
                result.AddError($"--map: {e.Message}.");
            }
        }

        return [.. entries];
    }

    private static async Task<string?> DocumentAsync(string? path, CancellationToken cancellationToken) => path is null ? null
        : (await DocumentFile.ReadAsync(path, "migrate", DomainDocument.Load, cancellationToken).ConfigureAwait(false)).ToString();
}
