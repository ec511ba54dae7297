using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orchestrator.Downtime;

namespace Orchestrator.Benchmarks;

/// <summary>Reading a QEMU log of 1 GiB for its events, against <c>grep -c</c> of the same event names on the same file.</summary>
internal static class LogReading
{
    private const long Size = 1L << 30;
    private const int Rounds = 3;

    /// <summary>Runs both on a file made for it; prints the best of some rounds.</summary>
    public static void Run()
    {
        var path = Path.Combine(Path.GetTempPath(), $"qemu-log-{Environment.ProcessId}.log");
        try
        {
            Write(path);
            var (ours, grep) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
            for (var round = 0; round < Rounds; round++)
            {
                grep = Min(grep, Time(() => Grep(path)));
                ours = Min(ours, Time(() => Read(path)));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"log reading, 1 GiB: {ours.TotalMilliseconds:0} ms; grep -c {grep.TotalMilliseconds:0} ms; {grep / ours:0.00}x its speed (reach 0.5)"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    // What a chatty QEMU writes, with a migration's events once in a megabyte.
    private static void Write(string path)
    {
        var block = new StringBuilder();
        for (var i = 0; block.Length < 1 << 20; i++)
        {
            block.Append(CultureInfo.InvariantCulture, $"130@1795226215.{i:000000}:virtio_queue_notify vdev 0x{i:x8} n 0 vq 0x5594c0ffee00\n");
            block.Append("2026-11-21T02:39:04.500000Z qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID.01H:ECX.vmx [bit 5]\n");
        }

        block.Append("130@1795226215.692892:vm_state_notify running 0 reason 7 (finish-migrate)\n");
        var bytes = Encoding.Latin1.GetBytes(block.ToString());
        using var file = File.Create(path);
        for (long written = 0; written < Size; written += bytes.Length)
        {
            file.Write(bytes);
        }
    }

    private static void Read(string path)
    {
        if (QemuLog.ReadSlice(path).Lines.Count == 0)
        {
            throw new InvalidOperationException("the reader found nothing");
        }
    }

    private static void Grep(string path)
    {
        var start = new ProcessStartInfo("grep") { RedirectStandardOutput = true };
        string[] names = ["all_vcpus_paused", "all_vcpus_prepared", "vm_state_notify", "runstate_set", "vmstate_downtime_", "migrate_set_state", "qmp_enter_cont"];
        start.ArgumentList.Add("-c");
        foreach (var name in names)
        {
            start.ArgumentList.Add("-e");
            start.ArgumentList.Add(name);
        }

        start.ArgumentList.Add(path);
        using var grep = Process.Start(start)!;
        grep.StandardOutput.ReadToEnd();
        grep.WaitForExit();
        if (grep.ExitCode != 0)
        {
            throw new InvalidOperationException("grep found nothing");
        }
    }

    private static TimeSpan Time(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
