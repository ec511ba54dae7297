using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

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
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LateEventWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(500);
    private const int RoundTripCount = 16;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private readonly OperationGate _gate = new(source, claims ?? new(time), time, logger);

    /// <summary>How long a call that was asked to end may go on before we report what is where without it.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a host that does not answer after the call is asked again, when without it nobody knows where the guest is: its daemon may just be restarted.</summary>
    public TimeSpan HostGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Asks both hosts what a plan needs.</summary>
    public PlanFactsReader FactsReader { get; init; } = new();

    /// <summary>Computes what a migration would do; changes nothing.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The source has no such domain.</exception>
    public async Task<MigrationPlan> PlanAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        MigrationPlan plan = await ComputeAsync(request, cancellationToken).ConfigureAwait(false);
        (string? problem, string? remedy, string? note) = await _gate.ForeseeAsync(DomainOperation.Migrate, plan.Domain.Uuid, request.Options, cancellationToken).ConfigureAwait(false);
        return plan with
        {
            Checks =
            [
                .. plan.Checks,
                new(
                    "free-to-migrate", note is null ? CheckSeverity.Error : CheckSeverity.Warning, problem is null && note is null ? CheckResult.Pass : CheckResult.Fail,
                    problem ?? note ?? $"nobody else works on {plan.Domain.Name} or manages it", remedy),
            ],
        };
    }

    private async Task<MigrationPlan> ComputeAsync(MigrationRequest request, CancellationToken cancellationToken)
    {
        DomainSnapshot domain = await source.FindDomainAsync(request.Domain, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException(request.Domain, source.Address.Name);
        return await ComputeAsync(request, domain, cancellationToken).ConfigureAwait(false);
    }

    private async Task<MigrationPlan> ComputeAsync(MigrationRequest request, Guid uuid, CancellationToken cancellationToken)
    {
        DomainSnapshot domain = await source.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException($"{uuid}", source.Address.Name);
        return await ComputeAsync(request, domain, cancellationToken).ConfigureAwait(false);
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
        MigrationRequest request, IProgress<MigrationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        progress?.Report(new("checking"));
        MigrationPlan plan = await ComputeAsync(request, cancellationToken).ConfigureAwait(false);
        if (plan.IsRefused)
        {
            return MigrationResult.Refused(plan);
        }

        await using EnteredOperation entered = await _gate.EnterAsync(DomainOperation.Migrate, plan.Domain.Uuid, request.Options, cancellationToken).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, entered.CancelRequested);
        MigrationResult result;
        try
        {
            result = await RunClaimedAsync(request with { Domain = $"{plan.Domain.Uuid}" }, plan.Domain.Uuid, progress, ended.Token).ConfigureAwait(false);
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

    private async Task<MigrationResult> RunClaimedAsync(MigrationRequest request, Guid uuid, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        // Anew: the gate may have waited for somebody who changed the domain.
        MigrationPlan plan = await ComputeAsync(request, uuid, cancellationToken).ConfigureAwait(false);
        if (plan.IsRefused)
        {
            return MigrationResult.Refused(plan);
        }

        MigrationResult result = await RunAsync(plan, progress, cancellationToken).ConfigureAwait(false);
        if (request.Mode == MigrationMode.Auto && result.PeerUnreachable)
        {
            // The source's daemon could not connect, and nothing had begun: the other way is open.
            LogFallback(plan.Domain.Name, source.Address.Name, destination.Address.Name, result.Verdict.Message);
            plan = await ComputeAsync(request with { Mode = MigrationMode.Direct }, uuid, cancellationToken).ConfigureAwait(false);
            result = plan.IsRefused ? MigrationResult.Refused(plan) : await RunAsync(plan, progress, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    private async Task<MigrationResult> RunAsync(MigrationPlan plan, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        string name = plan.Domain.Name;
        Guid uuid = plan.Domain.Uuid;

        // The limit first: it does not travel, so it is set before each leg, and read back.
        TimeSpan limit = await source.MaxDowntimeAsync(uuid, plan.Request.MaxDowntime, cancellationToken).ConfigureAwait(false);
        if (plan.Request.MaxDowntime is { } wanted && limit != wanted)
        {
            return new()
            {
                Plan = plan,
                Verdict = new(MigrationOutcome.Failed, $"{source.Address.Name} keeps a downtime limit of {limit.TotalMilliseconds} ms for {name} instead of {wanted.TotalMilliseconds} ms; nothing was migrated"),
                MaxDowntime = limit,
            };
        }

        IReadOnlyList<double> sourceTrips = await source.MeasureRoundTripsAsync(uuid, RoundTripCount, cancellationToken).ConfigureAwait(false);

        // The timeline begins before the migration does.
        using EventRecorder sourceEvents = await source.RecordEventsAsync(name, uuid, cancellationToken).ConfigureAwait(false);
        using EventRecorder destinationEvents = await destination.RecordEventsAsync(name, uuid, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();

        DateTimeOffset started = clock.Now;
        LogStarted(name, source.Address.Name, destination.Address.Name, plan.Mode, plan.Call.Flags);
        var watch = new MigrationWatch(source, plan.Mode == MigrationMode.Direct ? destination : null, uuid, clock, _time, progress, _logger);
        Task call = source.MigrateAsync(plan.Call);
        StopReason stop = await watch.UntilEndAsync(call, plan.Request.Timeout, PollInterval, StopGrace, cancellationToken).ConfigureAwait(false);
        DateTimeOffset ended = clock.Now;
        LibvirtException? error = await ErrorOfAsync(call).ConfigureAwait(false);

        // From here on nobody may cancel: the truth has to be found out.
        progress?.Report(new("verifying", watch.LastSample));
        bool began = watch.Samples.Count > 0 || sourceEvents.Events.Any(IsMigration) || destinationEvents.Events.Count > 0;
        DomainWhereabouts here = await WhereaboutsAsync(source, plan).ConfigureAwait(false);
        DomainWhereabouts there = await WhereaboutsAsync(destination, plan).ConfigureAwait(false);
        MigrationVerdict verdict = Judge();
        for (long asked = _time.GetTimestamp(); verdict.Outcome == MigrationOutcome.NeedsPerson && !(here.IsKnown && there.IsKnown) && _time.GetElapsedTime(asked) < HostGrace;)
        {
            await Task.Delay(AskAgain, _time, CancellationToken.None).ConfigureAwait(false);
            here = here.IsKnown ? here : await WhereaboutsAsync(source, plan).ConfigureAwait(false);
            there = there.IsKnown ? there : await WhereaboutsAsync(destination, plan).ConfigureAwait(false);
            verdict = Judge();
        }

        MigrationVerdict Judge() => call.IsCompleted
            ? MigrationVerdict.Judge(plan, here, there, error, stop, began)
            : new(MigrationOutcome.NeedsPerson,
                $"libvirt's call did not return within {StopGrace.TotalSeconds:0} s of being asked to end ({here.Host}: {here.Describe()}, {there.Host}: {there.Describe()})",
                $"Look at the job on {source.Address.Name}: virsh domjobinfo {uuid}. Its daemon may hang.");
        LogEnded(name, verdict.Outcome, verdict.Message);

        bool moved = there.IsActive && !here.IsActive;
        if (moved && plan.Domain.State == DomainState.Running)
        {
            // The call may return before the last events have reached us.
            await destinationEvents.WaitAsync(e => e is { Channel: "qmp", Name: "RESUME" }, LateEventWait, _time).ConfigureAwait(false);
        }

        MigrationEvidence evidence = new()
        {
            DomainName = name,
            DomainUuid = uuid,
            Source = await EvidenceAsync(source, here, sourceEvents, sourceTrips, name, started, completedJob: !moved ? null : uuid).ConfigureAwait(false),
            Destination = await EvidenceAsync(
                destination, there, destinationEvents, moved ? await TripsAsync(destination, uuid).ConfigureAwait(false) : [], name, started, moved ? uuid : null)
                .ConfigureAwait(false),
            Call = new()
            {
                Started = started,
                Ended = ended,
                Mode = plan.Mode == MigrationMode.P2P ? "p2p" : "direct",
                Flags = [.. plan.Call.Flags.ToString().Split(", ")],
                Parameters = plan.Call.Parameters.ToDictionary(p => p.Key, p => Convert.ToString(p.Value, System.Globalization.CultureInfo.InvariantCulture) ?? ""),
                Error = error is null ? null : $"{(int)error.Code}/{error.Domain} {error.Message}",
            },
            MaxDowntimeMs = limit.TotalMilliseconds,
            JobSamples = watch.Samples,
            GuestTicks = plan.Request.ReadGuestTicks?.Invoke(started, clock.Now) ?? [],
        };
        return new MigrationResult
        {
            Plan = plan,
            Verdict = verdict,
            Error = error,
            Evidence = evidence,
            Downtime = moved ? DowntimeMeasurement.Measure(evidence) : null,
            MaxDowntime = limit,
            PeerUnreachable = plan.Mode == MigrationMode.P2P && !began && verdict.Outcome == MigrationOutcome.Failed
                && error is
                {
                    Code: LibvirtErrorCode.OperationFailed or LibvirtErrorCode.NoConnect or LibvirtErrorCode.SystemError or LibvirtErrorCode.Rpc
                    or LibvirtErrorCode.AuthFailed or LibvirtErrorCode.Ssh or LibvirtErrorCode.Libssh or LibvirtErrorCode.UnknownHost or LibvirtErrorCode.GnutlsError
                },
        };
    }

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

    private async Task<DomainWhereabouts> WhereaboutsAsync(IHost host, MigrationPlan plan)
    {
        try
        {
            HostSnapshot snapshot = await host.SnapshotAsync(plan.Domain.Name, plan.Domain.Uuid, CancellationToken.None).ConfigureAwait(false);
            return new(host.Address.Name, true, snapshot.ByUuid);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            LogCannotAsk(host.Address.Name, e.Message);
            return new(host.Address.Name, false, null);
        }
    }

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

            // On the host's own clock, however wrong that is.
            DateTimeOffset since = started + (events.Events.FirstOrDefault(e => e.Stamp is not null) is { } stamped ? stamped.Stamp!.Value - stamped.Arrived : TimeSpan.Zero);
            log = await host.ReadLogAsync(name, since, CancellationToken.None).ConfigureAwait(false);
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

    [LoggerMessage(EventId = 202, Level = LogLevel.Warning, Message = "{Host} cannot be asked: {Reason}")]
    private partial void LogCannotAsk(string host, string reason);

    [LoggerMessage(EventId = 203, Level = LogLevel.Warning,
        Message = "Peer-to-peer migration of {Domain} could not begin, {Source} does not reach {Destination} ({Reason}); going on in direct mode")]
    private partial void LogFallback(string domain, string source, string destination, string reason);
}
