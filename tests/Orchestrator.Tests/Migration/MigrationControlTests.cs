using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;
using Orchestrator.Tests.Hosts;
using Orchestrator.Tests.Recovery;

namespace Orchestrator.Tests.Migration;

/// <summary>What is done to a migration that runs, from a process that did not begin it.</summary>
public sealed class MigrationControlTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly ObserverClock _clock = new(TimeProvider.System);
    private readonly DomainClaims _claims = new();
    private Guid _uuid;
    private FakeHost _host = null!;

    [SetUp]
    public void AGuestThatLeaves()
    {
        _uuid = Guid.NewGuid();
        _host = new("lab-a", _clock);
        Stand(DomainState.Running, 1, DomainJobOperation.MigrationOut);
    }

    [Test]
    public async Task A_migration_that_nobody_here_drives_is_aborted()
    {
        Assert.That(await CancelAsync(Control()), Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(_host.Aborts, Is.EqualTo(1));
    }

    [Test]
    public async Task An_abort_before_the_job_has_begun_is_said_again()
    {
        _host.AbortsBeforeJob = 2;
        Assert.That(await CancelAsync(Control()), Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(_host.Aborts, Is.EqualTo(3));
    }

    [Test]
    public async Task The_driver_is_told_and_ends_it_itself()
    {
        await using DomainClaim claim = await DriveAsync();
        await using CancellationTokenRegistration listens = claim.CancelRequested.Register(() => Stand(DomainState.Running, 1));
        Assert.That(await CancelAsync(Control()), Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(claim.CancelRequestedBy, Is.Not.Null);
        Assert.That(_host.Aborts, Is.Zero, "its driver could not tell a cancellation from a failure");
    }

    [Test]
    public async Task A_driver_that_does_not_listen_is_passed_over()
    {
        await using DomainClaim claim = await DriveAsync();
        Assert.That(await CancelAsync(Control(new Hurried())), Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(_host.Aborts, Is.EqualTo(1));
    }

    [Test]
    public async Task One_that_is_only_being_prepared_is_found_and_its_driver_told()
    {
        Stand(DomainState.Running, 1);
        DomainClaim claim = await DriveAsync();
        MigrationControl control = Control();
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        Assert.That((migration.Condition, migration.Direction), Is.EqualTo((DomainCondition.Running, "out")));
        await using CancellationTokenRegistration listens = claim.CancelRequested.Register(() => _ = claim.DisposeAsync().AsTask());
        Assert.That(await control.CancelAsync(migration, Long, CancellationToken.None), Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(_host.Aborts, Is.Zero);
    }

    [Test]
    public async Task On_the_destination_the_claim_of_an_ending_migration_is_none()
    {
        Stand(DomainState.Running, 1);
        await using DomainClaim claim = (await _claims.TryClaimAsync(ClaimKey.OfDomain(_uuid), ClaimHolder.Here(DomainOperation.Migrate, "web1", "lab-z"))).Claim!;
        Assert.That(await Control().ListAsync(CancellationToken.None), Is.Empty);
    }

    [TestCase(null)]
    [TestCase((int)DomainShutoffReason.Migrated)]
    public async Task Too_late_is_said(int? reason)
    {
        MigrationControl control = Control();
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        _host.Domains.Remove(_uuid);
        if (reason is { } shutoff)
        {
            Stand(DomainState.Shutoff, shutoff);
        }

        Assert.That(await control.CancelAsync(migration, Long, CancellationToken.None), Is.EqualTo(CancelOutcome.Moved));
        Assert.That(_host.Aborts, Is.Zero);
    }

    [TestCase(DomainPausedReason.Postcopy)]
    [TestCase(DomainPausedReason.PostcopyFailed)]
    public async Task In_post_copy_nobody_is_even_told(DomainPausedReason reason)
    {
        Stand(DomainState.Paused, (int)reason, DomainJobOperation.MigrationOut);
        await using DomainClaim claim = await DriveAsync();
        Assert.That(await CancelAsync(Control()), Is.EqualTo(CancelOutcome.PostCopy));
        Assert.That(claim.CancelRequestedBy, Is.Null);
        Assert.That(_host.Aborts, Is.Zero);
    }

    [Test]
    public async Task When_libvirt_does_not_do_it_the_deadline_ends_the_wait()
    {
        _host.IgnoresAbort = true;
        Assert.That(await CancelAsync(Control(), TimeSpan.FromMilliseconds(300)), Is.EqualTo(CancelOutcome.TimedOut));
        Assert.That(_host.Aborts, Is.GreaterThan(0));
    }

    [Test]
    public async Task Limits_are_set_and_read_back()
    {
        _host.Job = () => HasSent(1);
        MigrationControl control = Control();
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        MigrationSettingsInForce now = await control.SetAsync(migration, new() { MaxDowntime = TimeSpan.FromMilliseconds(700), BandwidthMiBps = 33 }, CancellationToken.None);
        Assert.That(now, Is.EqualTo(new MigrationSettingsInForce(TimeSpan.FromMilliseconds(700), 33, false)));
        Assert.That(await control.GetSettingsAsync(migration, CancellationToken.None), Is.EqualTo(now));
    }

    [Test]
    public async Task Limits_are_set_once_it_sends_because_libvirt_would_overwrite_them_then()
    {
        int looks = 0;
        long initial = _host.MaxSpeed, speedBefore = 0;
        _host.Job = () =>
        {
            speedBefore = _host.MaxSpeed;
            return HasSent(++looks < 4 ? 0 : 4096);
        };
        MigrationControl control = Control(new Hurried());
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        MigrationSettingsInForce now = await control.SetAsync(migration, new() { BandwidthMiBps = 33 }, CancellationToken.None);
        Assert.That((looks >= 4, speedBefore, now.BandwidthMiBps), Is.EqualTo((true, initial, 33L)));
    }

    [Test]
    public async Task One_that_never_sends_is_not_set()
    {
        long initial = _host.MaxSpeed;
        _host.Job = () => HasSent(0);
        MigrationControl control = Control(new Hurried());
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        OperationException refused = Assert.ThrowsAsync<OperationException>(() => control.SetAsync(migration, new() { BandwidthMiBps = 33 }, CancellationToken.None))!;
        Assert.That((refused.Stage, _host.MaxSpeed), Is.EqualTo((OperationStage.Refused, initial)));
        Assert.That(refused.Message, Does.Contain("web1").And.Contain("lab-a").And.Contain("30 seconds"));
    }

    [Test]
    public async Task On_the_destination_nothing_is_set_and_nothing_is_ended()
    {
        Stand(DomainState.Paused, (int)DomainPausedReason.Migration, DomainJobOperation.MigrationIn);
        MigrationControl control = Control();
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        OperationException set = Assert.ThrowsAsync<OperationException>(() => control.SetAsync(migration, new() { BandwidthMiBps = 1 }, CancellationToken.None))!;
        OperationException cancel = Assert.ThrowsAsync<OperationException>(() => control.CancelAsync(migration, Long, CancellationToken.None))!;
        OperationException policy = Assert.ThrowsAsync<OperationException>(() => control.SetPolicyAsync(migration, MigrationPolicy.Fixed, null, CancellationToken.None))!;
        Assert.That(new[] { set, cancel, policy }, Has.All.Property("Stage").EqualTo(OperationStage.Refused).And.All.Property("Remedy").Contains("-c"));
    }

    [Test]
    public async Task Post_copy_that_it_was_not_begun_with_is_refused_with_the_way_to_begin()
    {
        _host.PostCopyProblem = new LibvirtException(
            LibvirtErrorCode.OperationInvalid, 10, "virDomainMigrateStartPostCopy", "switching to post-copy requires migration to be started with VIR_MIGRATE_POSTCOPY flag");
        OperationException refused = await SwitchAsync();
        Assert.That(refused.Message, Does.Contain("web1 on lab-a").And.Contain("VIR_MIGRATE_POSTCOPY"));
        Assert.That(refused.Remedy, Does.Contain("--policy adaptive-post-copy"));
    }

    [Test]
    public async Task A_guest_with_a_vdpa_device_is_never_switched_to_post_copy()
    {
        _host.Domains[_uuid] = _host.Domains[_uuid] with
        {
            Xml = "<domain type='kvm'><name>web1</name><memory>1024</memory><devices><hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices></domain>",
        };
        OperationException refused = await SwitchAsync();
        Assert.That(refused.Message, Does.Contain("devices of the host"));
        Assert.That(_host.PostCopyStarts, Is.Zero);
    }

    [Test]
    public async Task A_policy_reaches_the_driver_by_the_journal()
    {
        using var journal = new TemporaryJournal();
        JournalOperation operation = journal.Journal.Begin(JournalSamples.Intent with { DomainUuid = _uuid });
        await using DomainClaim claim = await DriveAsync();
        MigrationControl control = Control();
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        Assert.That(await control.SetPolicyAsync(migration, MigrationPolicy.Fixed, journal.Journal, CancellationToken.None));
        Assert.That(PolicyDocument.FromJson(journal.Journal.GetPolicy(operation.Id)!).Name, Is.EqualTo("fixed"));
    }

    [Test]
    public async Task A_driver_with_another_journal_cannot_be_told_and_the_way_out_is_said()
    {
        using var journal = new TemporaryJournal();
        await using DomainClaim claim = await DriveAsync();
        MigrationControl control = Control();
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        OperationException refused = Assert.ThrowsAsync<OperationException>(() => control.SetPolicyAsync(migration, MigrationPolicy.Fixed, journal.Journal, CancellationToken.None))!;
        Assert.That(refused.Message, Does.Contain($"by pid {Environment.ProcessId}"));
        Assert.That(refused.Remedy, Does.Contain("--state-dir"));
    }

    [Test]
    public async Task Where_nobody_drives_a_policy_wants_a_recovery()
    {
        MigrationControl control = Control();
        Assert.That(await control.SetPolicyAsync(await control.FindAsync("web1", CancellationToken.None), MigrationPolicy.Fixed, null, CancellationToken.None), Is.False);
    }

    private MigrationControl Control(TimeProvider? time = null) => new(_host, _claims, _clock, time ?? TimeProvider.System);

    private static async Task<CancelOutcome> CancelAsync(MigrationControl control, TimeSpan? deadline = null) =>
        await control.CancelAsync(await control.FindAsync("web1", CancellationToken.None), deadline ?? Long, CancellationToken.None);

    private async Task<OperationException> SwitchAsync()
    {
        MigrationControl control = Control();
        RunningMigration migration = await control.FindAsync("web1", CancellationToken.None);
        return Assert.ThrowsAsync<OperationException>(() => control.SetAsync(migration, new() { PostCopyNow = true }, CancellationToken.None))!;
    }

    private async Task<DomainClaim> DriveAsync() =>
        (await _claims.TryClaimAsync(ClaimKey.OfDomain(_uuid), ClaimHolder.Here(DomainOperation.Migrate, "web1", "lab-a"))).Claim!;

    private void Stand(DomainState state, int reason, DomainJobOperation operation = DomainJobOperation.Unknown) =>
        _host.Domains[_uuid] = Samples.Domain(state, reason, uuid: _uuid) with { JobOperation = operation };

    private static DomainJobStats HasSent(long bytes) => new(DomainJobType.Unbounded, new() { { "data_processed", bytes } });

    private sealed class TemporaryJournal : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("ocontrol-").FullName;

        internal TemporaryJournal() => Journal = Journal.Open(_folder);

        internal Journal Journal { get; }

        public void Dispose()
        {
            Journal.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>A clock by which much time passes between two looks.</summary>
    private sealed class Hurried : TimeProvider
    {
        public override long GetTimestamp() => base.GetTimestamp() * 50;
    }
}
