using System.Text.Json;
using Orchestrator.Downtime;

namespace Faults;

/// <summary>Tells by the events of both hosts how far a migration was at an instant. Pure.</summary>
internal static class PhaseClock
{
    /// <summary>The phase at an instant. Both hosts and we share one clock here, so QEMU's own stamps decide where there are any.</summary>
    internal static FaultPhase At(IEnumerable<ObservedEvent> source, IEnumerable<ObservedEvent> destination, DateTimeOffset at)
    {
        FaultPhase[] reached =
        [
            .. source.Where(e => When(e) <= at).Select(BegunOnSource).OfType<FaultPhase>(),
            .. destination.Where(e => When(e) <= at).Select(BegunOnDestination).OfType<FaultPhase>(),
        ];
        return reached.DefaultIfEmpty(FaultPhase.Plan).Max();
    }

    /// <summary>The phase that begins with an event of the source.</summary>
    internal static FaultPhase? BegunOnSource(ObservedEvent e) => e switch
    {
        { Channel: "qmp", Name: "MIGRATION_PASS" } when Number(e.Data, "pass") == 1 => FaultPhase.FirstIteration,
        { Channel: "qmp", Name: "MIGRATION_PASS" } when Number(e.Data, "pass") > 1 => FaultPhase.LaterIteration,
        { Channel: "qmp", Name: "STOP" } => FaultPhase.SwitchOver,
        { Channel: "lifecycle", Name: "stopped/migrated" } => FaultPhase.After,
        _ => null,
    };

    /// <summary>The phase that begins with an event of the destination.</summary>
    internal static FaultPhase? BegunOnDestination(ObservedEvent e) => e switch
    {
        { Channel: "lifecycle", Name: "started/migrated" } or { Channel: "qmp", Name: "MIGRATION" } when Text(e.Data, "status") != "completed" => FaultPhase.Prepare,
        { Channel: "qmp", Name: "MIGRATION" } => FaultPhase.Finish,
        { Channel: "qmp", Name: "RESUME" } => FaultPhase.Resumed,
        _ => null,
    };

    private static DateTimeOffset When(ObservedEvent e) => e.Stamp ?? e.Arrived;

    private static long? Number(string? json, string name) =>
        json is not null && JsonDocument.Parse(json).RootElement.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : null;

    private static string? Text(string? json, string name) =>
        json is not null && JsonDocument.Parse(json).RootElement.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
