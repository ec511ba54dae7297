using Orchestrator.Downtime;
using Orchestrator.Migration;

namespace Orchestrator.Observability;

/// <summary>A part of a migration, on our clock.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ended.</param>
internal sealed record MigrationSpan(string Name, DateTimeOffset Start, DateTimeOffset End);

/// <summary>
/// Cuts a migration into spans that follow each other without a gap. The blackout is the measured one; without a measurement there is none, and it is a part of the
/// copy. Pure.
/// </summary>
internal static class MigrationSpans
{
    internal const string Root = "migrate";
    internal const string Plan = "plan";
    internal const string PreCopy = "precopy";
    internal const string Blackout = "blackout";
    internal const string PostCopy = "postcopy";
    internal const string Finish = "finish";

    /// <summary>The spans below the whole.</summary>
    /// <param name="result">What became of it.</param>
    /// <param name="started">When it was asked for.</param>
    /// <param name="ended">When its result stood.</param>
    internal static IReadOnlyList<MigrationSpan> Of(MigrationResult result, DateTimeOffset started, DateTimeOffset ended)
    {
        if (result.Evidence is not { } evidence)
        {
            return [new(Plan, started, ended)];
        }

        var begins = new List<(string Name, DateTimeOffset At)> { (Plan, started), (PreCopy, evidence.Call.Started) };
        if (result.Downtime is { } report && DowntimeMeasurement.BlackoutOf(evidence, report.Sources) is ({ } stopped, { } resumed))
        {
            begins.Add((Blackout, stopped));
            if (QmpEvents.WentPostCopy(evidence))
            {
                begins.Add((PostCopy, resumed));
                begins.Add((Finish, evidence.Call.Ended));
            }
            else
            {
                begins.Add((Finish, resumed));
            }
        }
        else
        {
            begins.Add((Finish, evidence.Call.Ended));
        }

        return Cut(begins, started, ended);
    }

    /// <summary>Each begins no earlier than the one before it, and none ends after the whole, whatever the clocks' uncertainty.</summary>
    private static List<MigrationSpan> Cut(List<(string Name, DateTimeOffset At)> begins, DateTimeOffset started, DateTimeOffset ended)
    {
        var spans = new List<MigrationSpan>(begins.Count);
        DateTimeOffset from = started;
        for (int i = 0; i < begins.Count; i++)
        {
            DateTimeOffset to = i + 1 < begins.Count ? begins[i + 1].At : ended;
            to = to < from ? from : to > ended ? ended : to;
            spans.Add(new(begins[i].Name, from, to));
            from = to;
        }

        return spans;
    }
}
