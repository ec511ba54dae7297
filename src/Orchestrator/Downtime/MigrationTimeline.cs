using System.Globalization;

namespace Orchestrator.Downtime;

/// <summary>Puts the events of both hosts in the order they happened, on our clock.</summary>
internal static class MigrationTimeline
{
    public const string Client = "client";
    public const string CallStarted = "call started";
    public const string CallEnded = "call ended";

    // What a host says a moment before or after the call still belongs to it.
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<TimelineEntry> Build(MigrationEvidence evidence, HostClocks clocks)
    {
        var (started, ended) = (evidence.Call.Started, evidence.Call.Ended);
        var entries = new List<TimelineEntry> { Entry(CallStarted, Client, started, "call"), Entry(CallEnded, Client, ended, "call") };
        foreach (var (host, clock) in new[] { (evidence.Source, clocks.Source), (evidence.Destination, clocks.Destination) })
        {
            entries.AddRange(host.Events.Select(e => Entry(Title(e), host.Name, e.Stamp is { } stamp ? clock.ToOurs(stamp) : e.Arrived, e.Channel)));
            entries.AddRange(host.Log.Lines.Select(QemuLogLine.Parse)
                .Where(line => line.Stamp is not null && Title(line) is not null)
                .Select(line => Entry(Title(line)!, host.Name, clock.ToOurs(line.Stamp!.Value), line.Kind == QemuLogLineKind.TraceEvent ? "trace" : "log")));
        }

        // A stable sort: of events of the same instant the order within their source is the truth.
        return [.. entries.Where(entry => entry.At >= started - Around && entry.At <= ended + Around).OrderBy(entry => entry.At)];

        TimelineEntry Entry(string name, string host, DateTimeOffset at, string channel)
            => new(name, host, at, HostClock.Microseconds((at - started).TotalMilliseconds), channel);
    }

    private static string Title(ObservedEvent e)
    {
        var detail = QmpEvents.Status(e) ?? QmpEvents.Pass(e)?.ToString(CultureInfo.InvariantCulture);
        return detail is null ? e.Name : $"{e.Name} {detail}";
    }

    // The cost of each device (vmstate_downtime_save, _load) is no event of the timeline: there are dozens in a millisecond.
    private static string? Title(QemuLogLine line) => line.Kind switch
    {
        QemuLogLineKind.TraceEvent when line.Name.StartsWith("vmstate_downtime_", StringComparison.Ordinal) && line.Name != QemuLogEvents.DowntimeCheckpoint => null,
        QemuLogLineKind.TraceEvent when line.Arguments.Length > 0 => $"{line.Name} {line.Arguments}",
        QemuLogLineKind.TraceEvent => line.Name,
        QemuLogLineKind.StartingUp => "QEMU starting up",
        QemuLogLineKind.InitiatingMigration => "initiating migration",
        QemuLogLineKind.ShuttingDown => line.Arguments.Length > 0 ? $"QEMU shutting down, reason={line.Arguments}" : "QEMU shutting down",
        QemuLogLineKind.DeviceError => $"device error: {line.Arguments}",
        _ => null,
    };
}
