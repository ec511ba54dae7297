using System.Text;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>Answers of a shell, whatever they consist of.</summary>
public sealed class ShellFramesTests
{
    private const string Mark = "m00ff";

    private static IEnumerable<byte[]> Outputs() =>
    [
        [],
        "\n"u8.ToArray(),
        "no line feed"u8.ToArray(),
        "m00ff 0\n\nm00ff\n"u8.ToArray(), // a mark that no line feed precedes is none
        "\nm00f"u8.ToArray(),
        "\nm00ff"u8.ToArray(),
        "\n\n\nm00fe 0\n"u8.ToArray(),
        [.. Enumerable.Range(0, 256).Select(value => (byte)value)],
    ];

    [TestCaseSource(nameof(Outputs))]
    public void An_output_arrives_as_it_is_in_pieces_of_every_size(byte[] output)
    {
        byte[] stream = [.. output, .. Encoding.ASCII.GetBytes($"\n{Mark} 7\na: b\nc\n{Mark}\n")];
        foreach (int size in new[] { 1, 2, 3, 7, stream.Length })
        {
            var frames = new ShellFrames(Mark);
            ShellAnswer? answer = null;
            foreach (byte[] piece in stream.Chunk(size))
            {
                Assert.That(answer, Is.Null, "before the last piece");
                frames.Add(piece);
                answer = frames.TryTake();
            }

            Assert.That((answer?.ExitCode, answer?.Error), Is.EqualTo((7, "a: b\nc")));
            Assert.That(answer!.Output, Is.EqualTo(output));
        }
    }

    [Test]
    public void Answers_follow_each_other()
    {
        var frames = new ShellFrames(Mark);
        frames.Add(Encoding.ASCII.GetBytes($"one\n{Mark} 0\n\n{Mark}\ntwo\n{Mark} 255\nx\n{Mark}\nthr"));

        Assert.That((frames.TryTake()?.Text, frames.TryTake()?.ExitCode, frames.TryTake()), Is.EqualTo(("one", 255, (ShellAnswer?)null)));
        frames.Add(Encoding.ASCII.GetBytes($"ee\n{Mark} 1\n\n{Mark}\n"));
        Assert.That(frames.TryTake()?.Text, Is.EqualTo("three"));
    }

    [Test]
    public void An_answer_without_an_end_is_given_up()
    {
        var frames = new ShellFrames(Mark);
        byte[] much = new byte[1 << 20];
        Assert.That(
            () =>
            {
                for (int i = 0; i <= ShellFrames.MostBytes >> 20; i++)
                {
                    frames.Add(much);
                    Assert.That(frames.TryTake(), Is.Null);
                }
            },
            Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void What_was_read_ahead_and_broke_off_is_not_taken_for_the_whole()
    {
        var behind = new LocalFiles("/nonexistent");
        string[] whole = ["a", "/sys/devices/a", "t0x19e5\n", "d/sys/bus/drivers/x", "one", "two", "/", "b", "/sys/devices/b", "-", "u"];

        IFileSource seen = SeenFiles.Parse(behind, "/sys/d", ["vendor", "driver/"], whole);
        Assert.That(seen.List("/sys/d"), Is.EqualTo(new[] { "a", "b" }));
        Assert.That((seen.ReadText("/sys/d/a/vendor"), seen.Resolve("/sys/d/a"), seen.Resolve("/sys/d/a/driver")), Is.EqualTo(("0x19e5", "/sys/devices/a", "/sys/bus/drivers/x")));
        Assert.That(seen.List("/sys/d/a/driver"), Is.EqualTo(new[] { "one", "two" }));
        Assert.That((seen.Exists("/sys/d/b/vendor"), seen.Exists("/sys/d/a/vendor")), Is.EqualTo((false, true)));
        for (int count = 1; count < whole.Length; count++)
        {
            if (count != 7) // there the first folder ends
            {
                Assert.That(SeenFiles.Parse(behind, "/sys/d", ["vendor", "driver/"], whole[..count]), Is.SameAs(behind), $"{count} fields");
            }
        }
    }
}
