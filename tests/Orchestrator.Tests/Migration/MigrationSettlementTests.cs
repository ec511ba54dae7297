using Libvirt.Interop;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Migration;

/// <summary>What is done about what a migration left behind.</summary>
public sealed class MigrationSettlementTests
{
    private static readonly MigrationExpectation Expected = Samples.Plan().Expectation;

    private readonly ObserverClock _clock = new(TimeProvider.System);
    private FakeHost _source = null!;
    private FakeHost _destination = null!;

    [SetUp]
    public void TwoHosts()
    {
        _source = new("lab-a", _clock);
        _destination = new("lab-b", _clock);
    }

    [Test]
    public async Task A_guest_that_a_dead_client_left_paused_is_resumed_when_the_destination_has_nothing()
    {
        _source.Domains[Samples.Uuid] = Stranded;
        SettledMigration settled = await SettleAsync();
        Assert.That(_source.Domains[Samples.Uuid].State, Is.EqualTo(DomainState.Running));
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(settled.Done, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_guest_of_which_a_restarted_daemon_no_longer_knows_why_it_is_paused_is_resumed_too()
    {
        _source.Domains[Samples.Uuid] = Samples.Domain(DomainState.Paused, (int)DomainPausedReason.Unknown);
        await SettleAsync();
        Assert.That(_source.Domains[Samples.Uuid].State, Is.EqualTo(DomainState.Running));
    }

    [Test]
    public async Task A_guest_that_a_person_paused_stays_paused()
    {
        _source.Domains[Samples.Uuid] = Samples.Domain(DomainState.Paused, (int)DomainPausedReason.User);
        SettledMigration settled = await SettleAsync();
        Assert.That(_source.LifeCalls, Is.Empty);
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(settled.Verdict.Remedy, Does.Contain("resume"));
    }

    [Test]
    public async Task Nothing_is_resumed_when_the_guest_has_been_on_the_destination(
        [Values(DomainShutoffReason.Shutdown, DomainShutoffReason.Destroyed, DomainShutoffReason.Crashed, DomainShutoffReason.Migrated)] DomainShutoffReason reason)
    {
        _source.Domains[Samples.Uuid] = Stranded;
        _destination.Domains[Samples.Uuid] = Samples.Domain(DomainState.Shutoff, (int)reason);
        SettledMigration settled = await SettleAsync();
        Assert.That(_source.LifeCalls.Concat(_destination.LifeCalls), Is.Empty, "old memory on a changed disk, or beside a third host's copy");
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(settled.Verdict.Remedy, Does.Contain("Find out where"));
    }

    [Test]
    public async Task Nothing_is_resumed_when_the_guest_was_seen_to_run_on_the_destination()
    {
        _source.Domains[Samples.Uuid] = Stranded;
        SettledMigration settled = await SettleAsync(new(JobResult.Failed, DestinationMayRun: true, DestinationRan: true));
        Assert.That(_source.LifeCalls, Is.Empty);
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
    }

    [Test]
    public async Task Nothing_is_resumed_beside_a_definition_that_the_migration_made_although_a_restarted_daemon_has_forgotten_how_it_ended([Values] bool wasFree)
    {
        _source.Domains[Samples.Uuid] = Stranded;
        _destination.Domains[Samples.Uuid] = Samples.Domain(DomainState.Shutoff, (int)DomainShutoffReason.Unknown);
        SettledMigration settled = await SettleAsync(expected: Expected with { PersistentOnDestination = true, DestinationWasFree = wasFree });
        Assert.That(_source.LifeCalls, Is.EqualTo(wasFree ? Array.Empty<string>() : ["resume"]), "one that was there before tells nothing");
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(wasFree ? MigrationOutcome.NeedsPerson : MigrationOutcome.Failed));
        Assert.That(settled.Verdict.Remedy, wasFree ? Does.Contain("Find out where") : Is.Null);
    }

    [TestCase(true, null, true, TestName = "All was sent, and no definition came: it never ran there")]
    [TestCase(true, DomainShutoffReason.Unknown, false, TestName = "All was sent, and the definition that was there before tells nothing")]
    [TestCase(false, null, false, TestName = "All was sent, to be transient there: it leaves no trace")]
    public async Task What_was_sent_whole_is_resumed_only_where_it_is_known_never_to_have_run_there(bool persistent, DomainShutoffReason? there, bool resumed)
    {
        _source.Domains[Samples.Uuid] = Stranded;
        if (there is { } reason)
        {
            _destination.Domains[Samples.Uuid] = Samples.Domain(DomainState.Shutoff, (int)reason);
        }

        await SettleAsync(new(JobResult.Failed, DestinationMayRun: true), Expected with { PersistentOnDestination = persistent, DestinationWasFree = false });
        Assert.That(_source.Domains[Samples.Uuid].State, Is.EqualTo(resumed ? DomainState.Running : DomainState.Paused));
    }

    [Test]
    public async Task Nothing_is_resumed_while_the_destination_cannot_be_asked()
    {
        _source.Domains[Samples.Uuid] = Stranded;
        _destination.IsLost = true;
        SettledMigration settled = await SettleAsync();
        Assert.That(_source.LifeCalls, Is.Empty);
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(settled.Verdict.Remedy, Does.Contain("virsh -c '" + _source.Identity.Uri).And.Contain("virsh -c '" + _destination.Identity.Uri));
    }

    [Test]
    public async Task A_definition_that_a_failed_migration_made_on_the_destination_goes([Values] bool wasFree)
    {
        _source.Domains[Samples.Uuid] = Samples.Domain(reason: (int)DomainRunningReason.MigrationCanceled);
        _destination.Domains[Samples.Uuid] = Samples.Domain(DomainState.Shutoff, (int)DomainShutoffReason.Failed) with { IsPersistent = true };
        _destination.Definitions[Samples.Uuid] = Stranded.Xml;
        SettledMigration settled = await SettleAsync(new(JobResult.Failed), Expected with { PersistentOnDestination = true, DestinationWasFree = wasFree });
        Assert.That(_destination.Definitions.ContainsKey(Samples.Uuid), Is.Not.EqualTo(wasFree), "what was there before is left alone");
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(settled.Done, Has.Count.EqualTo(wasFree ? 1 : 0));
    }

    [Test]
    public async Task A_guest_that_fell_back_after_it_had_run_on_the_destination_is_degraded_and_what_it_left_there_is_kept([Values] bool cancelled, [Values] bool leaves)
    {
        _source.Domains[Samples.Uuid] = Samples.Domain(reason: (int)DomainRunningReason.MigrationCanceled);
        if (leaves)
        {
            _destination.Domains[Samples.Uuid] = Samples.Domain(DomainState.Shutoff, (int)DomainShutoffReason.Failed);
            _destination.Definitions[Samples.Uuid] = Stranded.Xml;
        }

        SettledMigration settled = await SettleAsync(new(cancelled ? JobResult.Cancelled : JobResult.Failed, DestinationMayRun: true, DestinationRan: true), Expected with { PersistentOnDestination = true, DestinationWasFree = true });
        Assert.That((settled.Verdict.Outcome, settled.Decision.Finding), Is.EqualTo((MigrationOutcome.Degraded, MigrationFinding.Stayed)), settled.Verdict.Message);
        Assert.That(settled.Verdict.Message, Does.Contain("its disks have what it wrote on lab-b since").And.Not.Contain("as before"));
        Assert.That(settled.Verdict.Remedy, leaves ? Does.Contain("file systems").And.Contain($"undefine {Samples.Uuid}") : Does.Contain("file systems"));
        Assert.That(_destination.Definitions.ContainsKey(Samples.Uuid), Is.EqualTo(leaves));
        Assert.That(settled.Done, Is.Empty);
    }

    [Test]
    public async Task The_paused_copy_that_was_not_taken_away_goes_when_the_destination_runs_the_guest()
    {
        _source.Domains[Samples.Uuid] = Stranded with { IsPersistent = true };
        _source.Definitions[Samples.Uuid] = Stranded.Xml;
        _destination.Domains[Samples.Uuid] = Samples.Domain(reason: (int)DomainRunningReason.Migrated);
        SettledMigration settled = await SettleAsync();
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed), settled.Verdict.Message);
        Assert.That(_source.Domains, Is.Empty, "neither the copy nor the definition is left");
        Assert.That(_destination.LifeCalls, Is.Empty);
    }

    [Test]
    public async Task Two_running_copies_are_left_alone()
    {
        _source.Domains[Samples.Uuid] = Samples.Domain();
        _destination.Domains[Samples.Uuid] = Samples.Domain();
        SettledMigration settled = await SettleAsync();
        Assert.That(_source.LifeCalls.Concat(_destination.LifeCalls), Is.Empty);
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(settled.Verdict.Remedy, Does.Contain($"virsh -c '{_destination.Identity.Uri}' destroy {Samples.Uuid}"));
    }

    [Test]
    public async Task A_source_that_libvirt_let_run_again_beside_the_destination_is_paused_and_a_person_decides(
        [Values(DomainRunningReason.Migrated, DomainRunningReason.Unpaused)] DomainRunningReason there)
    {
        _source.Domains[Samples.Uuid] = Samples.Domain(reason: (int)DomainRunningReason.MigrationCanceled);
        _destination.Domains[Samples.Uuid] = Samples.Domain(reason: (int)there);
        SettledMigration settled = await SettleAsync();
        Assert.That(_source.Domains[Samples.Uuid].State, Is.EqualTo(DomainState.Paused));
        Assert.That(_destination.LifeCalls, Is.Empty);
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(settled.Done.Single(), Does.Contain("paused web1 on lab-a"));
    }

    [Test]
    public async Task A_guest_that_was_seen_to_run_on_a_destination_that_is_lost_has_not_simply_stayed()
    {
        _source.Domains[Samples.Uuid] = Samples.Domain(reason: (int)DomainRunningReason.MigrationCanceled);
        _destination.IsLost = true;
        SettledMigration settled = await SettleAsync(new(JobResult.Failed, DestinationMayRun: true));
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(settled.Verdict.Message, Does.Contain("may run on both"));
        Assert.That((await SettleAsync(new(JobResult.Failed))).Verdict.Outcome, Is.EqualTo(MigrationOutcome.Unreachable));
    }

    [Test]
    public async Task A_copy_that_never_ran_is_taken_away_when_its_daemon_does_not_do_it()
    {
        _source.Domains[Samples.Uuid] = Samples.Domain();
        _destination.Domains[Samples.Uuid] = Samples.Domain(DomainState.Paused, (int)DomainPausedReason.Migration, persistent: false) with { JobOperation = DomainJobOperation.MigrationIn };
        SettledMigration settled = await SettleAsync();
        Assert.That(_destination.Domains, Is.Empty);
        Assert.That(_source.Domains[Samples.Uuid].State, Is.EqualTo(DomainState.Running));
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed));
    }

    [Test]
    public async Task A_host_that_cannot_resume_the_guest_leaves_it_to_a_person()
    {
        _source.Domains[Samples.Uuid] = Stranded;
        _source.OnLifeCall = call => new LibvirtException(LibvirtErrorCode.OperationFailed, 10, call, "operation failed");
        SettledMigration settled = await SettleAsync();
        Assert.That(settled.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(settled.Verdict.Remedy, Does.Contain($"resume {Samples.Uuid}"));
        Assert.That(settled.Done, Is.Empty);
    }

    private static DomainSnapshot Stranded => Samples.Domain(DomainState.Paused, (int)DomainPausedReason.Migration);

    private Task<SettledMigration> SettleAsync(JobEnd? job = null, MigrationExpectation? expected = null) =>
        new MigrationSettlement(_source, _destination, TimeProvider.System, NullLogger.Instance) { HostGrace = TimeSpan.FromMilliseconds(300), SettleGrace = TimeSpan.FromMilliseconds(300) }
            .SettleAsync(expected ?? Expected, () => job ?? JobEnd.Unseen);
}
