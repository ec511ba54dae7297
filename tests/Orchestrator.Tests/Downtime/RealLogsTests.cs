using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

/// <summary>
/// The logs of a guest that went from lab-a to lab-b (peer-to-peer), was suspended and resumed there, and went back (direct), as libvirt 11.3 and QEMU 10.0 wrote them.
/// </summary>
public class RealLogsTests
{
    private static readonly string Folder = Path.Combine(TestContext.CurrentContext.TestDirectory, "Downtime", "Logs");

    [Test]
    public void Find_whole_logs_gives_the_way_back()
    {
        var found = TraceBlackout.Find(Log("lab-b"), Log("lab-a"));

        Assert.That(found.Paused, Is.EqualTo(Stamp(1795236460, 597559)));
        Assert.That(found.Prepared, Is.EqualTo(Stamp(1795236460, 637012)));
    }

    [Test]
    public void Find_window_of_the_first_call_gives_the_way_there()
    {
        var window = new TimeWindow(Stamp(1795236457, 0), Stamp(1795236459, 0));
        var found = TraceBlackout.Find(Log("lab-a"), Log("lab-b"), window, window);

        Assert.That(found.Paused, Is.EqualTo(Stamp(1795236458, 617545)));
        Assert.That(found.Prepared, Is.EqualTo(Stamp(1795236458, 635789)));
    }

    [Test]
    public void ReadSlice_since_the_way_back_leaves_the_way_there_out()
    {
        var slice = QemuLog.ReadSlice(Path.Combine(Folder, "lab-b.log"), Stamp(1795236460, 300000), TimeSpan.Zero);

        Assert.That(slice.Lines[0], Is.EqualTo("2026-11-21 04:47:40.580+0000: initiating migration"));
        Assert.That(slice.Lines[^1], Is.EqualTo("2026-11-21 04:47:40.646+0000: shutting down, reason=migrated"));
    }

    private static LogEvidence Log(string host) => QemuLog.ReadSlice(Path.Combine(Folder, $"{host}.log"));

    private static DateTimeOffset Stamp(long seconds, long microseconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).AddMicroseconds(microseconds);
}
