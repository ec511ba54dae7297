using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Migration;

/// <summary>
/// Drives one running migration until its end: polls the job, and asks for its end when the user or the time-out wants it. In direct mode nobody but us notices
/// that the destination's daemon is gone (the source's copies on to its QEMU), so there it is watched too.
/// </summary>
internal sealed partial class MigrationDriver(
    IHost source, IHost? driven, Guid uuid, ObserverClock clock, TimeProvider time, IProgress<MigrationProgress>? progress, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly List<JobSample> _samples = [];
    private int _unseen;

    internal IReadOnlyList<JobSample> Samples => _samples;

    internal JobSample? LastSample => _samples.Count > 0 ? _samples[^1] : null;

    /// <summary>Returns when the migration has ended, or has not within the grace after it was asked to.</summary>
    /// <param name="call">libvirt's call; <see langword="null"/> for a migration that another process began, whose job alone can be seen.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="grace">How long it may take to end after it was asked to.</param>
    /// <param name="cancellationToken">Asks for its end.</param>
    /// <returns>Why it was asked to end, if it was.</returns>
    internal async Task<StopReason> UntilEndAsync(Task? call, TimeSpan? timeout, TimeSpan grace, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        long stopped = 0;
        var stop = StopReason.None;
        while (!(call?.IsCompleted ?? await IsOverAsync().ConfigureAwait(false)))
        {
            if (stop == StopReason.None)
            {
                stop = cancellationToken.IsCancellationRequested ? StopReason.Cancelled
                    : timeout is { } limit && time.GetElapsedTime(started) >= limit ? StopReason.TimedOut
                    : await IsLostAsync().ConfigureAwait(false) ? StopReason.DestinationLost
                    : StopReason.None;
                stopped = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(stopped) >= grace)
            {
                break;
            }

            await PollAsync(stop).ConfigureAwait(false);
            Task pause = Task.Delay(Interval, time, stop == StopReason.None ? cancellationToken : CancellationToken.None);
            await Task.WhenAny(call ?? pause, pause).ConfigureAwait(false);
        }

        return stop;
    }

    /// <summary>Whether a job that nobody waits for is over: its host says so twice, for a daemon that just begins it says the same.</summary>
    private async Task<bool> IsOverAsync()
    {
        try
        {
            DomainSnapshot? domain = await source.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false);
            _unseen = DomainConditions.Of(domain) is DomainCondition.Leaving or DomainCondition.PostCopy ? 0 : _unseen + 1;
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            // Not known: the settlement asks with patience.
            LogBlind(logger, source.Address.Name, HostAddress.Redact(e.Message));
            _unseen++;
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

    private async Task PollAsync(StopReason stop)
    {
        try
        {
            if (stop != StopReason.None)
            {
                // Again each time: the job may not have begun when we first asked.
                await source.AbortJobAsync(uuid, CancellationToken.None).ConfigureAwait(false);
            }

            if (await source.GetJobAsync(uuid, CancellationToken.None).ConfigureAwait(false) is { Operation: DomainJobOperation.MigrationOut } job)
            {
                _samples.Add(JobSamples.Of(job, clock.Now));
            }
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            // The watch goes blind, the call goes on: what matters is what it returns and what the hosts say afterwards.
            LogBlind(logger, source.Address.Name, e.Message);
        }

        progress?.Report(new(stop == StopReason.None ? "migrating" : "cancelling", LastSample));
    }

    [LoggerMessage(EventId = 210, Level = LogLevel.Warning, Message = "{Host} does not answer while it migrates: {Reason}")]
    private static partial void LogBlind(ILogger logger, string host, string reason);
}
