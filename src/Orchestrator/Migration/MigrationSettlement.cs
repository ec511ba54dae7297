using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;

namespace Orchestrator.Migration;

/// <summary>Where a migration has come to rest.</summary>
/// <param name="Source">The domain on the source.</param>
/// <param name="Destination">The domain on the destination.</param>
/// <param name="Verdict">The judgement.</param>
/// <param name="Decision">What the table says of it now: an action that is left is one that could not be done.</param>
/// <param name="Job">How the migrating job ended, as far as that is known.</param>
/// <param name="Done">What was done to mend it, in words.</param>
internal sealed record SettledMigration(
    DomainWhereabouts Source, DomainWhereabouts Destination, MigrationVerdict Verdict, OutcomeDecision Decision, JobResult Job, IReadOnlyList<string> Done);

/// <summary>
/// Finds out how a migration ended: asks both hosts, does what <see cref="OutcomeTable"/> says, and asks again, until there is nothing left to do or nothing
/// comes of it. Whoever uses it has the domain's claim.
/// </summary>
/// <param name="source">The source.</param>
/// <param name="destination">The destination.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class MigrationSettlement(IHost source, IHost destination, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a host that does not answer is asked again, when without it nobody knows where the guest is: its daemon may just be restarted.</summary>
    internal TimeSpan HostGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long something that is on its way to its end may take to get there.</summary>
    internal TimeSpan SettleGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Settles.</summary>
    /// <param name="expected">What the migration was to come to.</param>
    /// <param name="seen">What is known of the call by now: events that were on their way come with the hosts' answers.</param>
    internal async Task<SettledMigration> SettleAsync(MigrationExpectation expected, Func<JobEnd> seen)
    {
        var done = new List<string>();
        var tried = new HashSet<OutcomeAction>();
        long began = time.GetTimestamp();
        while (true)
        {
            DomainWhereabouts here = await AskAsync(source, expected).ConfigureAwait(false);
            DomainWhereabouts there = await AskAsync(destination, expected).ConfigureAwait(false);
            JobEnd job = seen();
            OutcomeDecision decision = expected.Decide(here, there, job);

            // While the call has not returned, libvirt may still do any of this itself.
            bool waits = job.Result != JobResult.Unanswered && (decision.Finding == MigrationFinding.StayedUnseen && job.DestinationMayRun
                ? time.GetElapsedTime(began) < HostGrace
                : await ActAsync(decision, expected, job, here, there, time.GetElapsedTime(began), tried, done).ConfigureAwait(false));
            if (!waits)
            {
                MigrationVerdict verdict = MigrationVerdict.Judge(expected, source.Identity, destination.Identity, here, there, job);
                return new(here, there, verdict, decision, job.Result, done);
            }

            await Task.Delay(AskAgain, time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <returns>Whether to ask again.</returns>
    private async Task<bool> ActAsync(
        OutcomeDecision decision, MigrationExpectation expected, JobEnd job, DomainWhereabouts here, DomainWhereabouts there, TimeSpan elapsed, HashSet<OutcomeAction> tried, List<string> done)
    {
        string name = expected.Name;
        switch (decision.Action)
        {
            case OutcomeAction.AskAgain:
                return elapsed < (here.IsKnown && there.IsKnown ? SettleGrace : HostGrace);
            case OutcomeAction.Follow:
                return elapsed < SettleGrace; // the call has returned: the job's end is about to be seen
            case OutcomeAction.ResumeSource when expected.WasRunning:
                return await TryAsync(OutcomeAction.ResumeSource, source, $"resumed {name} on {source.Address.Name}", () => source.ResumeDomainAsync(expected.Uuid, CancellationToken.None)).ConfigureAwait(false);
            case OutcomeAction.RemoveSourceCopy when expected.WasRunning && there.Domain!.State == DomainState.Running:
                return await TryAsync(
                    OutcomeAction.RemoveSourceCopy, source, $"took the copy of {name} that the migration had left paused on {source.Address.Name} away",
                    () => source.DestroyDomainAsync(expected.Uuid, DomainDestroyFlags.None, CancellationToken.None)).ConfigureAwait(false);
            case OutcomeAction.SuspendSource when here.Domain is { State: DomainState.Running, Reason: (int)DomainRunningReason.MigrationCanceled }
                && there.Domain is { State: DomainState.Running, Reason: (int)DomainRunningReason.Migrated or (int)DomainRunningReason.Unpaused }:
                // libvirt takes a lost answer of the destination for a failure and lets the source run again. Two guests must not write to one disk; which of them is right a person decides.
                // A destination's daemon that died meanwhile only knows afterwards that its copy is not paused.
                return await TryAsync(
                    OutcomeAction.SuspendSource, source, $"paused {name} on {source.Address.Name}, which libvirt had let run again although it runs on {destination.Address.Name}",
                    () => source.SuspendDomainAsync(expected.Uuid, CancellationToken.None)).ConfigureAwait(false);
            case OutcomeAction.RemoveDestinationCopy:
                // Its daemon removes it itself as soon as it notices that the source is gone.
                return elapsed < SettleGrace || await TryAsync(
                    OutcomeAction.RemoveDestinationCopy, destination, $"took the copy of {name} that never ran on {destination.Address.Name} away",
                    () => destination.DestroyDomainAsync(expected.Uuid, DomainDestroyFlags.None, CancellationToken.None)).ConfigureAwait(false);
            case OutcomeAction.None when decision.Finding == MigrationFinding.Moved && expected.UndefinesSource && here.Domain is { IsActive: false } && there.Domain!.IsPersistent:
                return await TryAsync(
                    OutcomeAction.None, source, $"removed the definition of {name} from {source.Address.Name}",
                    () => source.UndefineDomainAsync(expected.Uuid, DomainUndefineFlags.KeepNvram, CancellationToken.None)).ConfigureAwait(false);
            case OutcomeAction.None when decision.Finding == MigrationFinding.Stayed && expected.IsLeftover(there) && !job.DestinationRan:
                return await TryAsync(
                    OutcomeAction.None, destination, $"removed the definition of {name} that the migration had made on {destination.Address.Name}",
                    () => destination.UndefineDomainAsync(expected.Uuid, DomainUndefineFlags.KeepNvram, CancellationToken.None)).ConfigureAwait(false);
            default:
                return false;
        }

        async Task<bool> TryAsync(OutcomeAction action, IHost host, string what, Func<Task> act)
        {
            if (!tried.Add(action))
            {
                return elapsed < SettleGrace; // it was asked for: whether it has come is seen by asking
            }

            try
            {
                await act().ConfigureAwait(false);
                done.Add(what);
                LogDone(what);
            }
            catch (Exception e) when (e is HostUnreachableException or LibvirtException)
            {
                LogCannotMend(host.Address.Name, what, HostAddress.Redact(e.Message));
            }

            return true;
        }
    }

    private async Task<DomainWhereabouts> AskAsync(IHost host, MigrationExpectation expected)
    {
        try
        {
            HostSnapshot snapshot = await host.SnapshotAsync(expected.Name, expected.Uuid, CancellationToken.None).ConfigureAwait(false);
            return new(host.Address.Name, true, snapshot.ByUuid);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            LogCannotAsk(host.Address.Name, HostAddress.Redact(e.Message));
            return new(host.Address.Name, false, null);
        }
    }

    [LoggerMessage(EventId = 202, Level = LogLevel.Warning, Message = "{Host} cannot be asked: {Reason}")]
    private partial void LogCannotAsk(string host, string reason);

    [LoggerMessage(EventId = 204, Level = LogLevel.Warning, Message = "After a migration: {What}")]
    private partial void LogDone(string what);

    [LoggerMessage(EventId = 205, Level = LogLevel.Warning, Message = "{Host} could not do it ({What}): {Reason}")]
    private partial void LogCannotMend(string host, string what, string reason);
}
