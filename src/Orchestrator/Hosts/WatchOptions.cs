namespace Orchestrator.Hosts;

/// <summary>How hosts are watched.</summary>
public sealed record WatchOptions
{
    /// <summary>How many events of a host are kept for a reader that is busy; what comes then is dropped, and said.</summary>
    public int Capacity { get; init; } = 10_000;

    /// <summary>How long to wait, about, before the first attempt to connect again; each further one waits twice as long.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long to wait between attempts at most.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait before an attempt to connect again.</summary>
    /// <param name="failures">How many have failed since the connection was lost.</param>
    /// <param name="chance">From 0 to 1; half of the delay is left to it, so that many watchers of one host do not return at once.</param>
    public TimeSpan Delay(int failures, double chance)
    {
        TimeSpan longest = FirstDelay * Math.Pow(2, Math.Min(failures, 30));
        return (longest < LongestDelay ? longest : LongestDelay) * (0.5 + (chance / 2));
    }
}
