using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class QemuLogLineTests
{
    [Test]
    public void Parse_event_without_arguments_tolerates_the_trailing_space()
    {
        var line = QemuLogLine.Parse("12345@1716531840.123456:all_vcpus_paused ");

        Assert.That(line, Is.EqualTo(new QemuLogLine(
            QemuLogLineKind.TraceEvent, new DateTimeOffset(2024, 5, 24, 6, 24, 0, TimeSpan.Zero).AddMicroseconds(123456), "all_vcpus_paused", "")));
    }

    [TestCase("130@1795226215.692892:vm_state_notify running 0 reason 7 (finish-migrate)")]
    [TestCase("130@1795226215.692892:vm_state_notify running 0 reason 7 (finish-migrate)\r\n")]
    [TestCase("gar\uFFFDbage 13130@1795226215.692892:vm_state_notify running 0 reason 7 (finish-migrate)")]
    [TestCase("130@1795226215.69130@1795226215.692892:vm_state_notify running 0 reason 7 (finish-migrate)")]
    public void Parse_event_behind_anything_gives_stamp_and_arguments(string text)
    {
        var line = QemuLogLine.Parse(text);

        Assert.That(line.Stamp, Is.EqualTo(DateTimeOffset.FromUnixTimeSeconds(1795226215).AddMicroseconds(692892)));
        Assert.That(line.Name, Is.EqualTo("vm_state_notify"));
        Assert.That(line.Arguments, Is.EqualTo("running 0 reason 7 (finish-migrate)"));
    }

    [Test]
    public void Parse_iso_prefix_gives_microseconds()
    {
        var line = QemuLogLine.Parse("2025-07-21T18:43:28.089797Z all_vcpus_prepared ");

        Assert.That(line.Name, Is.EqualTo("all_vcpus_prepared"));
        Assert.That(line.Stamp, Is.EqualTo(new DateTimeOffset(2025, 7, 21, 18, 43, 28, TimeSpan.Zero).AddMicroseconds(89797)));
    }

    [Test]
    public void Parse_event_without_prefix_has_no_time()
        => Assert.That(QemuLogLine.Parse("vm_state_notify running 1 reason 9 (running)"),
            Is.EqualTo(new QemuLogLine(QemuLogLineKind.TraceEvent, null, "vm_state_notify", "running 1 reason 9 (running)")));

    [TestCase("2026-11-21 02:39:04.500+0000: starting up libvirt version: 11.3.0, package: 3", QemuLogLineKind.StartingUp, "")]
    [TestCase("2026-11-21 02:39:04.500+0000: initiating migration", QemuLogLineKind.InitiatingMigration, "")]
    [TestCase("2026-11-21 02:39:04.500+0000: shutting down, reason=migrated", QemuLogLineKind.ShuttingDown, "migrated")]
    [TestCase("2026-11-21 02:39:04.500+0000: shutting down", QemuLogLineKind.ShuttingDown, "")]
    public void Parse_libvirt_line_gives_kind_and_reason(string text, QemuLogLineKind kind, string reason)
    {
        var line = QemuLogLine.Parse(text);

        Assert.That((line.Kind, line.Arguments), Is.EqualTo((kind, reason)));
        Assert.That(line.Stamp, Is.EqualTo(new DateTimeOffset(2026, 11, 21, 2, 39, 4, 500, TimeSpan.Zero)));
    }

    [Test]
    public void Parse_device_error_keeps_time_and_text()
    {
        var line = QemuLogLine.Parse("2025-07-21T18:43:28.089797Z qemu-system-aarch64: vhost vdpa device resume failed: -5");

        Assert.That(line.Kind, Is.EqualTo(QemuLogLineKind.DeviceError));
        Assert.That(line.Arguments, Is.EqualTo("qemu-system-aarch64: vhost vdpa device resume failed: -5"));
        Assert.That(line.Stamp, Is.EqualTo(new DateTimeOffset(2025, 7, 21, 18, 43, 28, TimeSpan.Zero).AddMicroseconds(89797)));
    }

    [TestCase("")]
    [TestCase("--trace vm_state_notify \\")]
    [TestCase("vm_state_notify \\")]
    [TestCase("130@1795226215.692892:some_other_event 1")]
    [TestCase("130@1795226215.6928:all_vcpus_paused ")]
    [TestCase("130@1795226215.692892:all_vcpus_pau")]
    [TestCase("2026-99-99 02:39:04.500+0000: initiating migration")]
    [TestCase("2025-07-21T18:43:28.089797Z qemu-system-x86_64: terminating on signal 15")]
    public void Parse_anything_else_is_nothing(string text) => Assert.That(QemuLogLine.Parse(text).Kind, Is.EqualTo(QemuLogLineKind.Other));

    [Test]
    public void Parse_damaged_lines_never_throws()
    {
        var damaged = from line in Gen.Elements(Samples.SourceLines.Concat(Samples.DestinationLines).Append("2025-07-21T18:43:28.089797Z all_vcpus_prepared ").ToArray())
                      from at in Gen.Choose(0, 60)
                      from cut in Gen.Choose(0, 3)
                      from insert in Gen.Elements("", "9", "99999999999", "\u0663", "\0", "@", ":", ".", "-", "\uD800")
                      let place = Math.Min(at, line.Length)
                      select string.Concat(line.AsSpan(0, place), insert, line.AsSpan(Math.Min(line.Length, place + cut)));

        Prop.ForAll(damaged.ToArbitrary(), line => QemuLogLine.Parse(line).Name.Length <= line.Length).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }
}
