using System.Globalization;

namespace Orchestrator.Downtime;

/// <summary>Splits the blackout's device state by device.</summary>
internal static class DeviceState
{
    // major * 1000000 + minor * 1000 + release.
    private const long FirstQemu = 8_002_000;

    public static DeviceStateDowntime Split(MigrationEvidence evidence, HostClocks clocks)
    {
        var source = SourceLog.Read([.. evidence.Source.Log.Lines.Select(QemuLogLine.Parse)], TraceMethod.Window(evidence, clocks.Source)).Cut;
        var destination = DestinationLog.Read([.. evidence.Destination.Log.Lines.Select(QemuLogLine.Parse)], TraceMethod.Window(evidence, clocks.Destination)).Cut;
        var (saved, loaded) = (Costs(source, QemuLogEvents.DowntimeSave), Costs(destination, QemuLogEvents.DowntimeLoad));
        var problems = new[] { Missing(evidence.Source, saved.Count), Missing(evidence.Destination, loaded.Count) }.OfType<string>().ToList();
        return new DeviceStateDowntime
        {
            Devices =
            [
                .. saved.Keys.Union(loaded.Keys)
                    .Select(key => new DeviceDowntime(key.Device, key.Instance, key.Type, Cost(saved, key), Cost(loaded, key)))
                    .OrderByDescending(device => (device.SaveUs ?? 0) + (device.LoadUs ?? 0))
                    .ThenBy(device => device.Device, StringComparer.Ordinal)
                    .ThenBy(device => device.Instance),
            ],
            SaveUs = saved.Count > 0 ? saved.Values.Sum() : null,
            LoadUs = loaded.Count > 0 ? loaded.Values.Sum() : null,
            Problem = problems.Count > 0 ? string.Join("; ", problems) : null,
        };
    }

    // A migration that was tried again in the same QEMU saved everything twice: the last one went through.
    private static Dictionary<(string Device, long Instance, string Type), long> Costs(IEnumerable<QemuLogLine> lines, string name)
    {
        var costs = new Dictionary<(string, long, string), long>();
        foreach (var line in lines)
        {
            if (line.Name == name && DeviceCost.Of(line) is { } cost)
            {
                costs[(cost.Device, cost.Instance, cost.Type)] = cost.Microseconds;
            }
        }

        return costs;
    }

    private static long? Cost(Dictionary<(string Device, long Instance, string Type), long> costs, (string Device, long Instance, string Type) key)
        => costs.TryGetValue(key, out var cost) ? cost : null;

    private static string? Missing(HostEvidence host, int count) => host switch
    {
        _ when count > 0 => null,
        { Log.Problem: { } problem } => $"{host.Name}: {problem}",
        { QemuVersion: > 0 and < FirstQemu } => string.Create(
            CultureInfo.InvariantCulture,
            $"{host.Name}: its QEMU {host.QemuVersion / 1_000_000}.{host.QemuVersion / 1000 % 1000}.{host.QemuVersion % 1000} has no vmstate_downtime events (8.2 and later do)"),
        _ => $"{host.Name}: not traced (QEMU 8.2 and later, with --trace vmstate_downtime_* on its command line)",
    };
}
