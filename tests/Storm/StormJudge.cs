using System.Diagnostics;
using Orchestrator.Lifecycle;

namespace Storm;

/// <summary>
/// Says what in a storm was not as it must be: a request without an end in time, a result that the conflict matrix does not allow, a change that nobody asked
/// for, a guest that is lost, doubled or elsewhere than the model. Pure.
/// </summary>
internal static class StormJudge
{
    internal static IReadOnlyList<string> Judge(
        IReadOnlyList<StormRecord> records, IReadOnlyList<StormOutage> outages, IReadOnlyList<StormGuestFacts> facts, int hosts, int expected, TimeSpan deadline)
    {
        var problems = new List<string>();
        if (records.Count != expected)
        {
            problems.Add($"{expected} requests were made and {records.Count} ended");
        }

        problems.AddRange(records.Where(record => record.Result == StormResult.Broken).Select(record => $"no result: {record}"));
        problems.AddRange(records.Where(record => Stopwatch.GetElapsedTime(record.Started, record.Ended) > deadline).Select(record =>
            $"took {Stopwatch.GetElapsedTime(record.Started, record.Ended).TotalSeconds:0} s: {record}"));
        foreach (StormGuestFacts fact in facts)
        {
            StormRecord[] mine = [.. records.Where(record => record.Request.Guest == fact.Guest)];
            problems.AddRange(JudgeGuest([.. mine.Where(record => record.Entered is not null).OrderBy(record => record.Entered)], [.. mine.Where(record => record.Entered is null)], outages, fact, hosts));
        }

        return problems;
    }

    /// <summary>Which host a guest begins on, and is defined on anew when it is on none.</summary>
    internal static int HostOf(int guest, int hosts) => guest % hosts;

    private static IEnumerable<string> JudgeGuest(
        IReadOnlyList<StormRecord> records, IReadOnlyList<StormRecord> outside, IReadOnlyList<StormOutage> outages, StormGuestFacts fact, int hosts)
    {
        IReadOnlyCollection<GuestState> may = [GuestState.Defined(HostOf(fact.Guest, hosts))];
        var history = new List<(long Since, IReadOnlyCollection<GuestState> May)> { (0, may) };
        long lastEnd = 0;
        foreach (StormRecord record in records)
        {
            bool hadToWait = lastEnd >= record.Started;
            lastEnd = Math.Max(lastEnd, record.Ended);
            IReadOnlyCollection<GuestState> before = [.. may.SelectMany(state => state.Drifts()).Distinct()];
            bool isDisturbed = IsDisturbed(record, outages);
            GuestState[] found = [.. before.Where(state => record.Before is null || state.On(record.Host) == record.Before)];
            if (found.Length == 0)
            {
                yield return $"found the guest {record.Before}, which it cannot be ({Words(before)}): {record}";
                yield break;
            }

            may = [.. found.SelectMany(state => Next(state, record, hadToWait, isDisturbed)).Distinct()];
            if (may.Count == 0)
            {
                yield return $"not allowed when the guest is {Words(found)}: {record}";
                yield break;
            }

            history.Add((record.Entered!.Value, [.. before.Concat(may)]));
            history.Add((record.Ended, [.. may.SelectMany(state => state.Drifts())]));
        }

        foreach (StormRecord record in outside.Where(record => !MayStayOutside(record, history, IsDisturbed(record, outages)) && !MeetsMigration(record, [.. records, .. outside])))
        {
            yield return $"without having the domain to itself: {record}";
        }

        if (!may.SelectMany(state => state.Drifts()).Any(state =>
            (state.Host == fact.Host || state.Condition == DomainCondition.Absent) && state.IsDefined == fact.IsDefined && state.Condition == fact.Condition && state.Live == fact.Live && (state.Config == fact.Config || !state.IsDefined)))
        {
            yield return $"guest {fact.Guest} ended as {fact}, and should be {Words(may)}; last: {(records.Count > 0 ? records[^1] : null)}";
        }

        if (fact.Elsewhere.Count > 0)
        {
            yield return $"guest {fact.Guest} also stands on {string.Join(", ", fact.Elsewhere)}";
        }
    }

    /// <summary>
    /// Whether a request may have ended without having its guest to itself: refused, when the guest was such at some moment between its start and its end; or
    /// late, for others were at it all the time.
    /// </summary>
    private static bool MayStayOutside(StormRecord record, IReadOnlyList<(long Since, IReadOnlyCollection<GuestState> May)> history, bool isDisturbed)
    {
        if (isDisturbed)
        {
            return record.Result is not (StormResult.Done or StormResult.Broken);
        }

        int last = history.Count(entry => entry.Since <= record.Ended);
        int first = Math.Max(history.Count(entry => entry.Since <= record.Started) - 1, 0);
        return record.Result switch
        {
            StormResult.TimedOut or StormResult.Cancelled => true,
            StormResult.Refused or StormResult.Failed => history.Take(last).Skip(first).SelectMany(entry => entry.May).Any(state =>
                ConflictMatrix.Decide(record.Request.Operation, state.On(record.Host)).Action != MatrixAction.Do || !state.CanMeet(record.Request)),
            _ => false,
        };
    }

    /// <summary>Whether a request was refused for a migration that had the guest just then, also one that came to nothing before it began.</summary>
    private static bool MeetsMigration(StormRecord record, IReadOnlyList<StormRecord> records) =>
        record.Result == StormResult.Refused
        && ConflictMatrix.Decide(record.Request.Operation, DomainOperation.Migrate, DomainCondition.Running).Action == MatrixAction.Refuse
        && records.Any(other => other != record && other.Request.Operation == DomainOperation.Migrate && other.Started <= record.Ended && other.Ended >= record.Started);

    /// <summary>What the guest may be after a request that ended so; nothing when it must not have ended so.</summary>
    private static IEnumerable<GuestState> Next(GuestState state, StormRecord record, bool hadToWait, bool isDisturbed)
    {
        StormRequest request = record.Request;
        MatrixAction action = ConflictMatrix.Decide(request.Operation, state.On(record.Host)).Action;
        bool isPossible = action == MatrixAction.Do && state.CanMeet(request) && (state.Host == record.Host || state.Condition == DomainCondition.Absent);
        switch (record.Result)
        {
            case StormResult.Done when isPossible && request.Operation == DomainOperation.Migrate:
                return [state.MovedTo(record.To!.Value)];
            case StormResult.Done when isPossible:
                return [state.After(request).MovedTo(record.Host)]; // a definition begins where it is made
            case StormResult.Cancelled when isPossible && request.Operation == DomainOperation.Migrate:
                return [state]; // somebody wanted the guest gone
            case StormResult.Failed when isPossible && request.Operation == DomainOperation.Migrate && (state.MayPowerOff || state.MayReboot):
                return [state]; // the guest went down on the way
            case StormResult.Done when action == MatrixAction.Already && hadToWait:
                return [state]; // it came about while others were waited for
            case StormResult.Refused when action is MatrixAction.Refuse or MatrixAction.Already || !state.CanMeet(request):
            case StormResult.Failed when action == MatrixAction.Do && !state.CanMeet(request):
                return [state];
            case StormResult.TimedOut when isPossible && CanBeIgnored(request, state) && !request.ThenDestroy:
            case StormResult.Cancelled when isPossible && CanBeIgnored(request, state):
                return state.Partly(request);
            case StormResult.Degraded when isPossible && request.Operation == DomainOperation.Detach:
                return state.Partly(request);
            case StormResult.Failed or StormResult.Unknown or StormResult.Unreachable or StormResult.TimedOut or StormResult.Degraded or StormResult.Refused when isDisturbed:
                return state.Partly(request);
            default:
                return [];
        }
    }

    // A guest need not listen to its power button, nor give a device back.
    private static bool CanBeIgnored(StormRequest request, GuestState state) => request.Operation switch
    {
        DomainOperation.Shutdown or DomainOperation.Reboot => true,
        DomainOperation.Detach => request.Places.HasFlag(StormPlaces.Live) && state.IsActive,
        _ => false,
    };

    private static bool IsDisturbed(StormRecord record, IReadOnlyList<StormOutage> outages) =>
        outages.Any(outage => (outage.Host == record.Host || outage.Host == record.To) && outage.From <= record.Ended && outage.To >= record.Started);

    private static string Words(IEnumerable<GuestState> states) => string.Join(" or ", states);
}
