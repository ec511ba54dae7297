using Libvirt.Interop;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Tests;

/// <summary>Guests in a real lab: one lab for all of these tests.</summary>
[Category("Libvirt")]
public sealed class VirtualLabGuestTests
{
    private readonly LabFixture _fixture = new();
    private VirtualLab _lab = null!;

    [OneTimeSetUp]
    public async Task StartLab() => _lab = await VirtualLab.StartAsync(_fixture.Options, cancellationToken: LabFixture.Deadline(60));

    [OneTimeTearDown]
    public async Task EndLab()
    {
        await _lab.DisposeAsync();
        _fixture.RemoveLeftovers();
    }

    [TearDown]
    public async Task RemoveGuests()
    {
        foreach (var guest in _lab.Guests)
        {
            await _lab.RemoveGuestAsync(guest.Name, LabFixture.Deadline(30));
        }
    }

    [Test]
    public async Task StartGuestAsync_default_ticks_and_dirties_nothing()
    {
        var guest = await StartAsync(new GuestOptions { Name = "ticks" });

        Assert.That(await LabFixture.EventuallyAsync(() => Ticks(guest).Count > 100), Is.True);
        var ticks = Ticks(guest);
        Assert.That(ticks.Select(t => t.Sequence), Is.EqualTo(Enumerable.Range(0, ticks.Count).Select(i => (long)i)));
        Assert.That(ticks.Select(t => t.MonotonicNs), Is.Ordered);
        // A busy machine delays single ticks; half of them keep the guest's own 10 ms.
        var gaps = ticks.Zip(ticks.Skip(1), (a, b) => b.MonotonicNs - a.MonotonicNs).Order().ToList();
        Assert.That(gaps[gaps.Count / 2], Is.InRange(5_000_000, 20_000_000));
        Assert.That(ticks[^1].DirtiedBytes, Is.Zero);
    }

    [Test]
    public async Task StartGuestAsync_persistent_is_defined_and_a_transient_one_is_not()
    {
        await StartAsync(new GuestOptions { Name = "kept" });
        await StartAsync(new GuestOptions { Name = "passing", Host = "lab-b", Persistent = false });

        Assert.That(await OnAsync("lab-a", c => c.LookupByName("kept").IsPersistent()), Is.True);
        Assert.That(await OnAsync("lab-b", c => c.LookupByName("passing").IsPersistent()), Is.False);
        var status = await _lab.GetStatusAsync(LabFixture.Deadline(30));
        Assert.That(status.Hosts.Select(h => h.IsAlive), Is.All.True);
        Assert.That(
            status.Guests.Select(g => (g.Guest.Name, g.Places.Single())),
            Is.EqualTo(new[] { ("kept", new GuestPlace("lab-a", "running")), ("passing", new GuestPlace("lab-b", "running")) }));
    }

    [Test]
    public async Task StartGuestAsync_taken_name_is_refused_and_leaves_the_first_alone()
    {
        var first = await StartAsync(new GuestOptions { Name = "twin" });

        Assert.That(async () => await StartAsync(new GuestOptions { Name = "twin" }), Throws.TypeOf<LabException>().With.Message.Contains("'twin'"));
        Assert.That(_lab.Guests, Is.EqualTo(new[] { first }));
    }

    [Test]
    public async Task StartGuestAsync_refused_by_libvirt_leaves_nothing()
    {
        var before = _fixture.Processes.Count;

        Assert.That(async () => await StartAsync(new GuestOptions { Name = "a/b" }), Throws.TypeOf<LibvirtException>());
        Assert.That(_lab.Guests, Is.Empty);
        Assert.That(await LabFixture.EventuallyAsync(() => _fixture.Processes.Count == before), Is.True);
    }

    [Test]
    public void StartGuestAsync_too_little_memory_is_refused() => Assert.That(
        async () => await StartAsync(new GuestOptions { MemoryMiB = GuestOptions.LeastMemoryMiB - 1 }),
        Throws.TypeOf<LabException>().With.Message.Contains("80 MiB"));

    [Test]
    public async Task SetDirtyRateAsync_smallest_guest_dirties_what_it_can_spare_and_lives()
    {
        var guest = await StartAsync(new GuestOptions { Name = "small", MemoryMiB = GuestOptions.LeastMemoryMiB, DirtyMiBPerSecond = 64 });

        Assert.That(await LabFixture.EventuallyAsync(() => Ticks(guest) is { Count: > 300 } t && t[^1].DirtiedBytes > 80 << 20), Is.True);
        Assert.That(Ticks(guest).Count(t => t.Sequence == 0), Is.EqualTo(1), "it was not started again");
    }

    [Test]
    public async Task SetDirtyRateAsync_while_running_changes_the_rate()
    {
        var guest = await StartAsync(new GuestOptions { Name = "dirty", DirtyMiBPerSecond = 8 });
        var slow = await MeasureAsync(guest);
        await _lab.SetDirtyRateAsync("dirty", 32, LabFixture.Deadline(30));
        var fast = await MeasureAsync(guest);
        await _lab.SetDirtyRateAsync("dirty", 0, LabFixture.Deadline(30));
        var none = await MeasureAsync(guest);

        // The guest's own clock and its own count: what is asked for, within what a starved processor may drop.
        Assert.That(slow, Is.InRange(4, 9));
        Assert.That(fast, Is.InRange(16, 36));
        Assert.That(none, Is.Zero);
    }

    [Test]
    public async Task Guest_migrated_with_a_change_of_rate_goes_on_in_the_same_log()
    {
        var guest = await StartAsync(new GuestOptions { Name = "moves", DirtyMiBPerSecond = 4 });
        await MigrateAsync("moves", "lab-a", "lab-b");
        var moved = DateTimeOffset.UtcNow;

        await _lab.SetDirtyRateAsync("moves", 16, LabFixture.Deadline(30));
        Assert.That(await LabFixture.EventuallyAsync(() => TickLogReader.Read(guest.TickLog, moved, DateTimeOffset.MaxValue).Count > 10), Is.True);
        var ticks = Ticks(guest);
        Assert.That(ticks.Zip(ticks.Skip(1), (a, b) => b.Sequence - a.Sequence), Is.All.EqualTo(1), "no tick is lost, none comes twice");
        var status = await _lab.GetStatusAsync(LabFixture.Deadline(30));
        Assert.That(status.Guests.Single().Places, Is.EqualTo(new[] { new GuestPlace("lab-b", "running") }));
        var logs = new[] { "lab-a", "lab-b" }.Select(h => File.ReadAllText(_lab.GetHost(h).GuestLog("moves"))).ToList();
        Assert.That(logs[0], Does.Match(@"@\d+\.\d{6}:vm_state_notify running 0"));
        Assert.That(logs[1], Does.Match(@"@\d+\.\d{6}:vm_state_notify running 1"));
    }

    [Test]
    public async Task Guest_told_to_shut_down_powers_off()
    {
        var guest = await StartAsync(new GuestOptions { Name = "obeys" });
        await OnAsync("lab-a", c =>
        {
            c.LookupByName("obeys").Shutdown();
            return true;
        });

        var states = new List<string>();
        for (var i = 0; i < 200 && !states.Contains("shutoff"); i++)
        {
            states.AddRange((await _lab.GetStatusAsync(LabFixture.Deadline(30))).Guests.Single().Places.Select(p => p.State));
        }

        Assert.That(states, Does.Contain("shutoff"));
        Assert.That(
            async () => await _lab.SetDirtyRateAsync(guest.Name, 1, LabFixture.Deadline(60)),
            Throws.TypeOf<LabException>().With.Message.Contains("does not run"));
    }

    [Test]
    public async Task RepairAsync_killed_daemon_is_back_and_its_guest_still_runs()
    {
        await StartAsync(new GuestOptions { Name = "survivor" });
        var daemon = _lab.FindDaemon("lab-a");
        Posix.Signal(daemon!.Value, Posix.SigKill);
        Assert.That(await LabFixture.EventuallyAsync(() => _lab.FindDaemon("lab-a") is null), Is.True);
        var without = await _lab.GetStatusAsync(LabFixture.Deadline(30));

        await _lab.RepairAsync(LabFixture.Deadline(30));

        Assert.That(without.Hosts.Select(h => h.IsAlive), Is.EqualTo(new[] { false, true }));
        Assert.That(_lab.FindDaemon("lab-a"), Is.Not.Null.And.Not.EqualTo(daemon));
        var status = await _lab.GetStatusAsync(LabFixture.Deadline(30));
        Assert.That(status.Guests.Single().Places, Is.EqualTo(new[] { new GuestPlace("lab-a", "running") }));
    }

    private Task<LabGuest> StartAsync(GuestOptions options) => _lab.StartGuestAsync(options, LabFixture.Deadline(200));

    private Task<T> OnAsync<T>(string host, Func<LibvirtConnection, T> work) =>
        LibvirtCall.RunAsync(_lab.GetHost(host), work, TimeProvider.System, LabFixture.Deadline(120), TimeSpan.FromSeconds(120));

    private Task<bool> MigrateAsync(string name, string from, string to) => OnAsync(from, connection =>
    {
        using var domain = connection.LookupByName(name);
        var parameters = new TypedParameters
        {
            { MigrateParameter.MigrateUri, "tcp://127.0.0.1" },
            { MigrateParameter.ListenAddress, "127.0.0.1" },
        };
        domain.MigrateToUri(
            _lab.GetHost(to).Uri,
            parameters,
            DomainMigrateFlags.Live | DomainMigrateFlags.Peer2Peer | DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource);
        return true;
    });

    private static IReadOnlyList<Tick> Ticks(LabGuest guest) => TickLogReader.Read(guest.TickLog, DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

    /// <summary>The dirty rate of the guest's next two hundred ticks, in MiB per second of its own clock.</summary>
    private static async Task<double> MeasureAsync(LabGuest guest)
    {
        var from = DateTimeOffset.UtcNow;
        IReadOnlyList<Tick> ticks = [];
        await LabFixture.EventuallyAsync(() => (ticks = TickLogReader.Read(guest.TickLog, from, DateTimeOffset.MaxValue)).Count > 200);
        return (ticks[^1].DirtiedBytes - ticks[0].DirtiedBytes) / 1048576.0 / ((ticks[^1].MonotonicNs - ticks[0].MonotonicNs) / 1e9);
    }
}
