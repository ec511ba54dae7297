namespace Orchestrator.Downtime;

/// <summary>
/// What cause and effect tell of the two hosts' clocks: an event of one host that only comes after one of the other was not before it. This needs neither our own clock nor
/// an even way to the hosts. Only stamps of QEMU count: libvirt's own lines are written by another process.
/// </summary>
internal static class CausalBounds
{
    private const string Saved = QemuLogEvents.DowntimeSave;
    private const string Loaded = QemuLogEvents.DowntimeLoad;

    // Event of the source, event of the destination that comes after it.
    private static readonly (string Cause, string Effect)[] OnDestination =
    [
        ("STOP", "RESUME"),
        ("STOP", "MIGRATION completed"),
        ("MIGRATION device", "MIGRATION completed"),
        ("vmstate_downtime_checkpoint src-vm-stopped", "vmstate_downtime_checkpoint dst-precopy-loadvm-completed"),
        ("vmstate_downtime_checkpoint src-non-iterable-saved", "vmstate_downtime_checkpoint dst-precopy-loadvm-completed"),
    ];

    // libvirt tells the destination's QEMU to listen, and waits for its answer, before it tells the source's to migrate.
    private static readonly (string Cause, string Effect)[] OnSource = [("MIGRATION setup", "MIGRATION setup")];

    /// <summary>The bounds of the destination's clock minus the source's, and the events that give them.</summary>
    /// <param name="evidence">What was observed.</param>
    /// <param name="source">The source's clock, as far as deliveries tell.</param>
    /// <param name="destination">The destination's.</param>
    public static (ClockInterval Interval, string? LowBy, string? HighBy) Find(MigrationEvidence evidence, HostClock source, HostClock destination)
    {
        var (there, here) = (Stamps.OfSource(evidence, source), Stamps.OfDestination(evidence, destination));
        var interval = ClockInterval.Unbounded;
        string? lowBy = null, highBy = null;

        foreach (var (cause, effect) in OnDestination)
        {
            // Of a stop that was told more than once the last is the one that the destination's run follows.
            Upper(there.Last(cause), here.First(effect), $"{effect} of {evidence.Destination.Name} comes after {cause} of {evidence.Source.Name}");
        }

        foreach (var (device, saved) in there.Devices(Saved))
        {
            Upper(saved, here.Device(Loaded, device), $"{device} is loaded on {evidence.Destination.Name} after it was saved on {evidence.Source.Name}");
        }

        foreach (var (cause, effect) in OnSource)
        {
            Lower(here.First(cause), there.Last(effect), $"{effect} of {evidence.Source.Name} comes after {cause} of {evidence.Destination.Name}");
        }

        return (interval, lowBy, highBy);

        void Upper(Stamp? cause, Stamp? effect, string by)
        {
            if (cause is { } first && effect is { } then && then.At - first.At + first.Drift + then.Drift is var high && high < interval.High)
            {
                (interval, highBy) = (interval with { High = high }, by);
            }
        }

        void Lower(Stamp? cause, Stamp? effect, string by)
        {
            if (cause is { } first && effect is { } then && first.At - then.At - first.Drift - then.Drift is var low && low > interval.Low)
            {
                (interval, lowBy) = (interval with { Low = low }, by);
            }
        }
    }

    /// <summary>A stamp in milliseconds, and how far the clock may have drifted between it and the blackout.</summary>
    private readonly record struct Stamp(double At, double Drift);

    /// <summary>The events of one host that carry stamps of its clock.</summary>
    private sealed class Stamps
    {
        private readonly ILookup<string, DateTimeOffset> _stamps;
        private readonly DateTimeOffset? _reference;
        private readonly DateTimeOffset _zero;

        private Stamps(IEnumerable<(string Name, DateTimeOffset At)> stamps, DateTimeOffset? reference, DateTimeOffset zero)
            => (_stamps, _reference, _zero) = (stamps.ToLookup(stamp => stamp.Name, stamp => stamp.At, StringComparer.Ordinal), reference, zero);

        public static Stamps OfSource(MigrationEvidence evidence, HostClock clock)
        {
            var lines = SourceLog.Read([.. evidence.Source.Log.Lines.Select(QemuLogLine.Parse)], TraceMethod.Window(evidence, clock)).Cut;
            return new Stamps(Events(evidence, evidence.Source).Concat(Traced(lines)), QmpEvents.Stop(evidence)?.Stamp, evidence.Call.Started);
        }

        public static Stamps OfDestination(MigrationEvidence evidence, HostClock clock)
        {
            var lines = DestinationLog.Read([.. evidence.Destination.Log.Lines.Select(QemuLogLine.Parse)], TraceMethod.Window(evidence, clock)).Cut;
            return new Stamps(Events(evidence, evidence.Destination).Concat(Traced(lines)), QmpEvents.Resume(evidence)?.Stamp, evidence.Call.Started);
        }

        public Stamp? First(string name) => _stamps.Contains(name) ? Of(_stamps[name].First()) : null;

        public Stamp? Last(string name) => _stamps.Contains(name) ? Of(_stamps[name].Last()) : null;

        /// <summary>The devices that are saved or loaded in one go, by name and instance.</summary>
        public IEnumerable<(string Device, Stamp At)> Devices(string verb)
            => _stamps.Where(group => group.Key.StartsWith(verb, StringComparison.Ordinal)).Select(group => (group.Key[(verb.Length + 1)..], Of(group.Last())));

        public Stamp? Device(string verb, string device) => First($"{verb} {device}");

        private Stamp Of(DateTimeOffset at)
            => new((at - _zero).TotalMilliseconds, _reference is { } reference ? HostClock.Drift * Math.Abs((at - reference).TotalMilliseconds) : 0);

        private static IEnumerable<(string Name, DateTimeOffset At)> Events(MigrationEvidence evidence, HostEvidence host)
            => host.Events
                .Where(e => e is { Channel: "qmp", Stamp: not null } && QmpEvents.IsDuring(evidence, e))
                .Select(e => (QmpEvents.Status(e) is { } status ? $"{e.Name} {status}" : e.Name, e.Stamp!.Value));

        private static IEnumerable<(string Name, DateTimeOffset At)> Traced(IEnumerable<QemuLogLine> lines)
        {
            foreach (var line in lines)
            {
                if (line is { Kind: QemuLogLineKind.TraceEvent, Stamp: { } stamp } && Name(line) is { } name)
                {
                    yield return (name, stamp);
                }
            }
        }

        // What is sent piece by piece (memory) reaches the other side before its last piece is noted here: only what is saved in one go counts.
        private static string? Name(QemuLogLine line) => line.Name switch
        {
            Saved or Loaded => DeviceCost.Of(line) is { Type: "non-iterable" } cost ? $"{line.Name} {cost.Device} #{cost.Instance}" : null,
            QemuLogEvents.DowntimeCheckpoint => $"{line.Name} {line.Arguments}",
            _ => null,
        };
    }
}
