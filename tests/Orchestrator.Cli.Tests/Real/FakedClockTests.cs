using System.Text.Json;
using Orchestrator.Lab;
using Orchestrator.Lab.Relays;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Hosts whose clocks are wrong by seconds, or go too fast: the downtime is what it is.</summary>
public sealed class FakedClockTests
{
    private const string Guest = "offbeat";

    // What else may lie between two clocks of one machine: the uncertainty is asked for apart.
    private const double AboutMs = 5;

    // The emulator whose clock gains starts with the migration to it: until it is left it gains by 0.5 ms per second.
    private const double GainedMsPerSecond = 0.5;

    [Test]
    public async Task Wrong_clocks_of_emulators_and_of_a_daemon_leave_the_downtime()
    {
        await using VirtualLab lab = await VirtualLab.StartAsync(new() { Folder = CliLab.Folder });
        await lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", FollowsFakeClocks = true });

        lab.FakeEmulatorClock("lab-b", "+1.5s");
        JsonElement ahead = await MigrateAsync(lab, "lab-a", "lab-b");
        lab.FakeEmulatorClock("lab-a", "-0.3s");
        JsonElement behind = await MigrateAsync(lab, "lab-b", "lab-a");
        long gains = TimeProvider.System.GetTimestamp();
        lab.FakeEmulatorClock("lab-b", "+0s x1.0005");
        JsonElement drifting = await MigrateAsync(lab, "lab-a", "lab-b");
        lab.FakeEmulatorClock("lab-a", null);
        await lab.FakeDaemonClockAsync("lab-a", "+1.5s");
        JsonElement daemon = await MigrateAsync(lab, "lab-b", "lab-a");

        double gained = TimeProvider.System.GetElapsedTime(gains).TotalSeconds * GainedMsPerSecond;

        Agrees(ahead, 1500, 0);
        Agrees(behind, -1800, 0);
        Agrees(drifting, 300, gained);
        Agrees(daemon, 0, gained);

        // libvirt's own difference of two clocks; what it nets of the hand-over leaves the difference out.
        JsonElement libvirt = daemon.GetProperty("sources").GetProperty("libvirt");
        Assert.That(libvirt.GetProperty("problem").GetString(), Is.Null);
        Assert.That(libvirt.GetProperty("downtime_ms").GetDouble(), Is.EqualTo(1500 + daemon.GetProperty("value_ms").GetDouble()).Within(200));
    }

    [Test]
    public async Task A_way_that_is_slow_in_one_direction_widens_the_doubt_instead_of_shifting_the_downtime()
    {
        const string Slow = "slow-way";
        const double DelayMs = 60;
        LabHost from = CliLab.Lab.GetHost("lab-a");
        await CliLab.Lab.StartGuestAsync(new() { Name = Slow, Host = from.Name });
        try
        {
            await using SocketRelay relay = CliLab.Lab.RelayDaemon("lab-b");
            relay.Delay(RelayDirection.Forth, TimeSpan.FromMilliseconds(DelayMs));

            CliResult migrated = await CliProcess.RunAsync("migrate", Slow, "--from", from.Uri, "--to", relay.Uri, "--mode", "direct", "--json");

            // The order to run the guest is under way for 60 ms, all within the blackout; the destination's events come at once.
            Assert.That(migrated.ExitCode, Is.Zero, $"{migrated}");
            JsonElement downtime = migrated.Json.GetProperty("downtime"), sources = downtime.GetProperty("sources");
            (double value, double doubt) = (Number(sources, "qmp", "value_ms"), Number(sources, "qmp", "uncertainty_ms"));
            Assert.That(value, Is.EqualTo(Number(sources, "observer", "value_ms")).Within(doubt + Number(sources, "observer", "uncertainty_ms")), $"{downtime}");
            Assert.That(value + doubt, Is.GreaterThan(DelayMs), $"{downtime}");
            Assert.That(downtime.GetProperty("clock_difference").GetProperty("low_by").GetString(), Is.EqualTo("deliveries"));
            Assert.That(0, Is.InRange(downtime.GetProperty("clock_difference").GetProperty("low_ms").GetDouble(), downtime.GetProperty("clock_difference").GetProperty("high_ms").GetDouble()), "it is one clock");
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync(Slow);
        }
    }

    /// <summary>The value against the observer's, which compares no clocks; and what the stamps themselves would have said.</summary>
    private static void Agrees(JsonElement downtime, double offsetMs, double gainedMs)
    {
        JsonElement sources = downtime.GetProperty("sources");
        (double observed, double observedDoubt) = (Number(sources, "observer", "value_ms"), Number(sources, "observer", "uncertainty_ms"));
        foreach (string method in new[] { "trace", "qmp" })
        {
            double value = Number(sources, method, "value_ms"), doubt = Number(sources, method, "uncertainty_ms");
            Assert.That(value, Is.EqualTo(observed).Within(doubt + observedDoubt), $"{method}, offset {offsetMs}: {downtime}");
            Assert.That(Number(sources, method, "raw_ms") - value, Is.EqualTo(offsetMs).Within(AboutMs + gainedMs + doubt), $"{method}: {downtime}");
        }

        Assert.That(downtime.GetProperty("method").GetString(), Is.EqualTo("trace"));
        JsonElement difference = downtime.GetProperty("clock_difference");
        Assert.That(offsetMs, Is.InRange(difference.GetProperty("low_ms").GetDouble() - AboutMs - gainedMs, difference.GetProperty("high_ms").GetDouble() + AboutMs + gainedMs));
        Assert.That(difference.GetProperty("problem").GetString(), Is.Null);
    }

    private static double Number(JsonElement sources, string method, string name) => sources.GetProperty(method).GetProperty(name).GetDouble();

    private static async Task<JsonElement> MigrateAsync(VirtualLab lab, string from, string to)
    {
        CliResult migrated = await CliProcess.RunAsync("migrate", Guest, "--from", lab.GetHost(from).Uri, "--to", lab.GetHost(to).Uri, "--json");
        Assert.That(migrated.ExitCode, Is.Zero, $"{migrated}");
        return migrated.Json.GetProperty("downtime").Clone();
    }
}
