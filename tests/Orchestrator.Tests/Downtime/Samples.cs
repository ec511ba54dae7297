using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

/// <summary>A real migration of an idle guest between two hosts of one machine (libvirt 11.3, QEMU 10.0), as it was observed.</summary>
internal static class Samples
{
    private const long Second = 1795228744;

    public static readonly string[] SourceLines =
    [
        "2026-11-21 02:38:40.101+0000: starting up libvirt version: 11.3.0, package: 3, qemu version: 10.0.2, kernel: 6.1.0, hostname: lab-b",
        "1220@1795228725.100000:vm_state_notify running 1 reason 9 (running)",
        "2026-11-21 02:39:04.845+0000: initiating migration",
        "1221@1795228744.863000:runstate_set current_run_state 9 (running) new_state 7 (finish-migrate)",
        "1221@1795228744.863026:vm_state_notify running 0 reason 7 (finish-migrate)",
        "1221@1795228744.869580:migrate_set_state new state completed",
        "2026-11-21 02:39:06.690+0000: shutting down, reason=migrated",
    ];

    public static readonly string[] DestinationLines =
    [
        "2026-11-21 02:39:04.500+0000: starting up libvirt version: 11.3.0, package: 3, qemu version: 10.0.2, kernel: 6.1.0, hostname: lab-a",
        "1103@1795228744.869100:runstate_set current_run_state 1 (inmigrate) new_state 4 (paused)",
        "1103@1795228744.875200:qmp_enter_cont {}",
        "1103@1795228744.875224:vm_state_notify running 1 reason 9 (running)",
    ];

    public static DateTimeOffset At(double microseconds) => DateTimeOffset.FromUnixTimeSeconds(Second).AddMicroseconds(microseconds);

    /// <summary>The migration with every source of evidence.</summary>
    public static MigrationEvidence Migration() => new()
    {
        DomainName = "web1",
        DomainUuid = new Guid("c7a5fdbd-cdaf-9455-926a-d65c16db1809"),
        Source = new HostEvidence
        {
            Name = "lab-b",
            Uri = "qemu+unix:///session?socket=b",
            RoundTripsMs = [0.9, 0.4, 0.5],
            Events =
            [
                Qmp("MIGRATION", """{"status":"setup"}""", 856976, 857182),
                Qmp("MIGRATION_PASS", """{"pass":1}""", 857746, 858307),
                Qmp("STOP", null, 863042, 863335),
                Lifecycle("suspended/migrated", 863400),
                Qmp("MIGRATION", """{"status":"pre-switchover"}""", 864106, 864445),
                Qmp("MIGRATION", """{"status":"device"}""", 864998, 865167),
                Qmp("MIGRATION_PASS", """{"pass":2}""", 865079, 865284),
                Qmp("MIGRATION", """{"status":"completed"}""", 869591, 869765),
            ],
            CompletedJob = new Dictionary<string, string>
            {
                ["operation"] = "5",
                ["time_elapsed"] = "35",
                ["downtime"] = "15",
                ["downtime_net"] = "14",
            },
            Log = new LogEvidence { Path = "b.log", Lines = SourceLines },
            StateAfter = "absent",
        },
        Destination = new HostEvidence
        {
            Name = "lab-a",
            Uri = "qemu+unix:///session?socket=a",
            RoundTripsMs = [0.6],
            Events =
            [
                Lifecycle("started/migrated", 845000),
                Qmp("MIGRATION", """{"status":"setup"}""", 848215, 848818),
                Qmp("MIGRATION", """{"status":"active"}""", 855405, 855636),
                Qmp("MIGRATION", """{"status":"completed"}""", 869147, 869548),
                Qmp("RESUME", null, 875176, 875387),
                Lifecycle("resumed/migrated", 875600),
            ],
            Log = new LogEvidence { Path = "a.log", Lines = DestinationLines },
            StateAfter = "running",
        },
        Call = new MigrationCallEvidence { Started = At(840000), Ended = At(2_690_000), Mode = "p2p" },
    };

    /// <summary>The same migration, seen with the destination's clock ahead of all others.</summary>
    public static MigrationEvidence WithDestinationAhead(this MigrationEvidence evidence, TimeSpan by) => evidence with
    {
        Destination = evidence.Destination with
        {
            Events = [.. evidence.Destination.Events.Select(e => e with { Stamp = e.Stamp + by })],
            Log = evidence.Destination.Log with { Lines = [.. evidence.Destination.Log.Lines.Select(line => Shift(line, by))] },
        },
    };

    public static MigrationEvidence WithSourceLog(this MigrationEvidence evidence, params string[] lines)
        => evidence with { Source = evidence.Source with { Log = new LogEvidence { Lines = lines } } };

    public static MigrationEvidence WithSource(this MigrationEvidence evidence, Func<HostEvidence, HostEvidence> change)
        => evidence with { Source = change(evidence.Source) };

    public static MigrationEvidence WithDestination(this MigrationEvidence evidence, Func<HostEvidence, HostEvidence> change)
        => evidence with { Destination = change(evidence.Destination) };

    public static HostEvidence WithoutEvents(HostEvidence host) => host with { Events = [] };

    public static HostEvidence WithoutLog(HostEvidence host) => host with { Log = new LogEvidence { Path = "x.log", Problem = "no right to read x.log" } };

    public static HostEvidence WithoutJob(HostEvidence host) => host with { CompletedJob = new Dictionary<string, string>() };

    public static ObservedEvent Qmp(string name, string? data, double stamp, double arrived)
        => new() { Channel = "qmp", Name = name, Data = data, Stamp = At(stamp), Arrived = At(arrived) };

    public static ObservedEvent Lifecycle(string name, double arrived) => new() { Channel = "lifecycle", Name = name, Arrived = At(arrived) };

    private static string Shift(string line, TimeSpan by)
    {
        if (line.Split('@', ':') is [_, var stamp, ..] && line.Contains('@'))
        {
            var parts = stamp.Split('.');
            var time = DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[0])).AddMicroseconds(long.Parse(parts[1])) + by;
            return line.Replace(stamp, $"{time.ToUnixTimeSeconds()}.{time.Ticks % TimeSpan.TicksPerSecond / 10:000000}");
        }

        var header = DateTimeOffset.Parse(line[..28]) + by;
        return $"{header:yyyy-MM-dd HH:mm:ss.fff}+0000{line[28..]}";
    }
}
