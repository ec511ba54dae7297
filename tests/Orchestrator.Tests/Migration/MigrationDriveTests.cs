using Libvirt.Interop;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Migration;

/// <summary>What the driver does at a policy's word, on hosts that do what is scripted.</summary>
public sealed class MigrationDriveTests
{
    private readonly ObserverClock _clock = new(TimeProvider.System);
    private FakeHost _source = null!;
    private FakeHost _destination = null!;

    [SetUp]
    public void TwoHostsAndARunningGuest()
    {
        _source = new("lab-a", _clock);
        _destination = new("lab-b", _clock);
        _source.Domains[Samples.Uuid] = Samples.Domain();
    }

    [Test]
    public async Task A_policy_gives_up_at_its_time_and_the_guest_keeps_its_old_limit()
    {
        _source.MaxDowntime = TimeSpan.FromMilliseconds(321);
        MigrationResult result = await Migrate(MigrationPolicy.Fixed with { Completion = new(new(TimeSpan.FromMilliseconds(50))) });
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.TimedOut));
        Assert.That(result.Decisions.Single().Action, Is.EqualTo("give_up"));
        Assert.That(result.Verdict.Message, Does.Contain(result.Decisions.Single().Reason));
        Assert.That(_source.MaxDowntime, Is.EqualTo(TimeSpan.FromMilliseconds(321)));
        Assert.That(result.MaxDowntime, Is.EqualTo(TimeSpan.FromMilliseconds(100)), "the one that was in force");
    }

    [Test]
    public async Task The_policys_limit_is_set_and_the_users_is_its_ceiling()
    {
        var limits = new List<TimeSpan>();
        _source.OnMigrate = (host, call) =>
        {
            limits.Add(host.MaxDowntime);
            return MoveAsync(host, call);
        };
        await Migrate(MigrationPolicy.Fixed);
        Assert.That(limits, Is.EqualTo(new[] { TimeSpan.FromMilliseconds(100) }));
    }

    [Test]
    public async Task A_limit_that_was_not_taken_is_set_again()
    {
        var ceiling = TimeSpan.FromMilliseconds(500);
        int refused = 0;
        _source.OnLimit = limit => limit == ceiling && refused++ == 0 ? new LibvirtException(LibvirtErrorCode.OperationTimeout, 10, "virDomainMigrateSetMaxDowntime", "cannot acquire state change lock") : null;
        _source.OnMigrate = async (host, call) =>
        {
            while (host.MaxDowntime != ceiling)
            {
                await Task.Delay(5);
            }

            await MoveAsync(host, call);
        };
        using var never = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        MigrationResult result = await Migrate(MigrationPolicy.Stepped with { MaxDowntime = new(null, ceiling, new(2, new(TimeSpan.FromMilliseconds(20)))) }, cancellationToken: never.Token);
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
        Assert.That(result.Decisions.Where(decision => decision.LimitMs == 500).Select(decision => decision.Problem is null), Is.EqualTo(new[] { false, true }));
    }

    [Test]
    public async Task What_ran_out_of_time_is_ended_also_when_the_connection_breaks_then()
    {
        _source.AbortsBeforeJob = 1;
        _source.OnMigrate = async (host, call) =>
        {
            host.Domains[call.DomainUuid] = host.Domains[call.DomainUuid] with { JobOperation = DomainJobOperation.MigrationOut };
            while (host.Aborts == 0)
            {
                await Task.Delay(5);
            }

            throw new LibvirtException(LibvirtErrorCode.Rpc, 7, "virDomainMigrateToURI3", "client socket is closed");
        };
        using var never = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        MigrationResult result = await Migrate(MigrationPolicy.Fixed with { Completion = new(new(TimeSpan.FromMilliseconds(50))) }, cancellationToken: never.Token);
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.TimedOut));
        Assert.That(_source.Aborts, Is.GreaterThan(1));
    }

    [Test]
    public async Task What_the_policy_needs_to_begin_with_is_in_the_call()
    {
        _source.OnMigrate = MoveAsync;
        await Migrate(MigrationPolicy.AdaptivePostCopy with
        {
            Options = new() { ParallelConnections = 4, Compression = new(CompressionMethods.Zstd) { ZstdLevel = 3 }, BandwidthMiBps = 100, Tls = true, AutoConvergeInitial = 30, Storage = new(StorageCopyMode.All, ["vda", "vdb"]) },
        });
        MigrationCall call = _source.Calls.Single();
        const DomainMigrateFlags Wanted = DomainMigrateFlags.AutoConverge | DomainMigrateFlags.Postcopy | DomainMigrateFlags.Parallel | DomainMigrateFlags.Compressed
            | DomainMigrateFlags.Tls | DomainMigrateFlags.NonSharedDisk;
        Assert.That(call.Flags & Wanted, Is.EqualTo(Wanted));
        Assert.That(
            call.Parameters.Where(parameter => parameter.Key is not ("migrate_uri" or "listen_address")).Select(parameter => (parameter.Key, parameter.Value)),
            Is.EquivalentTo(new (string, object)[]
            {
                ("bandwidth", 100UL), ("auto_converge.initial", 30), ("parallel.connections", 4), ("compression", "zstd"), ("compression.zstd.level", 3), ("migrate_disks", "vda"), ("migrate_disks", "vdb"),
            }));
    }

    [Test]
    public async Task Post_copy_is_never_made_possible_for_a_guest_with_a_vdpa_device()
    {
        RunWithVdpa();
        _source.OnMigrate = MoveAsync;
        await Migrate(MigrationPolicy.AdaptivePostCopy);
        Assert.That(_source.Calls.Single().Flags.HasFlag(DomainMigrateFlags.Postcopy), Is.False);
    }

    [Test]
    public async Task After_the_switch_to_post_copy_a_cancel_is_answered_and_the_migration_goes_on()
    {
        using var cancel = new CancellationTokenSource();
        var said = new Said();
        _source.IgnoresAbort = true;
        _source.OnMigrate = async (host, call) =>
        {
            host.Emit("MIGRATION", data: """{"status": "postcopy-active"}""");
            await cancel.CancelAsync();
            await said.WaitForAsync("cannot be ended any more");
            await MoveAsync(host, call);
        };
        MigrationResult result = await Migrate(MigrationPolicy.AdaptivePostCopy, said, cancel.Token);
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
        Assert.That(_source.Aborts, Is.Zero, "nothing is torn apart");
    }

    [Test]
    public async Task A_guest_that_runs_on_with_a_dead_device_after_a_cancel_is_degraded()
    {
        RunWithVdpa();
        _source.Log = new() { Lines = [$"{DateTime.UtcNow.AddSeconds(5):yyyy-MM-ddTHH:mm:ss.ffffff}Z qemu-kvm: vhost vdpa device resume failed: -22"] };
        using var cancel = new CancellationTokenSource();
        _source.OnMigrate = async (_, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        };
        MigrationResult result = await Migrate(MigrationPolicy.Adaptive, cancellationToken: cancel.Token);
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Degraded));
        Assert.That(result.Verdict.Message, Does.Contain("vhost vdpa device resume failed: -22").And.Contain("lab-a"));
        Assert.That(result.Verdict.Remedy, Does.Contain("device detach"));
    }

    [Test]
    public void An_error_of_a_migration_before_is_not_this_ones()
    {
        var log = new LogEvidence { Lines = ["2026-11-21T10:00:00.000000Z qemu-kvm: vhost vdpa device resume failed: -22", "2026-11-21T10:05:00.000000Z qemu-kvm: suspend vdpa device failed: -5"] };
        Assert.That(DeviceHealth.InLog(log, new(2026, 11, 21, 10, 4, 0, TimeSpan.Zero)), Is.EqualTo(new[] { "qemu-kvm: suspend vdpa device failed: -5" }));
    }

    [Test]
    public async Task A_migration_of_another_process_is_followed_to_its_end_and_measured()
    {
        bool over = false;
        var expected = Samples.Plan().Expectation;
        _source.Domains[Samples.Uuid] = Samples.Domain() with { JobOperation = DomainJobOperation.MigrationOut };
        _source.OnFind = () =>
        {
            if (_source.Finds == 3 && !over)
            {
                over = true;
                DateTimeOffset stop = _clock.Now;
                _source.Emit("STOP", stop);
                _destination.Emit("RESUME", stop.AddMilliseconds(12));
                _source.Domains.Remove(Samples.Uuid);
                _destination.Domains[Samples.Uuid] = Samples.Domain(reason: (int)DomainRunningReason.Migrated);
            }
        };
        FollowedMigration followed = await new Migrator(_source, _destination, _clock).FollowAsync(expected, MigrationPolicy.Adaptive, new(1L << 30));
        Assert.That(followed.Settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
        Assert.That(followed.Downtime!.Sources.Qmp.ValueMs, Is.EqualTo(12.0).Within(0.5));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_migration_of_another_process_is_ended_at_the_policys_time()
    {
        var expected = Samples.Plan().Expectation;
        _source.Domains[Samples.Uuid] = Samples.Domain() with { JobOperation = DomainJobOperation.MigrationOut };
        FollowedMigration followed = await new Migrator(_source, _destination, _clock)
            .FollowAsync(expected, MigrationPolicy.Fixed with { Completion = new(new(TimeSpan.FromMilliseconds(50))) }, new(1L << 30));
        Assert.That(followed.Settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.TimedOut));
        Assert.That(_source.Aborts, Is.GreaterThan(0));
    }

    // On hosts whose libvirt knows the device; neither lists its devices, so that it is mapped by hand.
    private void RunWithVdpa()
    {
        _source.Libvirt = _destination.Libvirt = FakeLibvirt.OpenEuler2403Sp3;
        _source.Domains[Samples.Uuid] = Samples.Domain() with { Xml = WithVdpa };
    }

    private static string WithVdpa => $"<domain type='kvm'><name>web1</name><uuid>{Samples.Uuid}</uuid><memory unit='GiB'>1</memory><devices><hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices></domain>";

    private Task<MigrationResult> Migrate(MigrationPolicy policy, IProgress<MigrationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        new Migrator(_source, _destination, _clock).MigrateAsync(
            Samples.Request with { Policy = policy, Map = _source.Domains[Samples.Uuid].Xml == WithVdpa ? [new("/dev/vhost-vdpa-0", "/dev/vhost-vdpa-7")] : [] }, progress, cancellationToken);

    private Task MoveAsync(FakeHost host, MigrationCall call)
    {
        DateTimeOffset stop = _clock.Now;
        host.Emit("STOP", stop);
        _destination.Emit("RESUME", stop.AddMilliseconds(12));
        host.Domains.Remove(call.DomainUuid);
        _destination.Domains[call.DomainUuid] = Samples.Domain(reason: (int)DomainRunningReason.Migrated);
        return Task.CompletedTask;
    }

    private sealed class Said : IProgress<MigrationProgress>
    {
        private readonly List<string> _notes = [];
        private readonly SemaphoreSlim _more = new(0);

        public void Report(MigrationProgress value)
        {
            lock (_notes)
            {
                _notes.Add(value.Note ?? "");
            }

            _more.Release();
        }

        internal async Task WaitForAsync(string text)
        {
            while (true)
            {
                lock (_notes)
                {
                    if (_notes.Exists(note => note.Contains(text, StringComparison.Ordinal)))
                    {
                        return;
                    }
                }

                Assert.That(await _more.WaitAsync(TimeSpan.FromSeconds(20)), Is.True, $"nobody said: {text}");
            }
        }
    }
}
