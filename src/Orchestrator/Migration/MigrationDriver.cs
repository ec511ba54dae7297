using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Migration;

/// <summary>How a migration is driven.</summary>
/// <param name="Policy">What it may do to come to its end.</param>
/// <param name="Context">What is known before it begins.</param>
/// <param name="StopGrace">How long it may take to end after it was asked to.</param>
/// <param name="NewPolicy">Asked now and then for another policy that somebody has set meanwhile; <see langword="null"/> when nobody has.</param>
/// <param name="Note">Told before the migration is told to switch to post-copy, when it has switched at somebody else's word, and when the source has sent all of the guest.</param>
/// <param name="InPostCopy">Whether it has switched before.</param>
/// <param name="IsSent">Whether all was sent before.</param>
internal sealed record DriveOrders(
    MigrationPolicy Policy, PolicyContext Context, TimeSpan StopGrace, Func<MigrationPolicy?>? NewPolicy = null, Action<OperationPhase>? Note = null, bool InPostCopy = false, bool IsSent = false);

/// <summary>Why a migration was asked to end, if it was.</summary>
/// <param name="Reason">By whom.</param>
/// <param name="Why">The policy's own words.</param>
internal readonly record struct DriveEnd(StopReason Reason, string? Why = null);

/// <summary>
/// Drives one running migration until its end: polls the job, does what the policy says of it, and asks for its end when the user or the policy wants it. In
/// direct mode nobody but us notices that the destination's daemon is gone (the source's copies on to its QEMU), so there it is watched too.
/// </summary>
internal sealed partial class MigrationDriver(
    IHost source, IHost? driven, Guid uuid, EventRecorder events, ObserverClock clock, TimeProvider time, IProgress<MigrationProgress>? progress, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BlindGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PolicyInterval = TimeSpan.FromSeconds(1);

    private readonly List<JobSample> _samples = [];
    private readonly List<PolicyDecision> _decisions = [];
    private MigrationPolicy _policy = null!;
    private PolicyContext _context = null!;
    private PolicyState _state = PolicyState.Initial;
    private int _boundaries;
    private int _unseen;
    private long? _started;
    private DriveEnd _end;
    private long? _refusedAt;
    private long? _blindSince;
    private bool _postCopy;
    private Action<OperationPhase>? _note;
    private string? _said;

    internal IReadOnlyList<JobSample> Samples => _samples;

    internal IReadOnlyList<PolicyDecision> Decisions => _decisions;

    /// <summary>Whether the source has sent all of the guest.</summary>
    internal bool IsSent { get; private set; }

    internal JobSample? LastSample => _samples.Count > 0 ? _samples[^1] : null;

    /// <summary>
    /// Returns when the migration has ended, or has not within the grace after it was asked to. Called again for one whose connection broke: its time, and what was asked of it, go on.
    /// </summary>
    /// <param name="call">libvirt's call; <see langword="null"/> for a migration that another process began, whose job alone can be seen.</param>
    /// <param name="orders">How.</param>
    /// <param name="cancellationToken">Asks for its end.</param>
    internal async Task<DriveEnd> UntilEndAsync(Task? call, DriveOrders orders, CancellationToken cancellationToken)
    {
        _policy ??= orders.Policy;
        _context ??= orders.Context;
        _note = orders.Note;
        _postCopy |= orders.InPostCopy;
        IsSent |= orders.IsSent;
        if (call is null)
        {
            await TakeLimitAsync().ConfigureAwait(false);
        }

        long asked = time.GetTimestamp();
        long started = _started ??= asked;
        long stopped = asked;
        Task turn = events.NextAsync(IsTurn);
        while (!(call?.IsCompleted ?? await IsOverAsync().ConfigureAwait(false)))
        {
            if (time.GetElapsedTime(asked) >= PolicyInterval)
            {
                asked = time.GetTimestamp();
                await TakeNewPolicyAsync(orders.NewPolicy?.Invoke()).ConfigureAwait(false);
            }

            NoticePostCopy();
            NoticeSent();
            if (_end.Reason == StopReason.None)
            {
                _end = await ReasonToStopAsync(cancellationToken).ConfigureAwait(false);
                stopped = time.GetTimestamp();
            }

            if (_end.Reason != StopReason.None && _postCopy)
            {
                // Half the guest is there already.
                Say("it cannot be ended any more: the guest runs on the destination, and its memory follows; the migration goes on");
                _end = default;
                cancellationToken = CancellationToken.None;
            }
            else if (_end.Reason != StopReason.None && time.GetElapsedTime(stopped) >= orders.StopGrace)
            {
                break;
            }

            DriveEnd wanted = await PollAsync(_end.Reason, time.GetElapsedTime(started)).ConfigureAwait(false);
            if (_end.Reason == StopReason.None && wanted.Reason != StopReason.None)
            {
                (_end, stopped) = (wanted, time.GetTimestamp());
                continue;
            }

            Task pause = Task.Delay(Interval, time, _end.Reason == StopReason.None ? cancellationToken : CancellationToken.None);
            await Task.WhenAny(call ?? pause, pause, turn).ConfigureAwait(false);
            turn = turn.IsCompleted ? events.NextAsync(IsTurn) : turn;
        }

        NoticeSent();
        return _end;
    }

    private static bool IsBoundary(ObservedEvent observed) => observed.Channel == "iteration";

    private static bool IsTurn(ObservedEvent observed) => IsBoundary(observed) || QmpEvents.IsSent(observed);

    private void NoticeSent()
    {
        if (!IsSent && events.Events.Any(QmpEvents.IsSent))
        {
            IsSent = true;
            _note?.Invoke(OperationPhase.Sent);
        }
    }

    private void NoticePostCopy()
    {
        if (!_postCopy && events.Events.Any(QmpEvents.IsPostCopy))
        {
            _postCopy = true;
            _note?.Invoke(OperationPhase.PostCopy);
            Say("the guest runs on the destination, and its memory follows (post-copy): from here on there is no way back");
        }
    }

    private async Task TakeNewPolicyAsync(MigrationPolicy? policy)
    {
        if (policy is null || policy == _policy)
        {
            return;
        }

        // It begins with its own limit: the one in force may be another policy's, and higher than this one would ever allow.
        TimeSpan limit = PolicyEngine.InitialMaxDowntime(policy, _context);
        var set = new SetMaxDowntime(limit, $"the policy {policy.Name} begins with it");
        string? problem = await DoAsync(set).ConfigureAwait(false);
        _decisions.Add(PolicyDecision.Of(set, clock.Now, problem));
        (_policy, _state) = (policy, PolicyState.Initial with { Limit = problem is null ? limit : _state.Limit });
        Say($"goes on by the policy {policy.Name}, with a downtime limit of {limit.TotalMilliseconds:0} ms{(problem is null ? "" : $" (could not be set: {problem})")}");
    }

    private async Task<DriveEnd> ReasonToStopAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? new(StopReason.Cancelled)
        : !_postCopy && await IsLostAsync().ConfigureAwait(false) ? new(StopReason.DestinationLost)
        : default;

    /// <summary>The limit of a migration that others began is where its policy goes on from.</summary>
    private async Task TakeLimitAsync()
    {
        try
        {
            _state = _state with { Limit = await source.MaxDowntimeAsync(uuid, null, CancellationToken.None).ConfigureAwait(false) };
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            LogBlind(logger, source.Address.Name, HostAddress.Redact(e.Message)); // it may have ended this moment
        }
    }

    /// <summary>Whether a job that nobody waits for is over: its host says so twice, for a daemon that just begins it says the same.</summary>
    private async Task<bool> IsOverAsync()
    {
        try
        {
            DomainSnapshot? domain = await source.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false);
            DomainCondition condition = DomainConditions.Of(domain);
            _blindSince = null;
            _unseen = condition is DomainCondition.Leaving or DomainCondition.PostCopy ? 0 : _unseen + 1;
            _postCopy |= condition == DomainCondition.PostCopy; // it may have switched before we came
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            // A daemon that is restarted, a link that is down for a while: the migration may go on all the same.
            LogBlind(logger, source.Address.Name, HostAddress.Redact(e.Message));
            _blindSince ??= time.GetTimestamp();
            return time.GetElapsedTime(_blindSince.Value) >= BlindGrace;
        }

        return _unseen >= 2;
    }

    private async Task<bool> IsLostAsync()
    {
        try
        {
            await (driven?.PingAsync(CancellationToken.None) ?? Task.CompletedTask).ConfigureAwait(false);
            return false;
        }
        catch (HostUnreachableException e)
        {
            LogBlind(logger, e.Host, e.Message);
            return true;
        }
    }

    private async Task<DriveEnd> PollAsync(StopReason stop, TimeSpan elapsed)
    {
        var wanted = new DriveEnd(StopReason.None);
        try
        {
            if (stop != StopReason.None)
            {
                // Again each time: the job may not have begun when we first asked.
                await source.AbortJobAsync(uuid, CancellationToken.None).ConfigureAwait(false);
            }

            if (await source.GetJobAsync(uuid, CancellationToken.None).ConfigureAwait(false) is { Operation: DomainJobOperation.MigrationOut } job)
            {
                Keep(JobSamples.Of(job, clock.Now));
            }

            // Without a job there is nothing to judge by but the time: preparing may hang as well.
            wanted = stop == StopReason.None ? await FollowPolicyAsync(elapsed).ConfigureAwait(false) : wanted;
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            // The watch goes blind, the call goes on: what matters is what it returns and what the hosts say afterwards.
            LogBlind(logger, source.Address.Name, HostAddress.Redact(e.Message));
        }

        progress?.Report(new(_postCopy ? "post_copy" : stop != StopReason.None ? "cancelling" : LastSample is null ? "preparing" : "migrating", LastSample, _said));
        _said = null;
        return wanted;
    }

    /// <summary>A job that ends has no figures any more: the last ones that it had count.</summary>
    private void Keep(JobSample sample)
    {
        if (sample.MemoryTotal > 0 || LastSample is not { MemoryTotal: > 0 })
        {
            _samples.Add(sample);
        }
    }

    private async Task<DriveEnd> FollowPolicyAsync(TimeSpan elapsed)
    {
        if (_refusedAt is { } at && time.GetElapsedTime(at) < PolicyInterval)
        {
            return default;
        }

        PolicyState before = _state;
        int boundaries = events.Events.Count(IsBoundary);
        JobSample? last = LastSample;
        (_state, IReadOnlyList<PolicyAction> actions) = PolicyEngine.Step(_policy, _context, _state, new(
            elapsed,
            last?.Iteration ?? 0,
            last?.MemoryTotal ?? 0,
            last?.MemoryRemaining ?? 0,
            last?.MemoryBytesPerSecond ?? 0,
            (last?.DirtyPagesPerSecond ?? 0) * (last?.PageSize ?? 0),
            last?.ExpectedDowntimeMs is { } expected ? TimeSpan.FromMilliseconds(expected) : null,
            AtIterationBoundary: boundaries > _boundaries,
            _postCopy));
        _boundaries = boundaries;
        foreach (PolicyAction action in actions)
        {
            string? problem = await DoAsync(action).ConfigureAwait(false);
            var decision = PolicyDecision.Of(action, clock.Now, problem);
            _decisions.Add(decision);
            Say(decision.ToString());
            if (action is SetMaxDowntime && problem is not null)
            {
                // The one before is still in force; the policy decides again a little later.
                (_state, _refusedAt) = (_state with { Limit = before.Limit, LimitSetAt = before.LimitSetAt, Retreats = before.Retreats }, time.GetTimestamp());
            }

            if (action is GiveUp)
            {
                return new(StopReason.TimedOut, action.Reason);
            }
        }

        return default;
    }

    /// <returns>Why it could not be done.</returns>
    private async Task<string?> DoAsync(PolicyAction action)
    {
        try
        {
            if (action is SetMaxDowntime set)
            {
                await source.MaxDowntimeAsync(uuid, set.Limit, CancellationToken.None).ConfigureAwait(false);
            }
            else if (action is StartPostCopy)
            {
                _note?.Invoke(OperationPhase.PostCopy);
                await source.StartPostCopyAsync(uuid, CancellationToken.None).ConfigureAwait(false);
            }

            return null;
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            if (action is StartPostCopy)
            {
                _context = _context with { PostCopyAllowed = false };
            }

            return HostAddress.Redact(e.Message);
        }
    }

    private void Say(string note)
    {
        LogSays(logger, note);
        _said = _said is null ? note : $"{_said}; {note}";
    }

    [LoggerMessage(EventId = 210, Level = LogLevel.Warning, Message = "{Host} does not answer while it migrates: {Reason}")]
    private static partial void LogBlind(ILogger logger, string host, string reason);

    [LoggerMessage(EventId = 211, Level = LogLevel.Information, Message = "The migration: {Note}")]
    private static partial void LogSays(ILogger logger, string note);
}
