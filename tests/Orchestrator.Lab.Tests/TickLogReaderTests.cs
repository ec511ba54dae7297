using System.Globalization;
using System.Text;

namespace Orchestrator.Lab.Tests;

public sealed class TickLogReaderTests
{
    private const long Second = 1_795_000_000;
    private string _log = null!;

    [SetUp]
    public void SetUp() => _log = Path.Combine(Directory.CreateTempSubdirectory("ticks-").FullName, "ticks");

    [TearDown]
    public void TearDown() => Directory.Delete(Path.GetDirectoryName(_log)!, recursive: true);

    [Test]
    public void Read_between_instants_returns_those_ticks_both_ends_included()
    {
        File.WriteAllText(_log, Lines(0, 10));

        var ticks = TickLogReader.Read(_log, At(3), At(5));

        Assert.That(ticks, Is.EqualTo(new[] { Tick(3), Tick(4), Tick(5) }));
    }

    [Test]
    public void Read_over_a_rotation_returns_both_parts_in_order()
    {
        File.WriteAllText(_log + ".1", Lines(0, 6));
        File.WriteAllText(_log, Lines(6, 10));

        Assert.That(TickLogReader.Read(_log, At(4), At(7)).Select(t => t.Sequence), Is.EqualTo(new long[] { 4, 5, 6, 7 }));
    }

    [Test]
    public void Read_rotation_while_reading_returns_no_tick_twice()
    {
        // What was read as the log has become the older part meanwhile.
        File.WriteAllText(_log + ".1", Lines(0, 6));
        File.WriteAllText(_log, Lines(0, 6));

        Assert.That(TickLogReader.Read(_log, At(0), At(9)).Select(t => t.Sequence), Is.EqualTo(new long[] { 0, 1, 2, 3, 4, 5 }));
    }

    [Test]
    public void Read_just_rotated_empty_log_returns_the_older_part()
    {
        File.WriteAllText(_log + ".1", Lines(0, 3));
        File.WriteAllText(_log, "");

        Assert.That(TickLogReader.Read(_log, At(1), At(9)).Select(t => t.Sequence), Is.EqualTo(new long[] { 1, 2 }));
    }

    [Test]
    public void Read_between_putting_aside_and_a_new_log_returns_the_older_part()
    {
        File.WriteAllText(_log + ".1", Lines(0, 3));

        Assert.That(TickLogReader.Read(_log, At(1), At(9)).Select(t => t.Sequence), Is.EqualTo(new long[] { 1, 2 }));
    }

    [Test]
    public void Read_without_any_log_is_an_error() =>
        Assert.That(() => TickLogReader.Read(_log, At(1), At(9)), Throws.InstanceOf<FileNotFoundException>());

    [Test]
    public void Read_large_log_finds_an_instant_anywhere_in_it()
    {
        File.WriteAllText(_log, Lines(0, 20_000));

        foreach (var i in new[] { 0, 1, 777, 10_000, 19_998, 19_999 })
        {
            Assert.That(TickLogReader.Read(_log, At(i), At(i)), Is.EqualTo(new[] { Tick(i) }));
        }
    }

    [TestCase("", TestName = "Read_empty_line_is_passed_over")]
    [TestCase("garbage", TestName = "Read_garbage_is_passed_over")]
    [TestCase("1795000000010000000 T 1 5", TestName = "Read_tick_without_its_end_is_passed_over")]
    [TestCase("1795000000010000000 T 1 5 6 7", TestName = "Read_tick_with_more_is_passed_over")]
    [TestCase("1795000000010000000 T -1 5 6", TestName = "Read_negative_number_is_passed_over")]
    [TestCase("1795000000010000000 [    0.000000] Linux version 6.1", TestName = "Read_kernel_message_is_passed_over")]
    [TestCase("000000010000000 T 1 5 6", TestName = "Read_line_without_its_beginning_is_passed_over")]
    [TestCase("1795000000010000000 T 1 99999999999999999999999 6", TestName = "Read_number_too_large_is_passed_over")]
    public void Read_line_that_is_no_tick(string line)
    {
        File.WriteAllText(_log, Lines(0, 1) + line + "\n" + Lines(2, 3));

        Assert.That(TickLogReader.Read(_log, At(0), At(9)), Is.EqualTo(new[] { Tick(0), Tick(2) }));
    }

    [Test]
    public void Read_half_line_at_the_end_is_not_read_yet()
    {
        File.WriteAllText(_log, Lines(0, 2) + "1795000000020000000 T 2 20 40");

        Assert.That(TickLogReader.Read(_log, At(0), At(9)).Select(t => t.Sequence), Is.EqualTo(new long[] { 0, 1 }));
    }

    [Test]
    public void ReadDevices_returns_each_sight_of_the_guests_devices_between_ticks()
    {
        File.WriteAllText(_log, Lines(0, 2) + "1795000000020000001 P 2 0000:00:00.0,0000:01:00.0\n" + Lines(2, 3)
            + "1795000000030000001 P 1 0000:00:00.0\n1795000000030000002 P 3 0000:00:00.0\n1795000000030000003 P 0 \n" + Lines(3, 5));

        Assert.That(
            TickLogReader.ReadDevices(_log, DateTimeOffset.UnixEpoch),
            Is.EqualTo(new[] { new[] { "0000:00:00.0", "0000:01:00.0" }, ["0000:00:00.0"], [] }),
            "the third line is half overwritten");
        Assert.That(TickLogReader.Read(_log, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue), Has.Count.EqualTo(5));
    }

    [Test]
    public void ReadLines_since_an_instant_returns_all_texts()
    {
        File.WriteAllText(_log, Lines(0, 3) + "1795000000030000000 D 16.000 48\n");

        Assert.That(TickLogReader.ReadLines(_log, At(2)), Is.EqualTo(new[] { "T 2 20 40", "D 16.000 48" }));
    }

    private static DateTimeOffset At(int tick) => DateTimeOffset.FromUnixTimeSeconds(Second).AddMilliseconds(tick * 10);

    private static Tick Tick(int tick) => new(At(tick), tick, tick * 10L, tick * 20L);

    private static string Lines(int from, int to)
    {
        var text = new StringBuilder();
        for (var i = from; i < to; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(Second * 1_000_000_000) + (i * 10_000_000L)} T {i} {i * 10} {i * 20}\n");
        }

        return text.ToString();
    }
}
