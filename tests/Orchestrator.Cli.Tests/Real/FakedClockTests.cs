using System.Text.Json;
using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Hosts whose clocks are wrong by seconds, or go too fast: the downtime is what it is.</summary>
public sealed class FakedClockTests
{
    private const string Guest = "offbeat";

    // Within a migration a clock that gains 500 us per second moves by some milliseconds.
    private const double AboutMs = 25;

    [Test]
    public async Task Wrong_clocks_of_emulators_and_of_a_daemon_leave_the_downtime()
    {
        await using VirtualLab lab = await VirtualLab.StartAsync(new() { Folder = CliLab.Folder });
        await lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", FollowsFakeClocks = true });

        lab.FakeEmulatorClock("lab-b", "+1.5s");
        JsonElement ahead = await MigrateAsync(lab, "lab-a", "lab-b");
        lab.FakeEmulatorClock("lab-a", "-0.3s");
        JsonElement behind = await MigrateAsync(lab, "lab-b", "lab-a");
        lab.FakeEmulatorClock("lab-b", "+0s x1.0005");
        JsonElement drifting = await MigrateAsync(lab, "lab-a", "lab-b");
        lab.FakeEmulatorClock("lab-a", null);
        await lab.FakeDaemonClockAsync("lab-a", "+1.5s");
        JsonElement daemon = await MigrateAsync(lab, "lab-b", "lab-a");

        Agrees(ahead, 1500);
        Agrees(behind, -1800);
        Agrees(drifting, 300);
        Agrees(daemon, 0);

        // libvirt's own difference of two clocks; what it nets of the hand-over leaves the difference out.
        JsonElement libvirt = daemon.GetProperty("sources").GetProperty("libvirt");
        Assert.That(libvirt.GetProperty("downtime_ms").GetDouble(), Is.EqualTo(1500 + daemon.GetProperty("value_ms").GetDouble()).Within(200));
    }

    /// <summary>The value against the observer's, which compares no clocks; and what the stamps themselves would have said.</summary>
    private static void Agrees(JsonElement downtime, double offsetMs)
    {
        JsonElement sources = downtime.GetProperty("sources");
        (double observed, double observedDoubt) = (Number(sources, "observer", "value_ms"), Number(sources, "observer", "uncertainty_ms"));
        foreach (string method in new[] { "trace", "qmp" })
        {
            double value = Number(sources, method, "value_ms"), doubt = Number(sources, method, "uncertainty_ms");
            Assert.That(value, Is.EqualTo(observed).Within(doubt + observedDoubt), $"{method}, offset {offsetMs}: {downtime}");
            Assert.That(Number(sources, method, "raw_ms") - value, Is.EqualTo(offsetMs).Within(AboutMs), $"{method}: {downtime}");
        }

        Assert.That(downtime.GetProperty("method").GetString(), Is.EqualTo("trace"));
        Assert.That(downtime.GetProperty("clock_difference").GetProperty("offset_ms").GetDouble(), Is.EqualTo(offsetMs).Within(AboutMs));
        Assert.That(downtime.GetProperty("clock_difference").GetProperty("problem").GetString(), Is.Null);
    }

    private static double Number(JsonElement sources, string method, string name) => sources.GetProperty(method).GetProperty(name).GetDouble();

    private static async Task<JsonElement> MigrateAsync(VirtualLab lab, string from, string to)
    {
        CliResult migrated = await CliProcess.RunAsync("migrate", Guest, "--from", lab.GetHost(from).Uri, "--to", lab.GetHost(to).Uri, "--json");
        Assert.That(migrated.ExitCode, Is.Zero, $"{migrated}");
        TestContext.Out.WriteLine(migrated.Json.GetProperty("downtime"));
        return migrated.Json.GetProperty("downtime").Clone();
    }
}
