using Libvirt.Interop;
using Libvirt.Xml.Devices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Migration;

/// <summary>
/// Migrates a domain from one host to another and measures the blackout: plans, drives the call, watches it, and afterwards asks both hosts what is where.
/// </summary>
/// <param name="source">The host the domain runs on.</param>
/// <param name="destination">The host to send it to.</param>
/// <param name="clock">The clock with which both hosts were connected.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
/// <param name="claims">The claims of this process; its own when there are none.</param>
public sealed partial class Migrator(
    IHost source, IHost destination, ObserverClock clock, TimeProvider? time = null, ILogger? logger = null, DomainClaims? claims = null)
{
    private static readonly TimeSpan LateEventWait = TimeSpan.FromSeconds(2);
    private const int RoundTripCount = 16;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private readonly OperationGate _gate = new(source, claims ?? new(time), time, logger);

    /// <summary>How long a call that was asked to end may go on before we report what is where without it.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a host that does not answer after the call is asked again, when without it nobody knows where the guest is: its daemon may just be restarted.</summary>
    public TimeSpan HostGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How patiently a guest is asked to let go of each device that is detached for its migration.</summary>
    public UnplugPatience UnplugPatience { get; init; } = new();

    /// <summary>How long a guest that has not let go of a device is watched: it may do so late.</summary>
    internal TimeSpan LateUnplugGrace { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>How long the destination's devices may take to be started by the guest's drivers, where the source's were.</summary>
    internal TimeSpan StartGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Asks both hosts what a plan needs.</summary>
    public PlanFactsReader FactsReader { get; init; } = new();

    /// <summary>Where each migration is written down before it is begun, so that another process can finish or undo it; <see langword="null"/> for nowhere.</summary>
    public Journal? Journal { get; init; }

    private MigrationSettlement Settlement => new(source, destination, _time, _logger) { HostGrace = HostGrace };

    /// <summary>Computes what a migration would do; changes nothing.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The source has no such domain.</exception>
    public async Task<MigrationPlan> PlanAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        MigrationPlan plan = await ComputeAsync(request, cancellationToken).ConfigureAwait(false);
        GateForecast gate = await _gate.ForeseeAsync(DomainOperation.Migrate, plan.Domain.Uuid, request.Options, cancellationToken).ConfigureAwait(false);
        return plan with
        {
            Checks = [.. plan.Checks, CheckOf(gate, plan.Domain.Name)],
            Consents = [.. plan.Consents, .. gate.Consents],
        };
    }

    private static Check CheckOf(GateForecast gate, string domain) =>
        gate.Problem is { } problem ? new(MigrationConsents.FreeToMigrate, CheckSeverity.Error, CheckResult.Fail, problem, gate.Remedy)
        : gate.Notes.Count > 0 ? new(MigrationConsents.FreeToMigrate, CheckSeverity.Warning, CheckResult.Fail, string.Join("; ", gate.Notes))
        : new(MigrationConsents.FreeToMigrate, CheckSeverity.Error, CheckResult.Pass, $"nobody else works on {domain} or manages it");

    private async Task<MigrationPlan> ComputeAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        DomainSnapshot domain = await source.FindDomainAsync(request.Domain, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException(request.Domain, source.Address.Name);
        return await ComputeAsync(request, domain, cancellationToken).ConfigureAwait(false);
    }

    private async Task<MigrationPlan> ComputeAsync(MigrationRequest request, Guid uuid, IReadOnlyList<MigrationConsent> consents, CancellationToken cancellationToken)
    {
        DomainSnapshot domain = await source.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException($"{uuid}", source.Address.Name);
        MigrationPlan plan = await ComputeAsync(request, domain, cancellationToken).ConfigureAwait(false);
        return plan with { Consents = [.. plan.Consents, .. consents] };
    }

    private async Task<MigrationPlan> ComputeAsync(MigrationRequest request, DomainSnapshot domain, CancellationToken cancellationToken)
    {
        HostSnapshot there = await destination.SnapshotAsync(domain.Name, domain.Uuid, cancellationToken).ConfigureAwait(false);
        (PlanningFacts sourceFacts, PlanningFacts destinationFacts) = await FactsReader.ReadAsync(source, destination, request, domain, cancellationToken).ConfigureAwait(false);
        return MigrationPlanner.Plan(request, domain, source.Identity, there, destination.Address, sourceFacts, destinationFacts);
    }

    /// <summary>
    /// Plans and migrates. Cancellation asks libvirt to abort, waits, and reports the truth, which may be that the guest had moved already. The domain is claimed
    /// until the end; who asks for the claim cancels the migration in the same way.
    /// </summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Cancels the migration.</param>
    /// <exception cref="DomainNotFoundException">The source has no such domain.</exception>
    /// <exception cref="HostUnreachableException">A host was lost before the migration began.</exception>
    /// <exception cref="OperationException">Somebody else works on the domain, manages it, or asked for the end of this before it began.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before the migration began: nothing was touched.</exception>
    public async Task<MigrationResult> MigrateAsync(
        MigrationRequest request, IProgress<MigrationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        await ObserveAsync(request, identified => PlanAndMigrateAsync(identified, null, progress, cancellationToken)).ConfigureAwait(false);

    /// <summary>
    /// Carries out a plan that somebody has looked at. Everything is asked and checked again: what would be done in another way is refused, and a plan that was refused stays so.
    /// Its mode stays too: a peer that cannot be connected to is an error here.
    /// </summary>
    /// <param name="plan">The plan.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Cancels the migration.</param>
    /// <exception cref="DomainNotFoundException">The source has no such domain any more.</exception>
    /// <exception cref="HostUnreachableException">A host was lost before the migration began.</exception>
    /// <exception cref="OperationException">The plan would be another now, and the message says in what; or somebody else works on the domain, manages it, or asked for the end of this before it began.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before the migration began: nothing was touched.</exception>
    public async Task<MigrationResult> MigrateAsync(MigrationPlan plan, IProgress<MigrationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return await ObserveAsync(
            plan.Request with { Domain = $"{plan.Domain.Uuid}", Mode = plan.Mode },
            identified => plan.IsRefused ? Task.FromResult(MigrationResult.Refused(plan)) : PlanAndMigrateAsync(identified, plan, progress, cancellationToken)).ConfigureAwait(false);
    }

    private async Task<MigrationResult> PlanAndMigrateAsync(MigrationRequest request, MigrationPlan? seen, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new("checking"));
        MigrationPlan plan = await ComputeAsync(request, cancellationToken).ConfigureAwait(false);

        // What a dead process left may be what refuses: the gate settles it first, and the plan is made anew.
        if (plan.IsRefused && request.Options.Recoverer?.Find(plan.Domain.Uuid, plan.Domain) is null)
        {
            return MigrationResult.Refused(plan);
        }

        await using EnteredOperation entered = await _gate.EnterAsync(DomainOperation.Migrate, plan.Domain.Uuid, request.Options, cancellationToken).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, entered.CancelRequested);
        MigrationResult result;
        try
        {
            result = await RunClaimedAsync(request with { Domain = $"{plan.Domain.Uuid}" }, plan.Domain.Uuid, seen, entered.Consents, progress, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && entered.CancelRequested.IsCancellationRequested)
        {
            throw new OperationException(
                OperationStage.Cancelled, DomainOperation.Migrate, source.Address.Name, plan.Domain.Name,
                $"{plan.Domain.Name} on {source.Address.Name} was not migrated: {entered.CancelRequestedBy?.ToString() ?? "somebody"} asked for the end of this before it began");
        }

        return result.Verdict.Outcome == MigrationOutcome.Cancelled && entered.CancelRequestedBy is { } by
            ? result with { Verdict = result.Verdict with { Message = $"{result.Verdict.Message} (asked for by: {by})" } }
            : result;
    }

    private async Task<MigrationResult> RunClaimedAsync(
        MigrationRequest request, Guid uuid, MigrationPlan? seen, IReadOnlyList<MigrationConsent> consents, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        // Anew: the gate may have waited for somebody who changed the domain.
        MigrationPlan plan = await ComputeAsync(request, uuid, consents, cancellationToken).ConfigureAwait(false);
        if (plan.IsRefused)
        {
            return MigrationResult.Refused(plan);
        }

        if (seen is not null && PlanChanges.Between(seen, plan) is { Count: > 0 } changes)
        {
            throw new OperationException(
                OperationStage.Refused, DomainOperation.Migrate, source.Address.Name, plan.Domain.Name,
                HostAddress.Redact($"{plan.Domain.Name} on {source.Address.Name} would not be migrated as the plan says any more: {string.Join("; ", changes)}"), "Plan anew, and look at that plan.");
        }

        MigrationResult result = await RunAsync(plan, progress, cancellationToken).ConfigureAwait(false);
        if (request.Mode == MigrationMode.Auto && result.PeerUnreachable)
        {
            // The source's daemon could not connect, and nothing had begun: the other way is open.
            LogFallback(plan.Domain.Name, source.Address.Name, destination.Address.Name, result.Verdict.Message);
            plan = await ComputeAsync(request with { Mode = MigrationMode.Direct, OperationId = Guid.CreateVersion7() }, uuid, consents, cancellationToken).ConfigureAwait(false);
            result = plan.IsRefused ? MigrationResult.Refused(plan) : await RunAsync(plan, progress, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    private async Task<MigrationResult> RunAsync(MigrationPlan plan, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        string name = plan.Domain.Name;
        Guid uuid = plan.Domain.Uuid;

        TimeSpan before = await source.MaxDowntimeAsync(uuid, null, cancellationToken).ConfigureAwait(false);
        var replug = new DeviceReplug(source, clock, UnplugPatience, LateUnplugGrace, _time, _logger);
        RecordedMigration record = await RecordedMigration.BeginAsync(Journal, plan, before, replug.Steps, source, destination, _logger, cancellationToken).ConfigureAwait(false);
        using IDisposable? scope = plan.Request.OperationId is { } id ? OperationScope(id) : null;
        Leg leg;
        TimeSpan limit;
        try
        {
            plan = await PrepareAsync(plan, record, progress, cancellationToken).ConfigureAwait(false);

            // It does not travel, so it is set before each leg, and read back.
            TimeSpan wanted = PolicyEngine.InitialMaxDowntime(plan.Request.Policy, plan.PolicyContext);
            limit = await source.MaxDowntimeAsync(uuid, wanted, cancellationToken).ConfigureAwait(false);
            if (limit != wanted)
            {
                MigrationResult kept = new()
                {
                    Plan = plan,
                    Verdict = new(MigrationOutcome.Failed, $"{source.Address.Name} keeps a downtime limit of {limit.TotalMilliseconds} ms for {name} instead of {wanted.TotalMilliseconds} ms; nothing was migrated"),
                    MaxDowntime = limit,
                };
                return AfterGivingUp(kept, await GiveUpAsync(plan, record).ConfigureAwait(false));
            }

            // The last thing before the call: from here on the guest is without them.
            int? started = await StartedAsync(source, plan).ConfigureAwait(false);
            if (await TakeOutAsync(plan, record, replug, progress, cancellationToken).ConfigureAwait(false) is { } verdict)
            {
                RecoveryResult undone = await GiveUpAsync(plan, record).ConfigureAwait(false);
                return AfterGivingUp(new() { Plan = plan, Verdict = verdict, MaxDowntime = limit, Repairs = undone.Done, Absences = TimesOf(replug, null) }, undone);
            }

            leg = await RunLegAsync(
                plan.Expectation, plan.Mode, new(plan.Request.Policy, plan.PolicyContext, StopGrace, record.NewPolicy, record.Note),
                () =>
                {
                    record.Enter(OperationPhase.Migrating);
                    LogStarted(name, source.Address.Name, destination.Address.Name, plan.Mode, plan.Call.Flags);
                    return source.MigrateAsync(plan.Call);
                },
                progress, cancellationToken, settled => ReplugAsync(plan, record, settled, started, progress)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or HostUnreachableException or LibvirtException or HostDeviceException or JournalException)
        {
            // libvirt was not asked to migrate yet: what was prepared is undone, and who asked is told.
            RecoveryResult undone = await GiveUpAsync(plan, record).ConfigureAwait(false);
            if (!undone.IsFinished)
            {
                throw new OperationException(
                    OperationStage.Degraded, DomainOperation.Migrate, source.Address.Name, name, $"{HostAddress.Redact(e.Message)} Nothing was migrated, but not all that was prepared could be undone: {undone.Message}", undone.Remedy, e);
            }

            throw;
        }

        RecoveryResult order = await record.EndAsync(leg.Settled).ConfigureAwait(false);
        limit = leg.Decisions.LastOrDefault(decision => decision is { LimitMs: not null, Problem: null })?.LimitMs is { } raised ? TimeSpan.FromMilliseconds(raised) : limit;
        MigrationEvidence evidence = leg.Evidence with
        {
            Call = leg.Evidence.Call with
            {
                Flags = [.. plan.Call.Flags.ToString().Split(", ")],
                Parameters = plan.Call.DescribeParameters(),
            },
            MaxDowntimeMs = limit.TotalMilliseconds,
            GuestTicks = plan.Request.ReadGuestTicks?.Invoke(leg.Evidence.Call.Started, clock.Now) ?? [],
            Absences = replug.Absences,
        };
        return new MigrationResult
        {
            Plan = plan,
            Verdict = leg.Settled.Verdict with { Outcome = order.Outcome, Message = order.Message, Remedy = order.Remedy },
            Error = leg.Error,
            Evidence = evidence,
            Downtime = leg.HasMoved ? DowntimeMeasurement.Measure(evidence) : null,
            MaxDowntime = limit,
            Decisions = leg.Decisions,
            Repairs = [.. leg.Settled.Done, .. record.Replugged],
            Absences = TimesOf(replug, evidence),
            PeerUnreachable = plan.Mode == MigrationMode.P2P && !leg.Began && order is { Outcome: MigrationOutcome.Failed, IsFinished: true }
                && leg.Error is
                {
                    Code: LibvirtErrorCode.OperationFailed or LibvirtErrorCode.NoConnect or LibvirtErrorCode.SystemError or LibvirtErrorCode.Rpc
                    or LibvirtErrorCode.AuthFailed or LibvirtErrorCode.Ssh or LibvirtErrorCode.Libssh or LibvirtErrorCode.UnknownHost or LibvirtErrorCode.GnutlsError
                },
        };
    }

    /// <summary>
    /// Follows a migration that another process began and the daemons drive, until its end: what a recovery does with one that it finds. Whoever calls it has
    /// the domain's claim. Cancellation asks for the migration's end.
    /// </summary>
    /// <param name="expected">What the migration is to come to.</param>
    /// <param name="policy">What it may do to come to its end.</param>
    /// <param name="context">What is known of it.</param>
    /// <param name="record">What its journal has of it; <see langword="null"/> when no journal here knows it.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Cancels the migration.</param>
    internal async Task<FollowedMigration> FollowAsync(
        MigrationExpectation expected, MigrationPolicy policy, PolicyContext context, RecordedMigration? record = null,
        IProgress<MigrationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        LogFollows(expected.Name, source.Address.Name, destination.Address.Name);
        DriveOrders orders = new(policy, context, StopGrace);
        if (record is not null)
        {
            orders = orders with { NewPolicy = record.NewPolicy, Note = record.Note, IsSent = record.IsSent };
        }

        Leg leg = await RunLegAsync(expected, MigrationMode.P2P, orders, begin: null, progress, cancellationToken).ConfigureAwait(false);
        return new(leg.Settled, leg.Evidence, leg.HasMoved ? DowntimeMeasurement.Measure(leg.Evidence) : null, leg.Decisions);
    }

    /// <summary>Lets a broken post-copy migration go on, until its end. Whoever calls it has the domain's claim; nobody can cancel it.</summary>
    internal async Task<FollowedMigration> ResumePostCopyAsync(MigrationExpectation expected, MigrationMode mode, MigrationCall call, IProgress<MigrationProgress>? progress)
    {
        LogResumes(expected.Name, source.Address.Name, destination.Address.Name);
        Leg leg = await RunLegAsync(
            expected, mode, new(MigrationPolicy.AdaptivePostCopy, new(0, PostCopyAllowed: true), StopGrace, InPostCopy: true), () => source.MigrateAsync(call), progress, CancellationToken.None)
            .ConfigureAwait(false);
        return new(leg.Settled, leg.Evidence, null, leg.Decisions); // its blackout was before
    }

    private async Task<Leg> RunLegAsync(
        MigrationExpectation expected, MigrationMode mode, DriveOrders orders, Func<Task>? begin, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken,
        Func<SettledMigration, Task<SettledMigration>>? whenSettled = null)
    {
        (string name, Guid uuid) = (expected.Name, expected.Uuid);

        // A job that runs already is not asked what it does not answer: its lock may be held.
        IReadOnlyList<double> sourceTrips = begin is null || orders.InPostCopy ? [] : await source.MeasureRoundTripsAsync(uuid, RoundTripCount, cancellationToken).ConfigureAwait(false);

        // The timeline begins before the migration does.
        using EventRecorder sourceEvents = await source.RecordEventsAsync(name, uuid, cancellationToken).ConfigureAwait(false);
        using EventRecorder destinationEvents = await destination.RecordEventsAsync(name, uuid, cancellationToken).ConfigureAwait(false);
        if (begin is not null)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        DateTimeOffset started = clock.Now;
        var driver = new MigrationDriver(source, mode == MigrationMode.Direct ? destination : null, uuid, sourceEvents, clock, _time, progress, _logger);
        Task? call = begin?.Invoke();
        DriveEnd end = await driver.UntilEndAsync(call, orders, cancellationToken).ConfigureAwait(false);
        DateTimeOffset ended = clock.Now;
        LibvirtException? error = call is null ? null : await ErrorOfAsync(call).ConfigureAwait(false);

        // From here on nobody may cancel: the truth has to be found out.
        progress?.Report(new("verifying", driver.LastSample));
        bool began = driver.Samples.Count > 0 || sourceEvents.Events.Any(IsMigration) || destinationEvents.Events.Count > 0;
        if (!driver.IsSent && destinationEvents.Events.Any(RanThere))
        {
            orders.Note?.Invoke(OperationPhase.Sent); // the source's own word was lost
        }

        SettledMigration settled = await Settlement.SettleAsync(expected, () => Seen(new(ResultOf(call, error, end.Reason), error, began, end.Why))).ConfigureAwait(false);
        if (mode == MigrationMode.P2P && call is { IsCompleted: true } && settled.Decision.Finding == MigrationFinding.Underway)
        {
            // Our connection broke, and the daemons go on without us.
            LogFollows(name, source.Address.Name, destination.Address.Name);
            end = await driver.UntilEndAsync(null, orders, cancellationToken).ConfigureAwait(false);
            settled = await Settlement.SettleAsync(expected, () => Seen(new(ResultOf(null, null, end.Reason), Reason: end.Why))).ConfigureAwait(false);
        }

        // First of all: a guest may be waiting for its devices.
        settled = whenSettled is null ? settled : await whenSettled(settled).ConfigureAwait(false);
        LogEnded(name, settled.Verdict.Outcome, settled.Verdict.Message);

        bool moved = settled.Destination.IsActive && !settled.Source.IsActive;
        if (moved && expected.WasRunning)
        {
            // The call may return before the last events have reached us.
            await destinationEvents.WaitAsync(e => e is { Channel: "qmp", Name: "RESUME" }, LateEventWait, _time).ConfigureAwait(false);
        }

        Guid? completedJob = moved ? uuid : null;
        MigrationEvidence evidence = new()
        {
            DomainName = name,
            DomainUuid = uuid,
            Source = await EvidenceAsync(source, settled.Source, sourceEvents, sourceTrips, name, started, completedJob).ConfigureAwait(false),
            Destination = await EvidenceAsync(
                destination, settled.Destination, destinationEvents, moved ? await TripsAsync(destination, uuid).ConfigureAwait(false) : [], name, started, completedJob)
                .ConfigureAwait(false),
            Call = new()
            {
                Started = started,
                Ended = ended,
                Mode = mode == MigrationMode.P2P ? "p2p" : "direct",
                Error = error is null ? null : $"{(int)error.Code}/{error.Domain} {error.Message}",
            },
            JobSamples = driver.Samples,
        };
        settled = await DeviceHealth.LookAsync(settled, source, destination, host => Task.FromResult(LogOf(host == source ? evidence.Source : evidence.Destination))).ConfigureAwait(false);
        return new(settled, evidence, error, began, moved, driver.Decisions);

        JobEnd Seen(JobEnd job)
        {
            bool ran = destinationEvents.Events.Any(RanThere);
            return job with { DestinationMayRun = ran || driver.IsSent, DestinationRan = ran };
        }

        (LogEvidence, DateTimeOffset) LogOf(HostEvidence seen) => (seen.Log, OnClockOf(seen.Events, started));
    }

    /// <summary>An instant on the clock of the host that sent events, however wrong that is.</summary>
    private static DateTimeOffset OnClockOf(IReadOnlyList<ObservedEvent> events, DateTimeOffset instant) =>
        instant + (events.FirstOrDefault(e => e.Stamp is not null) is { } stamped ? stamped.Stamp!.Value - stamped.Arrived : TimeSpan.Zero);

    private sealed record Leg(SettledMigration Settled, MigrationEvidence Evidence, LibvirtException? Error, bool Began, bool HasMoved, IReadOnlyList<PolicyDecision> Decisions);

    /// <summary>Makes the destination's devices, and puts their nodes and the mark into the plan.</summary>
    private async Task<MigrationPlan> PrepareAsync(MigrationPlan plan, RecordedMigration record, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new("preparing"));
        record.Enter(OperationPhase.Preparing);
        if (record.Marker is { } marker)
        {
            plan = MigrationPlanner.WithMarker(plan, marker);
        }

        return plan.Creations.Any() ? await VdpaSteps.Of(destination).CreateAsync(plan, record.IntendAsync, record.NotMade, cancellationToken).ConfigureAwait(false) : plan;
    }

    /// <returns>Why the guest has not let go of a device; <see langword="null"/> when it has of all.</returns>
    private async Task<MigrationVerdict?> TakeOutAsync(MigrationPlan plan, RecordedMigration record, DeviceReplug replug, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        foreach (MappedDevice device in plan.Detachments)
        {
            progress?.Report(new("detaching", Note: $"asks the guest to let go of {device.Source}"));
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                record.IntendDetach(device);
                await replug.TakeOutAsync(plan.Domain, device, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or OperationException { Stage: OperationStage.Cancelled })
            {
                return new(MigrationOutcome.Cancelled, $"cancelled while the guest of {plan.Domain.Name} on {source.Address.Name} was asked to let go of {device.Source}; nothing was migrated");
            }
            catch (HostDeviceException e)
            {
                return new(e.Problem == HostDeviceProblem.TimedOut ? MigrationOutcome.TimedOut : MigrationOutcome.Failed, $"{HostAddress.Redact(e.Message)}; nothing was migrated", e.Remedy);
            }
            catch (OperationException e)
            {
                return new(MigrationOutcome.Failed, $"{HostAddress.Redact(e.Message)}; nothing was migrated", e.Remedy);
            }
        }

        return null;
    }

    /// <summary>Attaches what was detached where the guest has come to rest, and looks whether it works there. Where that is not known nothing is attached: a recovery does it.</summary>
    private async Task<SettledMigration> ReplugAsync(MigrationPlan plan, RecordedMigration record, SettledMigration settled, int? started, IProgress<MigrationProgress>? progress)
    {
        bool moved = settled.Decision.Finding == MigrationFinding.Moved;
        if (!record.HasDetached || !(moved || (settled.Decision.Finding == MigrationFinding.Stayed && settled.Job != JobResult.Unanswered)))
        {
            return settled;
        }

        progress?.Report(new("attaching"));
        await record.ReplugAsync(moved).ConfigureAwait(false);
        IHost host = moved ? destination : source;
        try
        {
            DomainSnapshot? domain = await host.FindDomainAsync(plan.Domain.Uuid, CancellationToken.None).ConfigureAwait(false);
            settled = moved ? settled with { Destination = settled.Destination with { Domain = domain } } : settled with { Source = settled.Source with { Domain = domain } };
            if (record.Dead.Count > 0)
            {
                settled = settled with { Verdict = settled.Verdict.WithDeadDevices(record.Dead, host.Address.Name, plan.Domain.Name) };
            }
            else if (domain is { State: DomainState.Running } && started > 0 && !record.HasDetached && await DeviceHealth.UntilStartedAsync(host, domain, started.Value, StartGrace, _time).ConfigureAwait(false) is { } now && now < started)
            {
                string problem = string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{started} vhost devices were started by the guest on {source.Address.Name}, and {now} are on {host.Address.Name}, {StartGrace.TotalSeconds:0.#} s after the last was attached again");
                settled = settled with { Verdict = settled.Verdict.WithDeadDevices([problem], host.Address.Name, domain.Name) };
            }
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            LogCannotAsk(host.Address.Name, HostAddress.Redact(e.Message));
        }

        return settled;
    }

    /// <summary>How many vhost devices the guest's drivers have started, where one of them is to be detached; <see langword="null"/> when that is not so or not told.</summary>
    private static async Task<int?> StartedAsync(IHost host, MigrationPlan plan) =>
        plan.Detachments.Any(device => device.Scheme is DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa or DeviceScheme.Vduse) ? await DeviceHealth.StartedAsync(host, plan.Domain).ConfigureAwait(false) : null;

    private static IReadOnlyList<DeviceAbsenceTime> TimesOf(DeviceReplug replug, MigrationEvidence? evidence) =>
        [.. replug.Absences.Select(absence => DeviceAbsenceTime.Of(absence, evidence?.Source.RoundTripsMs ?? [], evidence?.Destination.RoundTripsMs ?? []))];

    /// <summary>Undoes what was prepared for a call that was never made.</summary>
    private async Task<RecoveryResult> GiveUpAsync(MigrationPlan plan, RecordedMigration record) =>
        await record.EndAsync(await Settlement.SettleAsync(plan.Expectation, () => new(JobResult.Cancelled, Began: false)).ConfigureAwait(false)).ConfigureAwait(false);

    private static MigrationResult AfterGivingUp(MigrationResult result, RecoveryResult undone) => undone.IsFinished ? result : result with
    {
        Verdict = new(
            undone.Outcome is MigrationOutcome.NeedsPerson or MigrationOutcome.Unreachable ? undone.Outcome : MigrationOutcome.Degraded, $"{result.Verdict.Message}; not all that was prepared could be undone: {undone.Message}", undone.Remedy),
    };

    private static bool RanThere(ObservedEvent observed) => observed is { Channel: "qmp", Name: "RESUME" } || (observed.Channel == "lifecycle" && observed.Name.StartsWith("resumed/", StringComparison.Ordinal));

    private static bool IsMigration(ObservedEvent observed) => observed.Name is "MIGRATION" or "MIGRATION_PASS" || observed.Channel == "iteration";

    private static async Task<LibvirtException?> ErrorOfAsync(Task call)
    {
        if (!call.IsCompleted)
        {
            return null;
        }

        try
        {
            await call.ConfigureAwait(false);
            return null;
        }
        catch (LibvirtException e)
        {
            return e;
        }
    }

    private static JobResult ResultOf(Task? call, LibvirtException? error, StopReason stop) => call is { IsCompleted: false } ? JobResult.Unanswered
        : call is not null && error is null ? JobResult.Succeeded
        : stop switch
        {
            StopReason.Cancelled => JobResult.Cancelled,
            StopReason.TimedOut => JobResult.TimedOut,
            _ => call is null ? JobResult.Unseen : JobResult.Failed,
        };

    private async Task<IReadOnlyList<double>> TripsAsync(IHost host, Guid uuid)
    {
        try
        {
            return await host.MeasureRoundTripsAsync(uuid, RoundTripCount, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            LogCannotAsk(host.Address.Name, e.Message);
            return []; // the measurement then says that its uncertainty is unknown
        }
    }

    private async Task<HostEvidence> EvidenceAsync(
        IHost host, DomainWhereabouts whereabouts, EventRecorder events, IReadOnlyList<double> trips, string name, DateTimeOffset started, Guid? completedJob)
    {
        DomainJobStats? completed = null;
        LogEvidence log;
        try
        {
            if (whereabouts.IsKnown && completedJob is { } uuid)
            {
                completed = await host.GetCompletedJobAsync(uuid, CancellationToken.None).ConfigureAwait(false);
            }

            log = await host.ReadLogAsync(name, OnClockOf(events.Events, started), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            LogCannotAsk(host.Address.Name, e.Message);
            log = new() { Problem = e.Message };
        }

        HostIdentity identity = host.Identity;
        return new()
        {
            Name = identity.Name,
            Uri = identity.Uri,
            HostName = identity.HostName,
            LibvirtVersion = identity.LibvirtVersion,
            QemuVersion = identity.QemuVersion,
            RoundTripsMs = trips,
            Events = events.Events,
            CompletedJob = completed?.Statistics.ToText() ?? new Dictionary<string, string>(),
            Log = log,
            StateAfter = whereabouts.Describe(),
        };
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Information, Message = "Migrating {Domain} from {Source} to {Destination}, {Mode}, {Flags}")]
    private partial void LogStarted(string domain, string source, string destination, MigrationMode mode, DomainMigrateFlags flags);

    [LoggerMessage(EventId = 201, Level = LogLevel.Information, Message = "Migration of {Domain} ended: {Outcome}, {Message}")]
    private partial void LogEnded(string domain, MigrationOutcome outcome, string message);

    [LoggerMessage(EventId = 206, Level = LogLevel.Information, Message = "Following the migration of {Domain} from {Source} to {Destination}, which another process began")]
    private partial void LogFollows(string domain, string source, string destination);

    [LoggerMessage(EventId = 207, Level = LogLevel.Information, Message = "Letting the broken post-copy migration of {Domain} from {Source} to {Destination} go on")]
    private partial void LogResumes(string domain, string source, string destination);

    [LoggerMessage(EventId = 202, Level = LogLevel.Warning, Message = "{Host} cannot be asked: {Reason}")]
    private partial void LogCannotAsk(string host, string reason);

    [LoggerMessage(EventId = 203, Level = LogLevel.Warning,
        Message = "Peer-to-peer migration of {Domain} could not begin, {Source} does not reach {Destination} ({Reason}); going on in direct mode")]
    private partial void LogFallback(string domain, string source, string destination, string reason);
}
