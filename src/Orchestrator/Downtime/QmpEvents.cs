using System.Text.Json;

namespace Orchestrator.Downtime;

/// <summary>Picks the events that bound the blackout out of what the hosts sent during the call.</summary>
internal static class QmpEvents
{
    // Events come over another connection than the call's return.
    private static readonly TimeSpan LateArrival = TimeSpan.FromSeconds(1);

    private const string Qmp = "qmp";
    private const string Lifecycle = "lifecycle";

    /// <summary>The source's last STOP of the call; <see langword="null"/> without one.</summary>
    public static ObservedEvent? Stop(MigrationEvidence evidence) => During(evidence, evidence.Source, Qmp, "STOP").LastOrDefault();

    /// <summary>The destination's first RESUME of the call; <see langword="null"/> without one.</summary>
    public static ObservedEvent? Resume(MigrationEvidence evidence) => During(evidence, evidence.Destination, Qmp, "RESUME").FirstOrDefault();

    /// <summary>Whether the source ran again after it was stopped.</summary>
    public static bool RolledBack(MigrationEvidence evidence)
        => Stop(evidence) is { } stop
            ? During(evidence, evidence.Source, Qmp, "RESUME").Any(e => e.Arrived > stop.Arrived)
            : Suspended(evidence) is { } suspended && During(evidence, evidence.Source, Lifecycle, "resumed/").Any(e => e.Arrived > suspended.Arrived);

    /// <summary>libvirt's word for the stopped source.</summary>
    public static ObservedEvent? Suspended(MigrationEvidence evidence) => During(evidence, evidence.Source, Lifecycle, "suspended/").LastOrDefault();

    /// <summary>libvirt's word for the running destination.</summary>
    public static ObservedEvent? Resumed(MigrationEvidence evidence) => During(evidence, evidence.Destination, Lifecycle, "resumed/").FirstOrDefault();

    /// <summary>Whether the migration switched to post-copy.</summary>
    public static bool WentPostCopy(MigrationEvidence evidence)
        => evidence.Source.Events.Any(IsPostCopy);

    /// <summary>Whether an event tells of the switch to post-copy.</summary>
    public static bool IsPostCopy(ObservedEvent e) => e.Name == "suspended/postcopy" || (e.Channel == Qmp && Status(e) == "postcopy-active");

    /// <summary>Whether an event of the source tells that it has sent all of the guest.</summary>
    public static bool IsSent(ObservedEvent e) => Status(e) == "completed";

    /// <summary>The status that a MIGRATION event tells, or <see langword="null"/>.</summary>
    public static string? Status(ObservedEvent e) => e.Name == "MIGRATION" ? Field(e, "status") : null;

    /// <summary>The number of a MIGRATION_PASS event, or <see langword="null"/>.</summary>
    public static int? Pass(ObservedEvent e) => e.Name == "MIGRATION_PASS" && int.TryParse(Field(e, "pass"), out var pass) ? pass : null;

    /// <summary>The events of one kind that arrived during the call, in order of arrival. A name that ends in a slash stands for all its details.</summary>
    public static IEnumerable<ObservedEvent> During(MigrationEvidence evidence, HostEvidence host, string channel, string name)
        => host.Events.Where(e => e.Channel == channel
            && (e.Name == name || (name.EndsWith('/') && e.Name.StartsWith(name, StringComparison.Ordinal)))
            && IsDuring(evidence, e));

    /// <summary>Whether an event arrived during the call, or a moment after it.</summary>
    public static bool IsDuring(MigrationEvidence evidence, ObservedEvent e) => e.Arrived >= evidence.Call.Started && e.Arrived <= evidence.Call.Ended + LateArrival;

    private static string? Field(ObservedEvent e, string name)
    {
        if (e.Data is null)
        {
            return null;
        }

        try
        {
            using var data = JsonDocument.Parse(e.Data);
            return data.RootElement.ValueKind == JsonValueKind.Object && data.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
        }
        catch (JsonException)
        {
            // Evidence may come from a file: an event without readable data is still an event.
            return null;
        }
    }
}
