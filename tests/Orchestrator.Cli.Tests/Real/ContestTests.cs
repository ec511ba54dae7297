using System.Diagnostics;
using System.Text.Json;
using Libvirt.Interop;
using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>
/// A guest that writes twice as fast as the link carries: virsh copies on and on, adaptive moves it within its ceiling, fixed gives up and leaves it as it was. All with the same bandwidth and in the
/// same minute; <c>eng/bench policies</c> has the other policies and the figures.
/// </summary>
[Category("Long")]
public sealed class ContestTests
{
    private const int BandwidthMiB = 32;
    private const int DirtyMiB = 64;

    /// <summary>What stops with an emulated guest beside its memory, on a machine that does other things too: QEMU's limit counts memory alone.</summary>
    private const double SwitchOverMs = 250;

    private const double CeilingMs = 1000;

    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);
    private static readonly string[] Guests = ["contest-virsh", "contest-adaptive", "contest-fixed"];

    [OneTimeSetUp]
    public async Task StartGuests()
    {
        foreach (string guest in Guests)
        {
            await CliLab.Lab.StartGuestAsync(new() { Name = guest, DirtyMiBPerSecond = DirtyMiB });
        }
    }

    [OneTimeTearDown]
    public async Task RemoveGuests()
    {
        foreach (string guest in Guests)
        {
            await CliLab.Lab.RemoveGuestAsync(guest);
        }
    }

    [Test]
    public async Task Virsh_copies_for_ever_adaptive_moves_the_guest_and_fixed_leaves_it_alone()
    {
        using LibvirtConnection connection = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
        using LibvirtDomain copied = connection.TryLookupByName(Guests[0])!;
        long start = Stopwatch.GetTimestamp();
        using Process virsh = Virsh(Guests[0]);
        try
        {
            CliResult adaptive = await MigrateAsync(Guests[1], "--policy", "adaptive", "--timeout", "60s");
            Assert.That(virsh.HasExited, Is.False, "virsh began before adaptive, and has not finished when adaptive has");
            AssertMovedWithinItsCeiling(adaptive);
            Assert.That(await CliLab.RunsOnAsync(Guests[1]), Is.EqualTo(new[] { "lab-b" }));

            await AssertFixedGivesUpAsync(connection);

            TimeSpan rest = Minute - Stopwatch.GetElapsedTime(start);
            using var minute = new CancellationTokenSource(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
            Assert.That(async () => await virsh.WaitForExitAsync(minute.Token), Throws.InstanceOf<OperationCanceledException>(), "virsh does not finish in a minute");
            Assert.That(copied.GetJobStats().Operation, Is.EqualTo(DomainJobOperation.MigrationOut), "it still copies");
        }
        finally
        {
            await EndAsync(virsh, copied);
        }

        Assert.That(await CliLab.RunsOnAsync(Guests[0]), Is.EqualTo(new[] { "lab-a" }));
    }

    private static async Task AssertFixedGivesUpAsync(LibvirtConnection connection)
    {
        using LibvirtDomain domain = connection.TryLookupByName(Guests[2])!;
        TimeSpan limit = TimeSpan.FromMilliseconds(730);
        domain.SetMaxDowntime(limit);
        DateTimeOffset began = TimeProvider.System.GetUtcNow();

        CliResult result = await MigrateAsync(Guests[2], "--policy", "fixed", "--timeout", "15s");

        Assert.That(result.ExitCode, Is.EqualTo(5), $"{result}");
        Assert.That(result.Json.GetProperty("outcome").GetString(), Is.EqualTo("timed_out"));
        Assert.That(await CliLab.RunsOnAsync(Guests[2]), Is.EqualTo(new[] { "lab-a" }));
        Assert.That(domain.GetMaxDowntime(), Is.EqualTo(limit), "what the guest may bear elsewhere is none of our business");
        await AssertTicksGoOnAsync(CliLab.Lab.GetGuest(Guests[2]), began);
    }

    /// <summary>The guest has run through without a new start, and writes to its memory still.</summary>
    private static async Task AssertTicksGoOnAsync(LabGuest guest, DateTimeOffset began)
    {
        DateTimeOffset ended = TimeProvider.System.GetUtcNow();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        IReadOnlyList<Tick> ticks;
        do
        {
            await Task.Delay(20, patience.Token);
            ticks = TickLogReader.Read(guest.TickLog, began, TimeProvider.System.GetUtcNow());
        }
        while (ticks.Count(tick => tick.Arrived > ended) < 100);

        Assert.That(ticks.Select(tick => tick.Sequence), Is.Ordered.Ascending);
        Assert.That(ticks[^1].DirtiedBytes, Is.GreaterThan(ticks.Last(tick => tick.Arrived <= ended).DirtiedBytes));
    }

    private static void AssertMovedWithinItsCeiling(CliResult adaptive)
    {
        Assert.That(adaptive.ExitCode, Is.Zero, $"{adaptive}");
        JsonElement downtime = adaptive.Json.GetProperty("downtime");
        Assert.That(
            downtime.GetProperty("value_ms").GetDouble(), Is.LessThanOrEqualTo(CeilingMs + downtime.GetProperty("uncertainty_ms").GetDouble() + SwitchOverMs), adaptive.Output);
        Assert.That(adaptive.Json.GetProperty("limit_ms").GetDouble(), Is.LessThanOrEqualTo(CeilingMs));
    }

    private static Task<CliResult> MigrateAsync(string guest, params string[] options) => CliProcess.RunAsync(
        ["migrate", guest, "--from", "lab-a", "--to", "lab-b", "--bandwidth", $"{BandwidthMiB}", "--json", .. options]);

    private static Process Virsh(string guest) => Process.Start(new ProcessStartInfo("virsh",
    [
        "-q", "-c", CliLab.Lab.GetHost("lab-a").Uri, "migrate", guest, CliLab.Lab.GetHost("lab-b").Uri, "--live", "--p2p",
        "--migrateuri", "tcp://127.0.0.1", "--listen-address", "127.0.0.1", "--bandwidth", $"{BandwidthMiB}",
    ])
    {
        RedirectStandardInput = true,
        RedirectStandardError = true, // it says there that it was ended
    })!;

    /// <summary>The daemon goes on without virsh; it is told, and virsh ends with it.</summary>
    private static async Task EndAsync(Process virsh, LibvirtDomain domain)
    {
        if (!virsh.HasExited)
        {
            domain.AbortJob();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await virsh.WaitForExitAsync(patience.Token);
        }
    }
}
