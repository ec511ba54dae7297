using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Regression.Running;

namespace Orchestrator.Acceptance;

/// <summary>Migrations of a case's guests.</summary>
internal sealed partial class CaseBench
{
    // So slow that there is time to do something meanwhile, even with a small guest.
    internal const long SlowMiBps = 1;

    // Kept for documentation (RFC 5737): no host has it, so that no QEMU can listen there.
    internal const string NobodysAddress = "192.0.2.1";

    /// <summary>What a migration of a guest is asked for from a host to the other one.</summary>
    internal MigrationRequest Request(IHost from, CaseGuest guest) => new()
    {
        Domain = guest.Key,
        MaxDowntime = Planned.MaxDowntime,
        Unsafe = Planned.Unsafe,
        Map = MapFrom(from),
        Options = Options,
    };

    /// <summary>Migrates, whatever comes of it; a downtime is kept, and judged.</summary>
    internal async Task<MigrationResult> MigrateAsync(IHost from, MigrationRequest request, CancellationToken cancellationToken)
    {
        IHost to = Other(from);
        MigrationResult result = await Migrator(from).MigrateAsync(request, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (result.Verdict.Outcome == MigrationOutcome.Cancelled)
        {
            // Once begun, a migration tells of its cancellation and does not throw: the end of the case is none of its findings. A token of the case's own ends the migration alone.
            _cancellationToken.ThrowIfCancellationRequested();
        }

        if (result.Verdict.Outcome == MigrationOutcome.Completed)
        {
            DowntimeReport? downtime = result.Downtime;
            var run = new CaseDowntime(
                $"{from.Address.Name} → {to.Address.Name}", downtime?.ValueMs, downtime?.UncertaintyMs, downtime?.Method, Planned.JudgedLimit?.TotalMilliseconds,
                downtime?.ValueMs is null ? downtime?.Problem ?? "the downtime could not be measured" : null);
            _downtimes.Add(run);
            if (run.LimitMs is { } limit)
            {
                _checks.Add(CaseJudge.OfLimit(run, limit));
            }
        }

        return result;
    }

    /// <summary>Migrates a guest, under the plan's load, and looks whether it and its devices are on the other host, and only there.</summary>
    internal async Task MoveAsync(IHost from, CaseGuest guest)
    {
        IHost to = Other(from);
        await MakeDevicesThereAsync().ConfigureAwait(false);
        Step($"migrate {guest.Name} from {from.Address.Name} to {to.Address.Name}");
        MigrationResult result = await UnderLoadAsync(from, guest, () => MigrateAsync(from, Request(from, guest), _cancellationToken)).ConfigureAwait(false);
        Check($"the migration of {guest.Name} is completed", result.Verdict.Outcome == MigrationOutcome.Completed, $"{ErrorDocument.CodeOf(result.Verdict.Outcome)}: {result.Verdict.Message}");
        await CheckOnlyOnAsync(to, guest).ConfigureAwait(false);
        await CheckDevicesAsync(to, guest).ConfigureAwait(false);
    }

    /// <summary>Begins a slow migration of a guest from the source, does something while it goes on, and lets it come to its end.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="meanwhile">What is done meanwhile.</param>
    /// <param name="goesOn">Whether it goes on after that.</param>
    /// <param name="cancel">Cancels the migration.</param>
    internal async Task<MigrationResult> WhileMigratingAsync(CaseGuest guest, Func<Task> meanwhile, bool goesOn = true, CancellationToken cancel = default)
    {
        await MakeDevicesThereAsync().ConfigureAwait(false);
        Step($"begin a slow migration of {guest.Name} from {Source.Address.Name} to {Destination.Address.Name}");
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken, cancel);
        Task<MigrationResult> migration = MigrateAsync(Source, Request(Source, guest) with { BandwidthMiBps = SlowMiBps }, end.Token);
        try
        {
            if (!await UntilAsync(Source, guest, DomainCondition.Leaving, migration).ConfigureAwait(false))
            {
                MigrationResult early = await migration.ConfigureAwait(false);
                throw early.Verdict.Outcome == MigrationOutcome.Completed
                    ? Inconclusive($"{guest.Name} had moved before anything could be done meanwhile")
                    : new CaseEndedException(new(CaseVerdict.Fail, $"the migration did not begin: {early.Verdict.Message}", OutcomeCode.Of(early.Verdict.Outcome)));
            }

            await meanwhile().ConfigureAwait(false);
            if (goesOn && !cancel.IsCancellationRequested)
            {
                Step("let the migration go on without a limit");
                var control = new MigrationControl(Source, _claims, _setup.Clock, Time);
                RunningMigration running = await control.FindAsync(guest.Key, _cancellationToken).ConfigureAwait(false);
                await control.SetAsync(running, new() { BandwidthMiBps = 1024 }, _cancellationToken).ConfigureAwait(false);
            }

            return await migration.ConfigureAwait(false);
        }
        catch
        {
            await end.CancelAsync().ConfigureAwait(false);
            await ((Task)migration).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what is being reported already is why
            throw;
        }
    }

    /// <summary>What the migration of a guest from the source would do.</summary>
    internal Task<MigrationPlan> PlanAsync(CaseGuest guest) => Migrator(Source).PlanAsync(Request(Source, guest), _cancellationToken);

    private Migrator Migrator(IHost from) => new(from, Other(from), _setup.Clock, Time, claims: _claims)
    {
        Journal = _setup.Options.Journal,
        FactsReader = new(_setup.Options.Files, _setup.Options.Vdpa),
    };

    private IHost Other(IHost host) => host == Source ? Destination : Source;

    private IReadOnlyList<DeviceMapEntry> MapFrom(IHost from) =>
        [.. _devices.Where(device => device is { Resource: not null, There: not null }).Select(device => from == Source ? new DeviceMapEntry(device.Resource!, device.There!) : new DeviceMapEntry(device.There!, device.Resource!))];

    /// <summary>Does something while the plan's load goes on in a guest, and makes sure that it went on to the end.</summary>
    private async Task<T> UnderLoadAsync<T>(IHost from, CaseGuest guest, Func<Task<T>> act)
    {
        if (Planned.Load is not { } load)
        {
            return await act().ConfigureAwait(false);
        }

        var hosts = new NightHosts(Source, Destination, _setup.Clock, null, Options, Time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var ledger = new NightLedger(null, null, ownsHosts: true);
        var effect = new LoadStarted(guest.Uuid, guest.Name, load.Channel, load.Ssh, load.Console, GuestJob.NewId());
        IGuestChannel channel = IGuestChannel.Of(effect, hosts, "ssh", Time);
        Step($"load {guest.Name} on {from.Address.Name}: {string.Join(' ', load.Command)}");
        RunningLoad running = await RunningLoad.StartAsync(load, channel, ledger, effect, _ => { }, Time, _cancellationToken).ConfigureAwait(false);
        try
        {
            T result = await act().ConfigureAwait(false);
            bool goesOn = await running.GoesOnAsync().ConfigureAwait(false);
            Check($"the load went on in {guest.Name}", goesOn, goesOn ? $"{load.Command[0]} still runs" : $"{load.Command[0]} had ended: nothing says that it went on during the blackout");
            Step(await running.EndAsync(_cancellationToken).ConfigureAwait(false));
            return result;
        }
        finally
        {
            await running.AbandonAsync().ConfigureAwait(false);
        }
    }
}
