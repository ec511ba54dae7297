using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orchestrator.Downtime;

namespace Benchmarks;

/// <summary>Finding the events in a QEMU log of one GiB, against grep.</summary>
internal static class LogBenchmark
{
    private const long Size = 1L << 30;
    private const int LinesBetweenEvents = 100_000;

    // What both sides look for; a few of these stand in the log.
    private static readonly string[] Events = ["all_vcpus_paused", "all_vcpus_prepared", "vm_state_notify", "vmstate_downtime_checkpoint", "qmp_enter_migrate"];

    public static async Task<IReadOnlyList<Row>> RunAsync()
    {
        string file = Path.GetTempFileName();
        try
        {
            int written = Write(file);
            string[] grep = ["-c", .. Events.SelectMany(e => new[] { "-e", e }), file];
            int counted = int.Parse(await Command.RunAsync("grep", grep), CultureInfo.InvariantCulture);
            int found = Read(file);
            if (counted != written || found != written)
            {
                throw new InvalidOperationException($"{written} events were written, grep sees {counted} and we {found}");
            }

            long before = GC.GetTotalAllocatedBytes(precise: true);
            _ = Read(file);
            double allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / 1048576.0;

            var (ours, theirs) = await Rounds.CompareAsync(5, () => Task.FromResult(Rate(() => Read(file))), async () => Size / 1048.576 / await Command.TimeAsync("grep", grep));
            return
            [
                new("QEMU log of 1 GiB", ours, theirs, "MiB/s", "grep -c of the event names", 0.5, MoreIsBetter: true),
                new("QEMU log of 1 GiB, memory allocated", allocated, 0, "MiB", "constant: less than 8", 8),
            ];
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static double Rate(Action read)
    {
        long start = Stopwatch.GetTimestamp();
        read();
        return Size / 1048576.0 / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static int Read(string file)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        return QemuLog.Read(stream).Lines.Count;
    }

    // Noise as a chatty device model writes it, and now and then an event. Returns how many events.
    private static int Write(string file)
    {
        using var writer = new StreamWriter(file, append: false, new UTF8Encoding(false), bufferSize: 1 << 20);
        long written = 0;
        int events = 0;
        for (long line = 0; written < Size; line++)
        {
            string text = line % LinesBetweenEvents == LinesBetweenEvents - 1
                ? string.Create(CultureInfo.InvariantCulture, $"130@{1795226215 + line}.692854:{Events[events++ % Events.Length]} running 0 reason 7 (finish-migrate)")
                : string.Create(CultureInfo.InvariantCulture, $"130@{1795226215 + line}.692854:virtio_queue_notify vdev 0x55d0c8a3f2e0 n {line % 7} vq 0x7f2c14{line % 4096:x3}10");
            writer.Write(text);
            writer.Write('\n');
            written += text.Length + 1;
        }

        return events;
    }
}
