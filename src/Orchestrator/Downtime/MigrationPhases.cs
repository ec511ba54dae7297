namespace Orchestrator.Downtime;

/// <summary>
/// Cuts the call into phases. A phase ends where the next begins, and each begin lies between its neighbours', so that the lengths add up to the call's
/// whatever the clocks' uncertainty.
/// </summary>
internal static class MigrationPhases
{
    public const string Setup = "setup";
    public const string SetupAndCopy = "setup and copy";
    public const string DeviceState = "blackout: device state";
    public const string Load = "blackout: load";
    public const string Resume = "blackout: resume";
    public const string Finish = "finish";
    public const string Whole = "call";

    // MIGRATION completed on the source comes too late for this: after the destination's word that it has loaded.
    private static readonly string[] Saved = ["vmstate_downtime_checkpoint src-non-iterable-saved"];
    private static readonly string[] Loaded = ["vmstate_downtime_checkpoint dst-precopy-loadvm-completed", "MIGRATION completed"];

    /// <summary>Cuts the call.</summary>
    /// <param name="evidence">What was observed.</param>
    /// <param name="timeline">Its timeline.</param>
    /// <param name="stopped">When the guest stopped, on our clock, if known.</param>
    /// <param name="resumed">When it ran again, on our clock, if known.</param>
    public static IReadOnlyList<MigrationPhase> Cut(
        MigrationEvidence evidence, IReadOnlyList<TimelineEntry> timeline, DateTimeOffset? stopped, DateTimeOffset? resumed)
    {
        var (start, end) = (evidence.Call.Started, evidence.Call.Ended);
        var begins = new List<(string Name, DateTimeOffset At)>();
        begins.AddRange(Passes(evidence, timeline, start, stopped ?? end));
        var setup = begins.Count > 0 ? Setup : SetupAndCopy; // nobody told of the passes
        if (stopped is { } stop && resumed is { } resume)
        {
            begins.Add((DeviceState, stop));
            if (First(timeline, evidence.Destination.Name, Loaded, stop) is { } loaded)
            {
                if (First(timeline, evidence.Source.Name, Saved, stop) is { } saved)
                {
                    begins.Add((Load, Earlier(saved, resume)));
                }

                begins.Add((Resume, Earlier(loaded, resume)));
            }

            begins.Add((Finish, resume));
        }

        begins.Insert(0, (begins.Count > 0 ? setup : Whole, start));
        return Lengths(begins, start, end);
    }

    private static IEnumerable<(string Name, DateTimeOffset At)> Passes(
        MigrationEvidence evidence, IReadOnlyList<TimelineEntry> timeline, DateTimeOffset start, DateTimeOffset stop)
        => timeline
            .Where(entry => entry.Host == evidence.Source.Name && entry.Event.StartsWith("MIGRATION_PASS ", StringComparison.Ordinal) && entry.At >= start && entry.At < stop)
            .Select(entry => ($"pass {entry.Event["MIGRATION_PASS ".Length..]}", entry.At));

    private static DateTimeOffset? First(IReadOnlyList<TimelineEntry> timeline, string host, string[] names, DateTimeOffset from)
        => names.Select(name => timeline.FirstOrDefault(entry => entry.Host == host && entry.Event == name && entry.At >= from)?.At).FirstOrDefault(at => at is not null);

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static List<MigrationPhase> Lengths(List<(string Name, DateTimeOffset At)> begins, DateTimeOffset start, DateTimeOffset end)
    {
        var phases = new List<MigrationPhase>(begins.Count);
        var from = start;
        for (var i = 0; i < begins.Count; i++)
        {
            var next = i + 1 < begins.Count ? begins[i + 1].At : end;
            var to = next < from ? from : Earlier(next, end);
            phases.Add(new MigrationPhase(begins[i].Name, HostClock.Microseconds((to - from).TotalMilliseconds)));
            from = to;
        }

        return phases;
    }
}
