using System.Globalization;
using System.Text;
using Orchestrator.Downtime;
using static Orchestrator.Tests.Downtime.LogMeasurementTests;

namespace Orchestrator.Tests.Downtime;

/// <summary>
/// Logs that were damaged in one place, by seed: where what the number rests on is gone there is no number, elsewhere it stays what it was, and nothing crashes or hangs.
/// </summary>
public class MutatedLogsTests
{
    private const double TrueMs = 50;

    // What the seeds are multiplied by: eng/test --full tries them all.
    private static readonly int Count = Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1" ? 100_000 : 2_000;

    private static readonly string[] Source =
    [
        FromLibvirt(0, "starting up libvirt version: 11.3.0, package: 3, qemu version: 10.0.2, hostname: a"),
        "LC_ALL=C \\",
        "/usr/bin/qemu-system-x86_64 \\",
        "-name guest=web1,debug-threads=on \\",
        "--trace 'vm_state_notify' \\",
        "char device redirected to /dev/pts/3 (label charserial0)",
        Running(1), Noise(2), Stopped(10), Noise(10.5), Running(11),
        FromLibvirt(30, "initiating migration"), Noise(30.1), Stopped(31), Noise(31.01), FromLibvirt(32, "shutting down, reason=migrated"),
        FromLibvirt(99, "starting up libvirt version: 11.3.0, package: 3, qemu version: 10.0.2, hostname: a"),
        "-incoming defer \\",
        Running(101), Noise(150),
        FromLibvirt(230, "initiating migration"), Noise(230.5),
        "131@1795226630.900000:virtio_queue_notify vdev 0x55d0c8a3f2e0 n 1 vq 0x7f2c14100010",
        Stopped(231),
        Traced(231.01, "vmstate_downtime_save type=non-iterable idstr=i8259 instance_id=1 downtime=14"),
        Traced(231.02, "vmstate_downtime_checkpoint src-non-iterable-saved"),
        Noise(231.03),
        FromLibvirt(232, "shutting down, reason=migrated"),
    ];

    private static readonly string[] Destination =
    [
        FromLibvirt(29, "starting up libvirt version: 11.3.0, package: 3, qemu version: 10.0.2, hostname: b"),
        "-incoming defer \\",
        Running(31.02), Noise(40), FromLibvirt(98, "initiating migration"), Stopped(98.9), FromLibvirt(102, "shutting down, reason=migrated"),
        FromLibvirt(229, "starting up libvirt version: 11.3.0, package: 3, qemu version: 10.0.2, hostname: b"),
        "-name guest=web1,debug-threads=on \\",
        "-incoming defer \\",
        Noise(229.5),
        Traced(231.03, "vmstate_downtime_load type=non-iterable idstr=i8259 instance_id=1 downtime=3"),
        Traced(231.04, "vmstate_downtime_checkpoint dst-precopy-loadvm-completed"),
        Running(231.05), Noise(240), Stopped(250), Noise(255), Running(260), Noise(261),
    ];

    [Test]
    public void Measure_whole_logs_have_the_number() => Assert.That(Measure(Bytes(Source), Bytes(Destination)).ValueMs, Is.EqualTo(TrueMs));

    [Test]
    public void Measure_any_one_damage_gives_the_true_number_or_none()
    {
        var wrong = new List<string>();
        var outcomes = new int[2];
        for (var seed = 0; seed < Count; seed++)
        {
            var random = new Random(seed);
            var onSource = random.Next(2) == 0;
            var lines = onSource ? Source : Destination;
            var needed = Array.IndexOf(lines, onSource ? Stopped(231) : Running(231.05));
            var (damaged, what, needsNone, staysTrue) = Damage(random, lines, needed);
            var report = onSource ? Measure(damaged, Bytes(Destination)) : Measure(Bytes(Source), damaged);
            outcomes[report.ValueMs is null ? 0 : 1]++;
            if (report.ValueMs is { } value && (needsNone || value != TrueMs))
            {
                wrong.Add($"seed {seed}, {what}: {value}");
            }
            else if (report.ValueMs is null && staysTrue)
            {
                wrong.Add($"seed {seed}, {what}: no number, {report.Problem}");
            }
        }

        Assert.That(wrong, Is.Empty);
        Assert.That(outcomes, Has.All.GreaterThan(Count / 20), "both kinds were tried");
    }

    /// <summary>One damage, what it is, and what is known of it: that no number may be left, or that the number must stay.</summary>
    private static (byte[] Log, string What, bool NeedsNone, bool StaysTrue) Damage(Random random, string[] lines, int needed)
    {
        var at = random.Next(3) == 0 ? needed : random.Next(lines.Length);
        var line = lines[at];
        var isNeeded = at == needed;

        // Lines that order, bound or contradict the two events may rightly take the number away.
        var isNoise = !isNeeded && (line.Contains("virtio_queue_notify", StringComparison.Ordinal) || line.StartsWith("LC_ALL", StringComparison.Ordinal) || line.StartsWith("char device", StringComparison.Ordinal));
        byte[] garbage = new byte[random.Next(1, 3) == 1 ? random.Next(1, 200) : random.Next(60_000, 70_000)];
        random.NextBytes(garbage);
        switch (random.Next(7))
        {
            case 0:
                return (Bytes([.. lines[..at], .. lines[(at + 1)..]]), Text($"line {at} deleted"), isNeeded, isNoise);
            case 1:
                // Behind the thread's number and before the reason every byte matters.
                var (from, to) = isNeeded ? (line.IndexOf('@') + 1, line.IndexOf(" reason", StringComparison.Ordinal)) : (0, line.Length);
                var (place, by) = (random.Next(from, to), "x\0\u00ff#"[random.Next(4)]);
                return (Bytes([.. lines[..at], $"{line[..place]}{by}{line[(place + 1)..]}", .. lines[(at + 1)..]]), Text($"line {at}, byte {place} is {(int)by}"), isNeeded, isNoise);
            case 2:
                // Without its last beginning a log tells of an earlier migration, and rightly.
                at = Math.Max(at, lines == Source ? Array.IndexOf(lines, FromLibvirt(230, "initiating migration")) + 1 : 0);
                line = lines[at];
                var cut = Bytes(lines[..at]).Length + random.Next(at == needed ? line.IndexOf(" reason", StringComparison.Ordinal) : line.Length);
                return (Bytes(lines)[..cut], Text($"cut in line {at}"), at <= needed, at > needed && !lines[needed..at].Any(IsLibvirt) && !IsLibvirt(line) && Array.FindLastIndex(lines, IsLibvirt) < at);
            case 3:
                return (Bytes([.. lines[..(at + 1)], line, .. lines[(at + 1)..]]), Text($"line {at} twice"), false, isNeeded || isNoise);
            case 4:
                // Before or behind a line, in a line of its own.
                return ([.. Bytes(lines[..at]), .. garbage, (byte)'\n', .. Bytes(lines[at..])], Text($"{garbage.Length} bytes before line {at}"), false, true);
            case 5:
                return (Encoding.Latin1.GetBytes(string.Join("\r\n", lines) + "\r\n"), "line ends of DOS", false, true);
            default:
                // Half a line that another writer left behind, without its end.
                return (Encoding.Latin1.GetBytes(string.Join('\n', lines[..at]) + (at > 0 ? "\n" : "") + "error: devi" + string.Join('\n', lines[at..]) + "\n"), Text($"half a line before line {at}"), false, isNeeded || isNoise);
        }
    }

    private static bool IsLibvirt(string line) => line.Contains("+0000: ", StringComparison.Ordinal);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static DowntimeReport Measure(byte[] source, byte[] destination)
    {
        using var there = new MemoryStream(source);
        using var here = new MemoryStream(destination);
        return LogMeasurement.Measure("web1", QemuLog.Read(there), QemuLog.Read(here));
    }

    private static byte[] Bytes(string[] lines) => Encoding.Latin1.GetBytes(string.Concat(lines.Select(line => line + "\n")));

    private static string Noise(double second) => Traced(second, "virtio_queue_notify vdev 0x55d0c8a3f2e0 n 3 vq 0x7f2c14700010");
}
