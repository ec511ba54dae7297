using System.Text.Json;
using Orchestrator.Downtime;
using Tests.Shared;

namespace Orchestrator.Tests.Downtime;

/// <summary>Two QEMU logs and nothing else.</summary>
public class LogMeasurementTests
{
    private const string Header = "starting up libvirt version: 11.3.0, package: 3, qemu version: 10.0.2, kernel: 6.1.0, hostname: h";
    private const string Incoming = @"-incoming defer \";

    private static readonly string Folder = Path.Combine(TestContext.CurrentContext.TestDirectory, "Downtime", "Logs");

    [Test]
    public void Measure_real_logs_both_ways()
    {
        var (a, b) = (QemuLog.ReadWhole([Path.Combine(Folder, "lab-a.log")]), QemuLog.ReadWhole([Path.Combine(Folder, "lab-b.log")]));

        var there = LogMeasurement.Measure("g", a, b);
        var back = LogMeasurement.Measure("g", b, a);

        // vm_state_notify running 0 and 1: .617545 and .635789, then .597559 and .637012.
        Assert.That((there.Method, there.ValueMs, there.UncertaintyMs), Is.EqualTo(("trace", 18.244, (double?)null)));
        Assert.That((back.Method, back.ValueMs, back.UncertaintyMs), Is.EqualTo(("trace", 39.453, (double?)null)));
        Assert.That(there.Phases.Select(p => p.Name), Is.EqualTo(new[] { "setup and copy", "blackout: device state", "blackout: load", "blackout: resume", "finish" }));
        Assert.That(there.Phases.Where(p => p.Name.StartsWith("blackout", StringComparison.Ordinal)).Sum(p => p.DurationMs), Is.EqualTo(18.244).Within(0.0011));
        Assert.That(there.DeviceState.Devices, Is.Not.Empty);
        Assert.That(there.DeviceState.SaveUs, Is.EqualTo(there.DeviceState.Devices.Sum(d => d.SaveUs)));
        Assert.That(there.Timeline.Select(e => e.At), Is.Ordered);
    }

    [Test]
    public void Measure_document_conforms_to_its_schema()
    {
        var (a, b) = (QemuLog.ReadWhole([Path.Combine(Folder, "lab-a.log")]), QemuLog.ReadWhole([Path.Combine(Folder, "lab-b.log")]));
        var schema = JsonSchema.Load("downtime-analyze.schema.json");

        foreach (var report in new[] { LogMeasurement.Measure("g", a, b), LogMeasurement.Measure("g", b, new LogEvidence()), DowntimeMeasurement.Measure(Samples.Migration()) })
        {
            Assert.That(schema.Problems(JsonSerializer.SerializeToNode(report, DowntimeJson.Default.DowntimeReport)), Is.Empty);
        }
    }

    [Test]
    public void Measure_two_migrations_of_one_name_lists_both_and_takes_the_last()
    {
        var (source, destination) = Twice();

        var last = LogMeasurement.Measure("web1", source, destination);
        var first = LogMeasurement.Measure("web1", source, destination, 1);

        Assert.That((last.ValueMs, last.Migration), Is.EqualTo(((double?)50, (int?)2)));
        Assert.That((first.ValueMs, first.Migration), Is.EqualTo(((double?)20, (int?)1)));
        Assert.That(last.Migrations, Is.EqualTo(new[] { new LoggedMigration(1, Second(30), 20, null), new LoggedMigration(2, Second(230), 50, null) }));
        Assert.That(() => LogMeasurement.Measure("web1", source, destination, 3), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("tells of 2 migrations"));
    }

    [Test]
    public void Measure_suspend_before_the_migration_is_passed_over_and_one_that_lasts_gives_no_number()
    {
        string[] destination = [FromLibvirt(29, Header), Incoming, Running(31.02)];

        var passed = LogMeasurement.Measure("web1", Log([FromLibvirt(0, Header), Running(1), Stopped(10), Running(11), FromLibvirt(30, "initiating migration"), Stopped(31), FromLibvirt(32, "shutting down, reason=migrated")]), Log(destination));
        var lasting = LogMeasurement.Measure("web1", Log([FromLibvirt(0, Header), Running(1), Stopped(10), FromLibvirt(30, "initiating migration"), FromLibvirt(32, "shutting down, reason=migrated")]), Log(destination));

        Assert.That(passed.ValueMs, Is.EqualTo(20));
        Assert.That((lasting.ValueMs, lasting.Sources.Trace.Problem), Is.EqualTo(((double?)null, "source: the guest was already paused when the migration began")));
    }

    [Test]
    public void Measure_rollback_gives_no_number_and_the_next_attempt_its_own()
    {
        var source = Log([
            FromLibvirt(0, Header), Running(1), FromLibvirt(30, "initiating migration"), Stopped(31), Running(31.5),
            FromLibvirt(60, "initiating migration"), Stopped(61), FromLibvirt(62, "shutting down, reason=migrated")]);
        var destination = Log([FromLibvirt(29, Header), Incoming, FromLibvirt(32, "shutting down, reason=failed"), FromLibvirt(59, Header), Incoming, Running(61.04)]);

        var failed = LogMeasurement.Measure("web1", source, destination, 1);

        Assert.That((failed.ValueMs, failed.Sources.Trace.Problem), Is.EqualTo(((double?)null, "source: the migration was rolled back: the guest ran again on the source")));
        Assert.That(LogMeasurement.Measure("web1", source, destination).ValueMs, Is.EqualTo(40));
    }

    [Test]
    public void Measure_a_boot_on_the_destination_is_not_the_migration()
    {
        var source = Log([FromLibvirt(0, Header), Running(1), FromLibvirt(30, "initiating migration"), Stopped(31), FromLibvirt(32, "shutting down, reason=migrated")]);
        var destination = Log([FromLibvirt(20, Header), Incoming, Running(31.02), FromLibvirt(33, "shutting down, reason=destroyed"), FromLibvirt(33.5, Header), Running(34)]);

        Assert.That(LogMeasurement.Measure("web1", source, destination).ValueMs, Is.EqualTo(20), "the boot's header is nearer");
    }

    [TestCase("2026-11-21T02:00:31.000000Z all_vcpus_paused ", "2026-11-21T02:00:31.020000Z all_vcpus_prepared ", 20d)]
    [TestCase("77@1795226431.000000:all_vcpus_paused ", "78@1795226431.020000:all_vcpus_prepared ", 20d)]
    [TestCase("all_vcpus_paused ", "all_vcpus_prepared ", null)]
    public void Measure_three_formats_and_no_time_no_number(string paused, string prepared, double? value)
    {
        var report = LogMeasurement.Measure(
            "web1", Log([FromLibvirt(0, Header), FromLibvirt(30, "initiating migration"), paused, FromLibvirt(32, "shutting down, reason=migrated")]), Log([FromLibvirt(29, Header), prepared]));

        Assert.That(report.ValueMs, Is.EqualTo(value));
        Assert.That(report.Sources.Trace.Problem, value is null ? Does.Contain("log_timestamp is off in qemu.conf") : Is.Null);
    }

    [Test]
    public void ReadWhole_a_log_that_begins_within_a_migration_is_read_with_the_part_before()
    {
        var folder = Directory.CreateTempSubdirectory("logs-").FullName;
        try
        {
            var log = Path.Combine(folder, "web1.log");
            File.WriteAllLines(log + ".0", [FromLibvirt(0, Header), Running(1), FromLibvirt(30, "initiating migration")]);
            File.WriteAllLines(log, [Stopped(31), FromLibvirt(32, "shutting down, reason=migrated"), FromLibvirt(100, Header), Running(101)]);
            var destination = Log([FromLibvirt(29, Header), Running(31.02)]);

            Assert.That(LogMeasurement.Measure("web1", QemuLog.ReadWhole([log]), destination).ValueMs, Is.EqualTo(20));
            Assert.That(LogMeasurement.Measure("web1", QemuLog.ReadWhole([log, log + ".0"]), destination).ValueMs, Is.EqualTo(20), "given in any order");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Measure_no_migration_in_the_log_says_so()
    {
        var report = LogMeasurement.Measure("web1", Log([FromLibvirt(0, Header), Running(1)]), Log([FromLibvirt(29, Header), Running(31)]));

        Assert.That((report.ValueMs, report.Sources.Trace.Problem), Is.EqualTo(((double?)null, "source: the log tells of no migration")));
        Assert.That(report.Migrations, Is.Empty);
    }

    [Test]
    public void Measure_device_state_is_split_by_device_and_summed()
    {
        var report = LogMeasurement.Measure(
            "web1",
            Log([
                FromLibvirt(0, Header), FromLibvirt(30, "initiating migration"), Stopped(31), Save(31.001, "iterable", "ram", 0, 4000), Save(31.002, "non-iterable", "0000:00:02.0/virtio-net", 0, 700),
                Save(31.003, "non-iterable", "i8259", 1, 3), FromLibvirt(32, "shutting down, reason=migrated")]),
            Log([FromLibvirt(29, Header), Load(31.011, "iterable", "ram", 0, 1000), Load(31.012, "non-iterable", "0000:00:02.0/virtio-net", 0, 9000), Running(31.02)]));

        Assert.That(report.DeviceState.Devices, Is.EqualTo(new[]
        {
            new DeviceDowntime("0000:00:02.0/virtio-net", 0, "non-iterable", 700, 9000),
            new DeviceDowntime("ram", 0, "iterable", 4000, 1000),
            new DeviceDowntime("i8259", 1, "non-iterable", 3, null),
        }));
        Assert.That((report.DeviceState.SaveUs, report.DeviceState.LoadUs, report.DeviceState.Problem), Is.EqualTo(((long?)4703, (long?)10000, (string?)null)));
    }

    [Test]
    public void Measure_device_state_of_an_old_qemu_is_said_to_be_unavailable()
    {
        var state = DowntimeMeasurement.Measure(Samples.Migration().WithSource(h => h with { QemuVersion = 6_002_000 })).DeviceState;

        Assert.That(state.Devices, Is.Empty);
        Assert.That(state.Problem, Is.EqualTo(
            "lab-b: its QEMU 6.2.0 has no vmstate_downtime events (8.2 and later do); lab-a: not traced (QEMU 8.2 and later, with --trace vmstate_downtime_* on its command line)"));
    }

    private static (LogEvidence Source, LogEvidence Destination) Twice() => (
        Log([
            FromLibvirt(0, Header), Running(1), FromLibvirt(30, "initiating migration"), Stopped(31), FromLibvirt(32, "shutting down, reason=migrated"),
            FromLibvirt(99, Header), Incoming, Running(101), FromLibvirt(230, "initiating migration"), Stopped(231), FromLibvirt(232, "shutting down, reason=migrated")]),
        Log([
            FromLibvirt(29, Header), Incoming, Running(31.02), FromLibvirt(100, "initiating migration"), Stopped(100.9), FromLibvirt(102, "shutting down, reason=migrated"),
            FromLibvirt(229, Header), Incoming, Running(231.05)]));

    internal static DateTimeOffset Second(double second) => DateTimeOffset.FromUnixTimeSeconds(1795226400).AddMilliseconds(Math.Round(second * 1000));

    internal static string FromLibvirt(double second, string text) => $"{Second(second):yyyy-MM-dd HH:mm:ss.fff}+0000: {text}";

    internal static string Stopped(double second) => Traced(second, "vm_state_notify running 0 reason 7 (finish-migrate)");

    internal static string Running(double second) => Traced(second, "vm_state_notify running 1 reason 9 (running)");

    internal static string Traced(double second, string text) => $"130@{Second(second).ToUnixTimeSeconds()}.{Second(second).Ticks % TimeSpan.TicksPerSecond / 10:000000}:{text}";

    private static string Save(double second, string type, string device, int instance, int us) => Traced(second, $"vmstate_downtime_save type={type} idstr={device} instance_id={instance} downtime={us}");

    private static string Load(double second, string type, string device, int instance, int us) => Traced(second, $"vmstate_downtime_load type={type} idstr={device} instance_id={instance} downtime={us}");

    private static LogEvidence Log(string[] lines) => new() { Lines = lines };
}
