using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Faults;

/// <summary>Waits, outside of the tool, until a migration is in a phase.</summary>
internal sealed class PhaseWait(EventRecorder source, EventRecorder destination, ToolProcess tool) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // So that the fault strikes an iteration in its course, not at its edge.
    private static readonly TimeSpan IntoIteration = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when the phase has begun, or the tool has ended.</summary>
    /// <returns>Whether it has begun.</returns>
    internal async Task<bool> UntilAsync(FaultPhase phase)
    {
        Task begins = phase switch
        {
            FaultPhase.Plan => tool.Works,
            FaultPhase.After => Task.WhenAny(tool.Verifies, SeeAsync(source, e => PhaseClock.BegunOnSource(e) == phase)),
            _ => Task.WhenAny(SeeAsync(source, e => PhaseClock.BegunOnSource(e) == phase), SeeAsync(destination, e => PhaseClock.BegunOnDestination(e) == phase)),
        };
        Task first = await Task.WhenAny(begins, tool.EndAsync(Patience));
        if (first != begins)
        {
            return begins.IsCompleted;
        }

        if (phase is FaultPhase.FirstIteration or FaultPhase.LaterIteration)
        {
            await Task.Delay(IntoIteration);
        }

        return true;
    }

    /// <summary>In which phase the migration was at an instant, once all events have arrived.</summary>
    internal FaultPhase At(DateTimeOffset instant) => PhaseClock.At(source.Events, destination.Events, instant);

    /// <summary>Whether the source's vCPUs ran again after they had been stopped for the switch-over.</summary>
    internal bool SourceRanAgain => source.Events.SkipWhile(e => PhaseClock.BegunOnSource(e) != FaultPhase.SwitchOver).Any(e => e is { Channel: "qmp", Name: "RESUME" });

    /// <summary>All events, for people.</summary>
    internal IReadOnlyList<string> Events =>
    [
        .. source.Events.Select(e => (Host: "source", Event: e)).Concat(destination.Events.Select(e => (Host: "destination", Event: e)))
            .OrderBy(seen => seen.Event.Stamp ?? seen.Event.Arrived)
            .Select(seen => $"{seen.Event.Stamp ?? seen.Event.Arrived:HH:mm:ss.fff} {seen.Host} {seen.Event.Channel} {seen.Event.Name} {seen.Event.Data}"),
    ];

    public void Dispose()
    {
        source.Dispose();
        destination.Dispose();
    }

    private static Task<bool> SeeAsync(EventRecorder recorder, Func<ObservedEvent, bool> match) => recorder.WaitAsync(match, Patience, TimeProvider.System);
}
