using System.Text.Json;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Recovery;

/// <summary>
/// Finishes or undoes operations that their processes did not: asks both hosts, decides by <see cref="OutcomeTable"/>, follows a migration that still runs, mends what
/// may be mended, and puts back what was changed for it. May be killed at any moment: the next run goes on.
/// </summary>
/// <param name="connect">Connects to the hosts.</param>
/// <param name="clock">The clock with which they are connected.</param>
/// <param name="journal">This machine's journal; <see langword="null"/> when there is none.</param>
/// <param name="claims">The claims of this process.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
public sealed partial class Recoverer(
    HostConnector connect, ObserverClock clock, Journal? journal = null, DomainClaims? claims = null, TimeProvider? time = null, ILogger? logger = null)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly DomainClaims _claims = claims ?? new(time);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    /// <summary>How long a host that does not answer is asked again: its daemon may just be restarted.</summary>
    public TimeSpan HostGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long something that is on its way to its end may take to get there.</summary>
    public TimeSpan SettleGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How effects are undone, by the kind of their steps.</summary>
    public IReadOnlyDictionary<string, StepUndoer> Undoers { get; init; } = ReplugSteps.DefaultUndoers;

    /// <summary>How effects are finished of which something is left to do once the guest has moved, by the kind of their steps; the others are kept as they are.</summary>
    public IReadOnlyDictionary<string, StepUndoer> Finishers { get; init; } = ReplugSteps.DefaultFinishers;

    /// <summary>The migrations that the journal has as not ended, the oldest first; some may be running right now.</summary>
    public IReadOnlyList<UnfinishedOperation> FindAll() => [.. (journal?.Unfinished() ?? []).Where(operation => operation.Intent.Kind == "migrate").Select(UnfinishedOperation.Of)];

    /// <summary>The operation of a domain that has not ended, by the domain's marker and the journal; <see langword="null"/> when there is none.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="domain">The domain as a host has it, if one does.</param>
    public UnfinishedOperation? Find(Guid uuid, DomainSnapshot? domain)
    {
        OperationMarker? marker = domain is { IsActive: true } ? OperationMarker.Read(domain.Xml) : null;
        IReadOnlyList<JournalOperation> known = journal?.Find(uuid) ?? [];

        // The marked one first: it is the one that the copy is in.
        return marker is not null && known.FirstOrDefault(operation => operation.Id == marker.Id) is { Ended: null } marked ? UnfinishedOperation.Of(marked)
            : marker is not null ? UnfinishedOperation.Of(marker, domain!)
            : known.LastOrDefault(operation => operation.Ended is null) is { } open ? UnfinishedOperation.Of(open)
            : null;
    }

    /// <summary>Says what a recovery would do; changes nothing and waits for nobody.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<RecoveryResult> LookAsync(UnfinishedOperation operation, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        if (operation is { IsForeign: true, IsDecided: false })
        {
            return Foreign(operation) with { IsDryRun = true };
        }

        await using OtherClaim? other = await _claims.FindAsync(ClaimKey.OfDomain(operation.DomainUuid), Self(operation), cancellationToken).ConfigureAwait(false);
        if (other is not null)
        {
            return Held(operation, other) with { IsDryRun = true };
        }

        await using RecoveryHosts hosts = await RecoveryHosts.ConnectAsync(operation, connect, TimeSpan.Zero, _time, cancellationToken).ConfigureAwait(false);
        (DomainWhereabouts here, DomainWhereabouts there, OutcomeDecision decision) = await hosts.LookAsync(cancellationToken).ConfigureAwait(false);
        return (RecoveryRules.Refusal(operation, decision, here, there) is { } refusal
            ? NotOurs(operation, decision, refusal)
            : CannotResume(operation, decision, hosts) is { } problem ? Judged(operation, hosts, here, there, decision) with { Remedy = problem }
            : Judged(operation, hosts, here, there, decision) with { Done = RecoveryRules.Would(operation, decision) }) with
        { IsDryRun = true };
    }

    /// <summary>Recovers an operation, unless somebody works on its domain. Cancellation asks for the end of a migration that is followed.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="progress">Told how far a migration is that is followed.</param>
    /// <param name="cancellationToken">Ends the wait, or cancels the migration.</param>
    /// <exception cref="JournalException">The journal cannot be used.</exception>
    public async Task<RecoveryResult> RecoverAsync(UnfinishedOperation operation, IProgress<MigrationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        if (operation is { IsForeign: true, IsDecided: false })
        {
            return Foreign(operation);
        }

        ClaimAttempt attempt = await _claims.TryClaimAsync(ClaimKey.OfDomain(operation.DomainUuid), Self(operation), cancellationToken).ConfigureAwait(false);
        if (attempt.Claim is not { } claim)
        {
            await using OtherClaim other = attempt.Other!;
            return Held(operation, other);
        }

        await using (claim.ConfigureAwait(false))
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, claim.CancelRequested);
            return await RecoverClaimedAsync(operation, follow: true, progress, ended.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Recovers an operation of a domain that is claimed already.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="follow">Whether a migration that still runs is followed; else it is left alone, and the result says that it runs.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Ends the wait, or cancels the migration.</param>
    internal async Task<RecoveryResult> RecoverClaimedAsync(UnfinishedOperation operation, bool follow, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        // Anew: until a moment ago somebody else may have had the domain.
        if (operation.IsInJournal && journal?.Get(operation.Id!.Value) is { } known)
        {
            if (known.Ended is not null)
            {
                return new() { Operation = operation, Outcome = OutcomeOf(known.Outcome), Message = known.Message ?? "it has ended meanwhile", IsFinished = true };
            }

            operation = UnfinishedOperation.Of(known) with { Source = operation.Source, Destination = operation.Destination, IsDecided = operation.IsDecided, MaxDowntime = operation.MaxDowntime };
        }

        LogRecovers(operation.DomainName, operation.Source.Name, operation.Destination.Name);
        await using RecoveryHosts hosts = await RecoveryHosts.ConnectAsync(operation, connect, HostGrace, _time, cancellationToken).ConfigureAwait(false);
        (DomainWhereabouts here, DomainWhereabouts there, OutcomeDecision decision) = await RestAsync(hosts, cancellationToken).ConfigureAwait(false);
        if (RecoveryRules.Refusal(operation, decision, here, there) is { } refusal)
        {
            return NotOurs(operation, decision, refusal);
        }

        if (hosts.Source is not { } source || hosts.Destination is not { } destination || decision.Action == OutcomeAction.AskAgain
            || (decision.Action is OutcomeAction.Follow or OutcomeAction.ResumePostCopy && !follow))
        {
            return Logged(Judged(operation, hosts, here, there, decision));
        }

        if (CannotResume(operation, decision, hosts) is { } problem)
        {
            return Logged(Judged(operation, hosts, here, there, decision) with { Remedy = problem });
        }

        FollowedMigration? followed = decision.Action switch
        {
            OutcomeAction.Follow => await FollowAsync(operation, source, destination, here.Domain!, progress, cancellationToken).ConfigureAwait(false),
            OutcomeAction.ResumePostCopy => await ResumeAsync(operation, source, destination, progress).ConfigureAwait(false),
            _ => null,
        };
        SettledMigration settled = followed?.Settled ?? await SettleAsync(operation, source, destination).ConfigureAwait(false);
        var after = new RecoveryAftermath(operation, source, destination, journal, Undoers, Finishers, _logger);
        RecoveryResult result = await after.PutInOrderAsync(settled).ConfigureAwait(false);
        return Logged(result with { IsAdopted = followed is not null, Followed = followed });
    }

    /// <summary>Looks until nothing is on its way any more, or too long.</summary>
    private async Task<(DomainWhereabouts Here, DomainWhereabouts There, OutcomeDecision Decision)> RestAsync(RecoveryHosts hosts, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            (DomainWhereabouts here, DomainWhereabouts there, OutcomeDecision decision) = await hosts.LookAsync(cancellationToken).ConfigureAwait(false);

            // A host that could not be connected has had its time.
            bool connected = hosts is { Source: not null, Destination: not null };
            // Before the destination has its copy, the source has begun to leave.
            bool begins = decision.Action == OutcomeAction.Follow && there.IsKnown && there.State(wasRunning: false) is CopyState.None or CopyState.Left;
            if ((decision.Action != OutcomeAction.AskAgain && !begins) || _time.GetElapsedTime(start) >= (here.IsKnown && there.IsKnown ? SettleGrace : connected ? HostGrace : TimeSpan.Zero))
            {
                return (here, there, decision);
            }

            await Task.Delay(LookAgain, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<FollowedMigration> FollowAsync(
        UnfinishedOperation operation, IHost source, IHost destination, DomainSnapshot domain, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        var request = new MigrationRequest
        {
            Domain = $"{operation.DomainUuid}",
            Policy = PolicyOf(operation),
            MaxDowntime = operation.MaxDowntime,

            // Of its time some has gone by.
            Timeout = operation is { Timeout: { } timeout, Started: { } started } ? Longest(timeout - (_time.GetUtcNow() - started), TimeSpan.Zero) : null,
        };
        return new Migrator(source, destination, clock, _time, _logger, _claims) { HostGrace = HostGrace }.FollowAsync(
            operation.Expectation, request.Policy, TransferCall.ContextOf(request, domain), RecordedMigration.Of(journal, operation, _logger, source, destination), progress, cancellationToken);

        static TimeSpan Longest(TimeSpan one, TimeSpan other) => one > other ? one : other;
    }

    private Task<FollowedMigration> ResumeAsync(UnfinishedOperation operation, IHost source, IHost destination, IProgress<MigrationProgress>? progress)
    {
        (MigrationMode mode, MigrationCall call) = PostCopyResume.Call(operation, source.Identity, destination.Identity, destination.Address);
        return new Migrator(source, destination, clock, _time, _logger, _claims) { HostGrace = HostGrace }.ResumePostCopyAsync(operation.Expectation, mode, call, progress);
    }

    private async Task<SettledMigration> SettleAsync(UnfinishedOperation operation, IHost source, IHost destination)
    {
        var settlement = new MigrationSettlement(source, destination, _time, _logger) { HostGrace = HostGrace, SettleGrace = SettleGrace };
        SettledMigration settled = await settlement.SettleAsync(operation.Expectation, () => operation.End).ConfigureAwait(false);
        return await DeviceHealth.LookAsync(settled, source, destination, ReadLogAsync).ConfigureAwait(false);

        // Nothing was seen by which the hosts' clocks could be told from ours; without a beginning, no line of the log is known to be of this migration.
        async Task<(LogEvidence, DateTimeOffset)> ReadLogAsync(IHost host)
        {
            try
            {
                return operation.Started is { } started ? (await host.ReadLogAsync(operation.DomainName, started, CancellationToken.None).ConfigureAwait(false), started) : (new(), default);
            }
            catch (Exception e) when (e is HostUnreachableException or LibvirtException)
            {
                LogNoLog(operation.DomainName, host.Address.Name, HostAddress.Redact(e.Message));
                return (new(), default);
            }
        }
    }

    private static string? CannotResume(UnfinishedOperation operation, OutcomeDecision decision, RecoveryHosts hosts) =>
        decision.Action == OutcomeAction.ResumePostCopy && hosts is { Source: { } source, Destination: { } destination } ? PostCopyResume.Problem(operation, source.Identity, destination.Identity) : null;

    private MigrationPolicy PolicyOf(UnfinishedOperation operation)
    {
        try
        {
            return operation.Policy is { } json ? PolicyDocument.FromJson(json) : MigrationPolicy.Adaptive;
        }
        catch (JsonException e)
        {
            LogNoPolicy(operation.DomainName, MigrationPolicy.Adaptive.Name, e.Message); // written by a newer version
            return MigrationPolicy.Adaptive;
        }
    }

    private static RecoveryResult Judged(UnfinishedOperation operation, RecoveryHosts hosts, DomainWhereabouts here, DomainWhereabouts there, OutcomeDecision decision)
    {
        MigrationVerdict verdict = MigrationVerdict.Judge(operation.Expectation, hosts.SourceIdentity, hosts.DestinationIdentity, here, there, operation.End);
        bool waits = decision.Finding == MigrationFinding.Underway && !(here.IsKnown && there.IsKnown);
        string message = waits ? $"{verdict.Message}; {(here.IsKnown ? there : here).Host} cannot be asked" : verdict.Message;
        return new()
        {
            Operation = operation,
            Outcome = waits ? MigrationOutcome.Unreachable : verdict.Outcome,
            Message = string.Join("; ", [message, .. hosts.Problems]),
            Remedy = hosts.Problems.Count == 0 ? verdict.Remedy : $"Where the host got another UUID, or the name was given on, name both hosts by their URIs: {operation.CommandByHand}",
            Finding = decision.Finding,
        };
    }

    private static RecoveryResult NotOurs(UnfinishedOperation operation, OutcomeDecision decision, string why) => new()
    {
        Operation = operation,
        Outcome = MigrationOutcome.NeedsPerson,
        Message = why,
        Remedy = $"When it is certain that no other host runs it or has run it since: {operation.CommandByHand}",
        Finding = decision.Finding,
    };

    private static RecoveryResult Foreign(UnfinishedOperation operation) => new()
    {
        Operation = operation,
        Outcome = MigrationOutcome.Refused,
        Message = $"the {operation} is another machine's: whether it still works on it cannot be seen from here",
        Remedy = $"Recover it on {operation.Owner!.HostName}. When that machine is known to be dead: {operation.CommandByHand}",
    };

    private static RecoveryResult Held(UnfinishedOperation operation, OtherClaim other) => new()
    {
        Operation = operation,
        Outcome = MigrationOutcome.Refused,
        Message = $"{operation.DomainName} is being worked on: {other}",
        Remedy = other.Holder is null && other.Pid is { } pid ? $"Let it go on (kill -CONT {pid}) or end it (kill -KILL {pid}), then recover again." : "Wait for its end, or ask for it: orchestrator migration cancel.",
    };

    private RecoveryResult Logged(RecoveryResult result)
    {
        LogRecovered(result.Operation.DomainName, result.Outcome, result.Message);
        return result;
    }

    private static MigrationOutcome OutcomeOf(string? code) =>
        Array.Find(Enum.GetValues<MigrationOutcome>(), outcome => ErrorDocument.CodeOf(outcome) == code); // an unknown one is what "completed" stands for: it has ended

    private ClaimHolder Self(UnfinishedOperation operation) => ClaimHolder.Here(DomainOperation.Migrate, operation.DomainName, operation.Source.Name, _time);

    [LoggerMessage(EventId = 403, Level = LogLevel.Warning, Message = "The policy of the migration of {Domain} cannot be read, it goes on by {Policy}: {Reason}")]
    private partial void LogNoPolicy(string domain, string policy, string reason);

    [LoggerMessage(EventId = 404, Level = LogLevel.Warning, Message = "The log of {Domain} on {Host} cannot be read: {Reason}")]
    private partial void LogNoLog(string domain, string host, string reason);

    [LoggerMessage(EventId = 400, Level = LogLevel.Information, Message = "Recovering the migration of {Domain} from {Source} to {Destination}")]
    private partial void LogRecovers(string domain, string source, string destination);

    [LoggerMessage(EventId = 401, Level = LogLevel.Information, Message = "Recovery of {Domain}: {Outcome}, {Message}")]
    private partial void LogRecovered(string domain, MigrationOutcome outcome, string message);
}
