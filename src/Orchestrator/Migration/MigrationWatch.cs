using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Migration;

/// <summary>
/// Watches one running migration call: polls the job, and asks for its end when the user or the time-out wants it. In direct mode nobody but us notices
/// that the destination's daemon is gone (the source's copies on to its QEMU), so there it is watched too.
/// </summary>
internal sealed partial class MigrationWatch(
    IHost source, IHost? driven, Guid uuid, ObserverClock clock, TimeProvider time, IProgress<MigrationProgress>? progress, ILogger logger)
{
    private readonly List<JobSample> _samples = [];

    internal IReadOnlyList<JobSample> Samples => _samples;

    internal JobSample? LastSample => _samples.Count > 0 ? _samples[^1] : null;

    /// <summary>Returns when the call has returned, or has not within the grace after it was asked to end.</summary>
    /// <returns>Why the call was asked to end, if it was.</returns>
    internal async Task<StopReason> UntilEndAsync(Task call, TimeSpan? timeout, TimeSpan interval, TimeSpan grace, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        long stopped = 0;
        var stop = StopReason.None;
        while (!call.IsCompleted)
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
            Task pause = Task.Delay(interval, time, stop == StopReason.None ? cancellationToken : CancellationToken.None);
            await Task.WhenAny(call, pause).ConfigureAwait(false);
        }

        return stop;
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
                _samples.Add(Sample(job.Statistics));
            }
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            // The watch goes blind, the call goes on: what matters is what it returns and what the hosts say afterwards.
            LogBlind(logger, source.Address.Name, e.Message);
        }

        progress?.Report(new(stop == StopReason.None ? "migrating" : "cancelling", LastSample));
    }

    private JobSample Sample(TypedParameters statistics) => new()
    {
        At = clock.Now,
        ElapsedMs = statistics.FindInteger("time_elapsed") ?? 0,
        MemoryTotal = statistics.FindInteger("memory_total") ?? 0,
        MemoryProcessed = statistics.FindInteger("memory_processed") ?? 0,
        MemoryRemaining = statistics.FindInteger("memory_remaining") ?? 0,
        MemoryBytesPerSecond = statistics.FindInteger("memory_bps") ?? 0,
        DirtyPagesPerSecond = statistics.FindInteger("memory_dirty_rate") ?? 0,
        PageSize = statistics.FindInteger("memory_page_size") ?? 0,
        Iteration = statistics.FindInteger("memory_iteration") ?? 0,
        ExpectedDowntimeMs = statistics.FindInteger("downtime"),
    };

    [LoggerMessage(EventId = 210, Level = LogLevel.Warning, Message = "{Host} does not answer while it migrates: {Reason}")]
    private static partial void LogBlind(ILogger logger, string host, string reason);
}
