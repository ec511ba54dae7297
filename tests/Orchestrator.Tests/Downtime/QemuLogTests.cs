using System.Text;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public class QemuLogTests
{
    private const string Pause = "130@1795226215.692892:all_vcpus_paused ";
    private const string Header = "2026-11-21 01:50:00.101+0000: starting up libvirt version: 11.3.0";

    private string _folder = "";

    private string Log => Path.Combine(_folder, "web1.log");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("qemu-log-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Read_line_at_any_distance_from_a_block_border_is_found_once()
    {
        for (var distance = -60; distance <= 60; distance++)
        {
            var noise = Noise((256 * 1024) + distance);
            using var log = new MemoryStream(Encoding.Latin1.GetBytes($"{noise}\n{Pause}\n{Noise(1000)}\n"));

            Assert.That(QemuLog.Read(log).Lines, Is.EqualTo(new[] { Pause }), $"distance {distance}");
        }
    }

    [Test]
    public void Read_events_in_one_endless_line_are_found_once_each()
    {
        var text = new StringBuilder();
        var names = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            names.Add($"running {i % 2} reason {i}");
            text.Append(Noise(20_000 + (i * 37))).Append(' ').Append($"1@1795226215.{i:000000}:vm_state_notify ").Append(names[^1]).Append('\0', 5000);
        }

        using var log = new MemoryStream(Encoding.Latin1.GetBytes(text.ToString()));
        var found = QemuLog.Read(log).Lines.Select(line => QemuLogLine.Parse(line).Arguments.TrimEnd('\0'));

        Assert.That(found, Is.EqualTo(names));
    }

    [Test]
    public void Read_stream_that_trickles_loses_nothing()
    {
        var lines = Enumerable.Range(0, 500).Select(i => $"1@1795226215.{i:000000}:vm_state_notify running 1 reason {i}").ToArray();
        using var log = new TricklingStream(Encoding.Latin1.GetBytes(string.Join("\r\n", lines)));

        Assert.That(QemuLog.Read(log).Lines, Is.EqualTo(lines));
    }

    [Test]
    public void Read_more_lines_than_fit_keeps_the_newest_and_says_so()
    {
        using var log = new MemoryStream();
        using (var writer = new StreamWriter(log, leaveOpen: true))
        {
            for (var i = 0; i < 20_010; i++)
            {
                writer.Write($"1@1795226215.000000:vm_state_notify running 1 reason {i}\n");
            }
        }

        log.Position = 0;
        var evidence = QemuLog.Read(log);

        Assert.That(evidence.Lines[0], Does.EndWith("reason 10"));
        Assert.That(evidence.Lines, Has.Count.EqualTo(20_000));
        Assert.That(evidence.DroppedLines, Is.EqualTo(10));
    }

    [Test]
    public void ReadSlice_since_takes_only_what_came_later()
    {
        File.WriteAllLines(Log, [Header, "1@1795226000.000000:all_vcpus_prepared ", Noise(600_000), "1@1795226210.000000:all_vcpus_prepared ", "text", Pause]);

        var slice = QemuLog.ReadSlice(Log, DateTimeOffset.FromUnixTimeSeconds(1795226200), TimeSpan.Zero);

        Assert.That(slice.Problem, Is.Null);
        Assert.That(slice.Lines, Is.EqualTo(new[] { "1@1795226210.000000:all_vcpus_prepared ", Pause }));
    }

    [Test]
    public void ReadSlice_since_lies_in_the_rotated_part_reads_both()
    {
        File.WriteAllLines(Log + ".1", [Header, "1@1795226000.000000:all_vcpus_prepared "]);
        File.WriteAllLines(Log + ".0", ["1@1795226100.000000:all_vcpus_prepared ", "1@1795226210.000000:all_vcpus_prepared "]);
        File.WriteAllLines(Log, [Pause]);

        var slice = QemuLog.ReadSlice(Log, DateTimeOffset.FromUnixTimeSeconds(1795226200), TimeSpan.Zero);

        Assert.That(slice.Lines, Is.EqualTo(new[] { "1@1795226210.000000:all_vcpus_prepared ", Pause }));
    }

    [Test]
    public void ReadSlice_log_just_rotated_reads_the_part_before()
    {
        File.WriteAllLines(Log + ".0", [Header, Pause]);
        File.WriteAllText(Log, "");

        Assert.That(QemuLog.ReadSlice(Log, DateTimeOffset.FromUnixTimeSeconds(1795226215)).Lines, Is.EqualTo(new[] { Pause }));
    }

    [Test]
    public void ReadSlice_all_reads_back_to_the_start_of_the_process()
    {
        File.WriteAllLines(Log + ".1", [Header, "1@1795226000.000000:all_vcpus_prepared "]);
        File.WriteAllLines(Log + ".0", [Header, "1@1795226100.000000:all_vcpus_prepared "]);
        File.WriteAllLines(Log, [Pause]);

        Assert.That(QemuLog.ReadSlice(Log).Lines, Is.EqualTo(new[] { Header, "1@1795226100.000000:all_vcpus_prepared ", Pause }));
    }

    [Test]
    public void ReadSlice_half_a_last_line_and_binary_noise_are_left_out()
    {
        var noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        using (var file = File.Create(Log))
        {
            file.Write(noise);
            file.Write(Encoding.Latin1.GetBytes($"\n{Pause}\r\n131@1795226215.7928"));
        }

        Assert.That(QemuLog.ReadSlice(Log).Lines, Is.EqualTo(new[] { Pause }));
    }

    [Test]
    public void ReadSlice_no_such_file_is_a_problem()
        => Assert.That(QemuLog.ReadSlice(Log).Problem, Is.EqualTo($"{Log} does not exist"));

    [Test]
    public void ReadSlice_folder_is_a_problem()
        => Assert.That(QemuLog.ReadSlice(_folder).Problem, Is.EqualTo($"{_folder} is a directory"));

    [Test]
    public void ReadSlice_without_the_right_is_a_problem()
    {
        File.WriteAllText(Log, Pause);
        File.SetUnixFileMode(Log, UnixFileMode.None);

        // Root reads everything: then the log is simply read.
        var slice = QemuLog.ReadSlice(Log);
        Assert.That(slice.Problem, Environment.IsPrivilegedProcess ? Is.Null : Is.EqualTo($"no right to read {Log}"));
    }

    [Test]
    public void ReadSlice_noise_without_events_is_empty_and_no_problem()
    {
        File.WriteAllText(Log, string.Concat(Enumerable.Repeat(Noise(997) + "\n", 5000)));

        var slice = QemuLog.ReadSlice(Log, DateTimeOffset.FromUnixTimeSeconds(1795226215));

        Assert.That(slice.Problem, Is.Null);
        Assert.That(slice.Lines, Is.Empty);
    }

    private static string Noise(int length) => string.Concat(Enumerable.Repeat("all_vcpu vm_state ", (length / 18) + 1))[..length];

    /// <summary>Gives a few bytes at a time, as a pipe does.</summary>
    private sealed class TricklingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(7, buffer.Length)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(7, count));
    }
}
