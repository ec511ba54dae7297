using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Recovery;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Running;

/// <summary>
/// Puts back what nights whose process died have left: guests go home, what was made for the run is removed, settings are put back, and the run is closed. Their migrations are
/// <see cref="Recoverer"/>'s, and come first. May be killed at any moment: the next run goes on.
/// </summary>
/// <param name="connect">Connects to the hosts.</param>
/// <param name="clock">The clock with which they are connected.</param>
/// <param name="journal">This machine's journal.</param>
/// <param name="closeRun">Closes a run.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
public sealed class NightRecovery(
    HostConnector connect, ObserverClock clock, Journal journal, RunCloser closeRun, TimeProvider? time = null, ILogger? logger = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>This machine's files.</summary>
    public HostFiles Files { get; init; } = new();

    /// <summary>The program <c>ssh</c>: its path, or its name.</summary>
    public string Ssh { get; init; } = "ssh";

    /// <summary>Settles what dead processes left on a guest before it is worked on.</summary>
    public Recoverer? Recoverer { get; init; }

    /// <summary>The nights that the journal has as not ended, the oldest first; some may be running right now.</summary>
    public IReadOnlyList<UnfinishedOperation> FindAll() => [.. journal.Unfinished().Where(operation => operation.Intent.Kind == NightLedger.Kind).Select(UnfinishedOperation.Of)];

    /// <summary>Says what a recovery would do; changes nothing.</summary>
    /// <param name="night">The night.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<RecoveryResult> LookAsync(UnfinishedOperation night, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(night);
        await using OtherClaim? other = await new DomainClaims(_time).FindAsync(KeyOf(night), Self(night), cancellationToken).ConfigureAwait(false);
        return (night.IsForeign ? Foreign(night) : other is not null ? Held(night, other) : Result(night, MigrationOutcome.Failed, "its process is gone", null) with
        {
            Done = [.. Enumerable.Reverse(night.Steps).Select(step => $"put back {step.Kind} {step.Detail}")],
        }) with
        { IsDryRun = true };
    }

    /// <summary>Puts back what a night has left, unless its process lives.</summary>
    /// <param name="night">The night.</param>
    /// <param name="progress">Told how far a guest is on its way home.</param>
    /// <param name="cancellationToken">Ends the wait for the hosts.</param>
    /// <exception cref="JournalException">The journal cannot be used.</exception>
    public async Task<RecoveryResult> RecoverAsync(UnfinishedOperation night, IProgress<MigrationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(night);
        if (night.IsForeign)
        {
            return Foreign(night);
        }

        ClaimAttempt attempt = await new DomainClaims(_time).TryClaimAsync(KeyOf(night), Self(night), cancellationToken).ConfigureAwait(false);
        if (attempt.Claim is not { } claim)
        {
            await using OtherClaim other = attempt.Other!;
            return Held(night, other);
        }

        await using (claim.ConfigureAwait(false))
        {
            return journal.Get(night.Id!.Value) is { Ended: null } known ? await PutBackAsync(UnfinishedOperation.Of(known), progress, cancellationToken).ConfigureAwait(false)
                : Result(night, MigrationOutcome.Completed, "it has ended meanwhile", null) with { IsFinished = true };
        }
    }

    private async Task<RecoveryResult> PutBackAsync(UnfinishedOperation night, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        var done = new List<string>();
        var problems = new List<RunProblem>();
        List<(JournalStep Step, NightEffect Effect)> effects = [.. Enumerable.Reverse(night.Steps).Select(step => (step, EffectOf(step)))];
        IHost? source = null;
        IHost? destination = null;
        try
        {
            if (effects.Exists(pair => pair.Effect.NeedsHosts))
            {
                try
                {
                    source = await connect(night.Source, cancellationToken).ConfigureAwait(false);
                    destination = await connect(night.Destination, cancellationToken).ConfigureAwait(false);
                }
                catch (HostUnreachableException e)
                {
                    problems.Add(NightProblems.Of(e)!); // what needs no host is put back all the same
                }
            }

            NightHosts? hosts = source is not null && destination is not null
                ? new(source, destination, clock, journal, new() { Recoverer = Recoverer }, _time, logger ?? NullLogger.Instance) : null;
            var undoer = new NightUndoer(
                new(Files, Ssh, _time), hosts, Ssh, _time, opened => closeRun(opened.Id, opened.Store, new(OutcomeCode.Failed, "the process of the run died", problems.Count == 0 ? "What it had measured until then is in the run; orchestrator recover has put the hosts back." : "Not everything could be put back yet: orchestrator recover, again.")));
            foreach ((JournalStep step, NightEffect effect) in effects.Where(pair => hosts is not null || !pair.Effect.NeedsHosts))
            {
                try
                {
                    if (await undoer.UndoAsync(effect, progress).ConfigureAwait(false) is { } did)
                    {
                        done.Add(did);
                    }

                    journal.EndStep(step.Id, undone: true);
                }
                catch (Exception e)
                {
                    // Whatever it is: it keeps nothing else from being put back.
                    problems.Add(NightProblems.OfAny(e));
                }
            }
        }
        finally
        {
            if (source is not null)
            {
                await source.DisposeAsync().ConfigureAwait(false);
            }

            if (destination is not null)
            {
                await destination.DisposeAsync().ConfigureAwait(false);
            }
        }

        if (problems.Count == 0)
        {
            const string Message = "its process had died; everything that it had changed is put back";
            journal.End(night.Id!.Value, "recovered", Message);
            return Result(night, MigrationOutcome.Completed, Message, null) with { Done = done, IsFinished = true };
        }

        MigrationOutcome outcome = problems.Exists(problem => problem.Code == OutcomeCode.NeedsPerson) ? MigrationOutcome.NeedsPerson
            : problems.Exists(problem => problem.Code == OutcomeCode.Unreachable) ? MigrationOutcome.Unreachable
            : MigrationOutcome.Degraded;
        return Result(night, outcome, string.Join("; ", problems.Select(problem => problem.Message)), problems.Select(problem => problem.Remedy).OfType<string>().FirstOrDefault() ?? "orchestrator recover, again.") with { Done = done };
    }

    private static NightEffect EffectOf(JournalStep step)
    {
        try
        {
            return JsonSerializer.Deserialize(step.Detail, NightJson.Default.NightEffect)!;
        }
        catch (JsonException e)
        {
            throw new JournalException(JournalProblem.Damaged, $"the journal's step {step.Id} ({step.Kind}) cannot be read: {e.Message}", "A newer version of orchestrator may have written it: recover with that one.", e);
        }
    }

    private static ClaimKey KeyOf(UnfinishedOperation night) => ClaimKey.OfNight(night.DomainName, HostAddress.Redact(night.Source.Uri));

    private ClaimHolder Self(UnfinishedOperation night) => ClaimHolder.Here(DomainOperation.Migrate, night.DomainName, night.Source.Name, _time);

    private static RecoveryResult Foreign(UnfinishedOperation night) =>
        Result(night, MigrationOutcome.Refused, $"the {night} is another machine's: whether it still goes on cannot be seen from here", $"Recover it on {night.Owner!.HostName}.");

    private static RecoveryResult Held(UnfinishedOperation night, OtherClaim other) =>
        Result(night, MigrationOutcome.Refused, $"the {night} goes on{(other.Pid is { } pid ? $" (pid {pid})" : "")}", "Let it come to its end, or end it: it puts everything back on SIGTERM.");

    private static RecoveryResult Result(UnfinishedOperation night, MigrationOutcome outcome, string message, string? remedy) =>
        new() { Operation = night, Outcome = outcome, Message = message, Remedy = remedy };
}

/// <summary>Closes a run whose process died, if it is still open in its store.</summary>
/// <param name="id">The run.</param>
/// <param name="store">What opens its store, without a password: <see cref="Store.RegressionStore.Connection"/>; <see langword="null"/> when the journal does not tell.</param>
/// <param name="problem">What became of the run.</param>
/// <returns>What was done, in words; <see langword="null"/> when there was nothing to do.</returns>
public delegate Task<string?> RunCloser(string id, string? store, RunProblem problem);
