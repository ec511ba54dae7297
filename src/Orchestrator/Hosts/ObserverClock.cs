namespace Orchestrator.Hosts;

/// <summary>
/// This process's clock for everything that is observed: the time of day read once, then carried forward by the monotonic timer, so that a step of the
/// system's clock during a migration moves nothing.
/// </summary>
/// <param name="time">Where time comes from.</param>
public sealed class ObserverClock(TimeProvider time)
{
    private readonly DateTimeOffset _anchor = time.GetUtcNow();
    private readonly long _anchorTimestamp = time.GetTimestamp();

    /// <summary>Now.</summary>
    public DateTimeOffset Now => At(time.GetTimestamp());

    /// <summary>The instant of a monotonic timestamp.</summary>
    /// <param name="timestamp">As <see cref="TimeProvider.GetTimestamp"/> or <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> gave it.</param>
    public DateTimeOffset At(long timestamp) =>
        timestamp >= _anchorTimestamp
            ? _anchor + time.GetElapsedTime(_anchorTimestamp, timestamp)
            : _anchor - time.GetElapsedTime(timestamp, _anchorTimestamp);
}
