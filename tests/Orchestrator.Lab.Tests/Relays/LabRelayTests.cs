using Libvirt.Interop;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Relays;

namespace Orchestrator.Lab.Tests.Relays;

/// <summary>Real migrations through relays, the source's daemon driving.</summary>
[Category("Libvirt")]
public sealed class LabRelayTests
{
    private LabFixture _fixture = null!;
    private VirtualLab _lab = null!;
    private SocketRelay _daemon = null!;
    private TcpRelay _link = null!;

    [SetUp]
    public async Task Start()
    {
        _fixture = new LabFixture();
        _lab = await VirtualLab.StartAsync(_fixture.Options, cancellationToken: LabFixture.Deadline(60));
        _daemon = _lab.RelayDaemon("lab-b");
        _link = TcpRelay.Start();
        await _lab.StartGuestAsync(new GuestOptions { Name = "moves", DirtyMiBPerSecond = 8 }, LabFixture.Deadline(120));
    }

    [TearDown]
    public async Task End()
    {
        await _link.DisposeAsync();
        await _daemon.DisposeAsync();
        await _lab.DisposeAsync();
        Assert.That(Directory.Exists(_fixture.Options.Folder), Is.False, "the lab and its relays leave nothing");
        _fixture.RemoveLeftovers();
    }

    [Test]
    public async Task A_cut_link_fails_the_migration_and_a_mended_one_carries_it()
    {
        // Slower than the guest dirties its memory: it cannot end by itself.
        var migration = MigrateAsync(bandwidthMiBps: 4);
        Assert.That(await LabFixture.EventuallyAsync(() => _link.Connections == 1 || migration.IsCompleted), Is.True);
        _link.Cut();
        Assert.That(async () => await migration, Throws.TypeOf<LibvirtException>());
        Assert.That(await PlacesAsync(), Is.EqualTo(new[] { new GuestPlace("lab-a", "running") }));

        _link.Resume();
        await MigrateAsync(bandwidthMiBps: 64);
        Assert.That(await PlacesAsync(), Is.EqualTo(new[] { new GuestPlace("lab-b", "running") }));
    }

    [Test]
    public async Task A_daemon_that_is_cut_off_is_lost_to_its_peer()
    {
        var migration = MigrateAsync(bandwidthMiBps: 4);
        Assert.That(await LabFixture.EventuallyAsync(() => _link.Connections == 1 || migration.IsCompleted), Is.True);
        Assert.That(_daemon.Connections, Is.EqualTo(1), "the source's daemon, at the destination's");
        _daemon.Cut();
        Assert.That(async () => await migration, Throws.TypeOf<LibvirtException>());
        Assert.That(await PlacesAsync(), Does.Contain(new GuestPlace("lab-a", "running")));
    }

    private Task<bool> MigrateAsync(ulong bandwidthMiBps) => LibvirtCall.RunAsync(
        _lab.GetHost("lab-a"),
        connection =>
        {
            using var domain = connection.LookupByName("moves");
            var parameters = new TypedParameters
            {
                { MigrateParameter.MigrateUri, _link.MigrateUri },
                { MigrateParameter.ListenAddress, _link.ListenAddress },
                { MigrateParameter.Bandwidth, bandwidthMiBps },
            };
            domain.MigrateToUri(
                _daemon.Uri, parameters, DomainMigrateFlags.Live | DomainMigrateFlags.Peer2Peer | DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource);
            return true;
        },
        TimeProvider.System, LabFixture.Deadline(120), TimeSpan.FromSeconds(120));

    private async Task<IReadOnlyList<GuestPlace>> PlacesAsync() => (await _lab.GetStatusAsync(LabFixture.Deadline(30))).Guests.Single().Places;
}
