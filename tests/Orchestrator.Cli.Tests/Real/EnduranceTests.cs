using System.Diagnostics;
using Libvirt.Interop.Native;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Migration;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Migrations back and forth in one process, forty where all is run: nothing grows, and each has a plausible value.</summary>
[Category("Long")]
public sealed class EnduranceTests
{
    private const int WarmUp = 4;

    private static int Migrations => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1" ? 40 : 16;

    [Test]
    public async Task Many_migrations_leave_no_descriptor_thread_or_handle_behind()
    {
        await using VirtualLab lab = await VirtualLab.StartAsync(new() { Folder = CliLab.Folder });
        LabGuest guest = await lab.StartGuestAsync(new() { Name = "pendler", DirtyMiBPerSecond = 4 });
        var clock = new ObserverClock(TimeProvider.System);
        await using LibvirtHost a = await LibvirtHost.ConnectAsync(new("lab-a", lab.Hosts[0].Uri), clock: clock);
        await using LibvirtHost b = await LibvirtHost.ConnectAsync(new("lab-b", lab.Hosts[1].Uri), clock: clock);
        var request = new MigrationRequest { Domain = guest.Name, MaxDowntime = TimeSpan.FromMilliseconds(100), ReadGuestTicks = HostResolver.TicksOf(guest) };

        (int Descriptors, int Threads, int Handles) before = default;
        var apart = new List<double>();
        for (int i = 0; i < WarmUp + Migrations; i++)
        {
            if (i == WarmUp)
            {
                before = Held();
            }

            (LibvirtHost source, LibvirtHost destination) = i % 2 == 0 ? (a, b) : (b, a);
            MigrationResult result = await new Migrator(source, destination, clock).MigrateAsync(request);
            Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Verdict.Message);
            Downtime.DowntimeSources sources = result.Downtime!.Sources;
            TestContext.Out.WriteLine($"{i}: trace {sources.Trace.ValueMs:0.0} qmp {sources.Qmp.ValueMs:0.0} guest {sources.Guest.ValueMs:0.0} ms");
            Assert.That(result.Downtime.Method, Is.EqualTo("trace"), sources.Trace.Problem);
            Assert.That(result.Downtime.ValueMs, Is.GreaterThan(0).And.LessThan((result.Evidence!.Call.Ended - result.Evidence.Call.Started).TotalMilliseconds));
            apart.Add(Math.Abs(sources.Qmp.ValueMs!.Value - sources.Trace.ValueMs!.Value));
        }

        // One pair may be torn apart by a QEMU that lost its processor in between; most are not.
        Assert.That(apart.Order().ElementAt(apart.Count / 2), Is.LessThan(1.0), "two stamps of the same moments");
        (int Descriptors, int Threads, int Handles) after = Held();
        TestContext.Out.WriteLine($"descriptors {before.Descriptors} -> {after.Descriptors}, threads {before.Threads} -> {after.Threads}, handles {before.Handles} -> {after.Handles}");
        Assert.That(after.Handles, Is.EqualTo(before.Handles));
        Assert.That(after.Descriptors, Is.LessThan(before.Descriptors + (Migrations / 4)), "a leak of one a migration would be as many");
        Assert.That(after.Threads, Is.LessThan(before.Threads + (Migrations / 4)));
    }

    private static (int Descriptors, int Threads, int Handles) Held()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using Process self = Process.GetCurrentProcess();
        return (Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(), self.Threads.Count, VirHandle.OpenCount);
    }
}
