using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Recovery;
using Orchestrator.Tests.Hosts;
using Orchestrator.Tests.Recovery;

namespace Orchestrator.Tests.Migration;

/// <summary>The drive, on hosts that do what is scripted.</summary>
public sealed class MigratorTests
{
    private static readonly LibvirtException PeerUnreachable = new(
        LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: Failed to connect to remote libvirt URI");

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
    public async Task A_migration_that_works_is_completed_and_measured()
    {
        _source.OnMigrate = Move;
        MigrationResult result = await Migrate();
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
        Assert.That(result.Downtime!.Sources.Qmp.ValueMs, Is.EqualTo(12.0).Within(0.5), "STOP and RESUME are 12 ms apart");
        Assert.That(_source.Aborts, Is.Zero);
    }

    [Test]
    public async Task The_limit_is_set_on_the_source_before_the_call()
    {
        _source.OnMigrate = (host, call) =>
        {
            Assert.That(host.MaxDowntime, Is.EqualTo(TimeSpan.FromMilliseconds(100)));
            return Move(host, call);
        };
        MigrationResult result = await Migrate(Samples.Request with { MaxDowntime = TimeSpan.FromMilliseconds(100) });
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
        Assert.That(result.MaxDowntime, Is.EqualTo(TimeSpan.FromMilliseconds(100)));
    }

    [Test]
    public async Task A_host_that_keeps_another_limit_is_an_error_and_nothing_is_migrated()
    {
        _source.KeepsItsLimit = true;
        MigrationResult result = await Migrate(Samples.Request with { MaxDowntime = TimeSpan.FromMilliseconds(100) });
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_refused_plan_makes_no_call()
    {
        _destination.Domains[Samples.Uuid] = Samples.Domain();
        MigrationResult result = await Migrate();
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Refused));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_cancel_before_the_job_begins_is_repeated_until_it_takes()
    {
        _source.AbortsBeforeJob = 2;
        using var cancel = new CancellationTokenSource();
        _source.OnMigrate = async (_, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        };
        MigrationResult result = await Migrate(cancellationToken: cancel.Token);
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Cancelled));
        Assert.That(_source.Aborts, Is.EqualTo(3));
    }

    [Test]
    public async Task A_migration_holds_its_domain_and_ends_cancelled_when_another_operation_asks_for_it()
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _source.OnMigrate = async (_, _) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.Infinite);
        };
        Task<MigrationResult> migration = Migrate();
        await began.Task;

        ClaimAttempt attempt = await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(Samples.Uuid), ClaimHolder.Here(DomainOperation.Destroy, "web1", "lab-a"));
        await using OtherClaim other = attempt.Other!;
        Assert.That(other.Holder!.Operation, Is.EqualTo(DomainOperation.Migrate));
        await other.RequestCancelAsync();

        MigrationResult result = await migration;
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Cancelled));
        Assert.That(result.Verdict.Message, Does.Contain("destroy of web1"));
        Assert.That(_source.Aborts, Is.GreaterThan(0));
    }

    [Test]
    public async Task A_migration_waits_for_whoever_works_on_the_domain_and_gives_up_in_time()
    {
        ClaimAttempt held = await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(Samples.Uuid), ClaimHolder.Here(DomainOperation.Suspend, "web1", "lab-a"));
        await using DomainClaim claim = held.Claim!;

        Assert.That(
            async () => await Migrate(Samples.Request with { Options = new() { Wait = TimeSpan.FromMilliseconds(1) } }),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Message.Contains("suspend of web1"));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_cancel_after_the_switch_over_reports_that_the_guest_has_moved()
    {
        _source.IgnoresAbort = true;
        using var cancel = new CancellationTokenSource();
        _source.OnMigrate = async (host, call) =>
        {
            await cancel.CancelAsync();
            await Move(host, call);
        };
        MigrationResult result = await Migrate(cancellationToken: cancel.Token);
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
    }

    [Test]
    public void A_cancel_before_anything_began_touches_nothing()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.That(async () => await Migrate(cancellationToken: cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_time_out_aborts_and_says_so()
    {
        MigrationResult result = await Migrate(Samples.Request with { Timeout = TimeSpan.FromMilliseconds(1) });
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.TimedOut));
        Assert.That(_source.Aborts, Is.GreaterThan(0));
    }

    [Test]
    public async Task A_call_that_ignores_the_abort_needs_a_person_after_the_grace()
    {
        _source.IgnoresAbort = true;
        MigrationResult result = await Migrate(Samples.Request with { Timeout = TimeSpan.FromMilliseconds(1) }, TimeSpan.FromMilliseconds(1));
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
    }

    [Test]
    public async Task A_destination_that_is_lost_on_the_way_is_unreachable_and_the_source_keeps_the_guest()
    {
        _source.OnMigrate = (_, _) =>
        {
            _destination.IsLost = true;
            throw new LibvirtException(LibvirtErrorCode.InternalError, 7, "virDomainMigrateToURI3", "internal error: client socket is closed");
        };
        MigrationResult result = await Migrate();
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Unreachable));
        Assert.That(result.Verdict.Message, Does.Contain("runs on lab-a"));
    }

    [Test]
    public async Task That_the_guest_ran_on_the_destination_counts_also_when_it_is_told_after_the_call()
    {
        _source.OnMigrate = (_, _) =>
        {
            _destination.OnSnapshot = () => _destination.Emit("RESUME"); // it comes with the answer
            throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: domain is not running");
        };
        MigrationResult result = await Migrate();
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Degraded), result.Verdict.Message);
    }

    [Test]
    public async Task A_destination_that_is_lost_in_direct_mode_ends_the_call_that_could_never_be_finished()
    {
        _source.OnMigrate = async (_, _) =>
        {
            _destination.IsLost = true;
            await Task.Delay(Timeout.Infinite);
        };
        MigrationResult result = await Migrate(Samples.Request with { Mode = MigrationMode.Direct });
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Unreachable));
        Assert.That(_source.Aborts, Is.GreaterThan(0));
    }

    [Test]
    public async Task A_source_that_is_lost_on_the_way_leaves_nothing_concluded_from_its_silence()
    {
        _source.OnMigrate = (_, _) =>
        {
            _source.IsLost = true;
            throw new LibvirtException(LibvirtErrorCode.SystemError, 7, "virDomainMigrateToURI3", "End of file while reading data: Input/output error");
        };
        MigrationResult result = await Migrate();
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
    }

    [Test]
    public async Task A_source_whose_daemon_is_restarted_is_asked_again()
    {
        _source.OnMigrate = (_, _) =>
        {
            _source.IsLost = true;
            _source.ReturnsAfter = 1;
            throw new LibvirtException(LibvirtErrorCode.SystemError, 7, "virDomainMigrateToURI3", "End of file while reading data: Input/output error");
        };
        MigrationResult result = await Migrate();
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(result.Verdict.Message, Does.Contain("lab-a"));
    }

    [Test]
    public async Task A_peer_that_cannot_be_connected_to_is_reached_in_direct_mode()
    {
        _source.OnMigrate = (host, call) => call.Flags.HasFlag(DomainMigrateFlags.Peer2Peer) ? throw PeerUnreachable : Move(host, call);
        MigrationResult result = await Migrate();
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
        Assert.That(result.Plan.Mode, Is.EqualTo(MigrationMode.Direct));
    }

    [Test]
    public async Task A_peer_that_cannot_be_connected_to_is_an_error_where_p2p_was_asked_for()
    {
        _source.OnMigrate = (_, _) => throw PeerUnreachable;
        MigrationResult result = await Migrate(Samples.Request with { Mode = MigrationMode.P2P });
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(_source.Calls, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_migration_whose_end_another_operation_asks_for_before_it_began_says_who_asked()
    {
        var measures = new TaskCompletionSource();
        _source.OnMeasure = async ended =>
        {
            measures.SetResult();
            await Task.Delay(Timeout.Infinite, ended);
        };
        Task<MigrationResult> migration = Migrate();
        await Task.WhenAny(measures.Task, migration).WaitAsync(TimeSpan.FromSeconds(20));
        await using OtherClaim? claim = await new DomainClaims().FindAsync(ClaimKey.OfDomain(Samples.Uuid), ClaimHolder.Here(DomainOperation.Destroy, "web1", "lab-a"), CancellationToken.None);
        await claim!.RequestCancelAsync();

        Assert.That(
            async () => await migration.WaitAsync(TimeSpan.FromSeconds(20)),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Cancelled).And.Message.Contains("destroy of web1"));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_plan_tells_of_another_manager([Values] bool allowed)
    {
        DomainSnapshot domain = Samples.Domain();
        _source.Domains[Samples.Uuid] = domain with
        {
            Xml = $"<domain type='kvm'><name>{domain.Name}</name><uuid>{domain.Uuid}</uuid><metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/></metadata></domain>",
        };

        MigrationPlan plan = await new Migrator(_source, _destination, _clock)
            .PlanAsync(Samples.Request with { Options = new() { AllowForeignOwner = allowed } }, CancellationToken.None);

        Assert.That(plan.IsRefused, Is.EqualTo(!allowed));
        Check check = plan.Checks.Single(check => check.Id == "free-to-migrate");
        Assert.That((check.Refuses, check.Warns), Is.EqualTo((!allowed, true)));
        Assert.That(check.Message, Does.Contain("OpenStack (nova)"));
        Assert.That(plan.Consents.Select(consent => (consent.Flag, consent.Check)), Is.EqualTo(allowed ? new[] { ("--allow foreign-owner", "free-to-migrate") } : []));
    }

    [Test]
    public async Task A_plan_tells_of_another_machines_mark([Values] bool allowed)
    {
        await MarkedDomain.MarkAsync(_source, Samples.Uuid, Marker(new("0123456789abcdef0123456789abcdef", "ops2", 77, "root")));

        MigrationPlan plan = await new Migrator(_source, _destination, _clock)
            .PlanAsync(Samples.Request with { Options = new() { AllowForeignOperation = allowed } }, CancellationToken.None);

        Check check = plan.Checks.Single(check => check.Id == "free-to-migrate");
        Assert.That((check.Refuses, check.Warns), Is.EqualTo((!allowed, true)));
        Assert.That(check.Message, Does.Contain("pid 77 of root on ops2"));
        Assert.That(plan.Consents.Select(consent => consent.Flag), Is.EqualTo(allowed ? new[] { "--allow foreign-operation" } : []));
    }

    [Test]
    public async Task A_plan_tells_of_what_a_dead_process_left([Values] bool recovers)
    {
        await MarkedDomain.MarkAsync(_source, Samples.Uuid, Marker(OperationOwner.Here));
        Recoverer? recoverer = recovers ? new((_, _) => throw new InvalidOperationException("a plan settles nothing"), _clock) : null;

        MigrationPlan plan = await new Migrator(_source, _destination, _clock).PlanAsync(Samples.Request with { Options = new() { Recoverer = recoverer } }, CancellationToken.None);

        Check check = plan.Checks.Single(check => check.Id == "free-to-migrate");
        Assert.That((check.Refuses, check.Warns), Is.EqualTo((!recovers, true)));
        Assert.That(check.Message, Does.Contain("was left by the migration of web1 from lab-a to lab-b").And.Contains("whose process is gone"));
        Assert.That(OperationMarker.Read(_source.Domains[Samples.Uuid].Xml), Is.Not.Null);
    }

    [Test]
    public async Task Consents_that_are_made_use_of_are_written_down()
    {
        using var journal = new TemporaryJournal();
        _source.OnMigrate = Move;
        _source.Domains[Samples.Uuid] = Samples.Domain() with
        {
            Xml = $"<domain type='kvm'><name>web1</name><uuid>{Samples.Uuid}</uuid><metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/></metadata></domain>",
        };
        await MarkedDomain.MarkAsync(_source, Samples.Uuid, Marker(new("0123456789abcdef0123456789abcdef", "ops2", 77, "root")));

        MigrationResult result = await new Migrator(_source, _destination, _clock) { Journal = journal.Journal }
            .MigrateAsync(Samples.Request with { Options = new() { AllowForeignOwner = true, AllowForeignOperation = true } });

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Verdict.Message);
        IReadOnlyList<MigrationConsent> kept = MigrationDocument.From(result).Consents;
        Assert.That(kept.Select(consent => consent.Flag), Is.EqualTo(new[] { "--allow foreign-owner", "--allow foreign-operation" }));
        Assert.That(journal.Journal.Get(result.OperationId!.Value)!.Intent.Consents, Is.EqualTo(kept));
    }

    [Test]
    public async Task A_consent_that_nothing_needs_is_not_written_down()
    {
        using var journal = new TemporaryJournal();
        _source.OnMigrate = Move;
        MigrationResult result = await new Migrator(_source, _destination, _clock) { Journal = journal.Journal }
            .MigrateAsync(Samples.Request with { Options = new() { AllowForeignOwner = true, AllowForeignOperation = true } });
        Assert.That((result.Plan.Consents.Count, journal.Journal.Get(result.OperationId!.Value)!.Intent.Consents), Is.EqualTo((0, (IReadOnlyList<MigrationConsent>?)null)));
    }

    [Test]
    public async Task A_plan_tells_of_who_works_on_the_domain()
    {
        await using DomainClaim claim = (await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(Samples.Uuid), ClaimHolder.Here(DomainOperation.Reboot, "web1", "lab-a"))).Claim!;

        MigrationPlan plan = await new Migrator(_source, _destination, _clock).PlanAsync(Samples.Request, CancellationToken.None);

        Assert.That(plan.IsRefused, Is.False);
        Assert.That(plan.Checks.Single(check => check.Id == "free-to-migrate"), Has.Property("Warns").True.And.Property("Message").Contains("reboot of web1"));
    }

    [Test]
    public async Task The_mark_travels_in_a_document_given_by_hand()
    {
        using var journal = new TemporaryJournal();
        _source.OnMigrate = Move;
        string given = $"<domain type='qemu'><name>web1</name><uuid>{Samples.Uuid}</uuid><description>by hand</description></domain>";

        MigrationResult result = await new Migrator(_source, _destination, _clock) { Journal = journal.Journal }.MigrateAsync(Samples.Request with { DestinationXml = given });

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Verdict.Message);
        string sent = (string)_source.Calls.Single().Parameters.ToDictionary()[MigrateParameter.DestinationXml];
        Assert.That(OperationMarker.Read(sent)?.Id, Is.EqualTo(result.OperationId), "a copy without it is taken for somebody else's");
        Assert.That(sent, Does.Contain("by hand"));
    }

    [Test]
    public void An_unknown_domain_is_named_with_its_host() =>
        Assert.That(async () => await Migrate(Samples.Request with { Domain = "no'such\n<domain>" }), Throws.TypeOf<DomainNotFoundException>().With.Property("Host").EqualTo("lab-a"));

    [Test]
    public async Task A_plan_is_carried_out_as_it_is()
    {
        _source.OnMigrate = Move;
        var migrator = new Migrator(_source, _destination, _clock);
        MigrationPlan plan = await migrator.PlanAsync(Samples.Request, CancellationToken.None);

        MigrationResult result = await migrator.MigrateAsync(plan);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
        MigrationCall call = _source.Calls.Single();
        Assert.That((call.Flags, call.DestinationUri), Is.EqualTo((plan.Call.Flags, plan.Call.DestinationUri)));
        Assert.That(call.Parameters, Is.EqualTo(plan.Call.Parameters));
    }

    [Test]
    public async Task A_plan_that_would_be_another_by_now_is_refused_with_the_difference()
    {
        _source.OnMigrate = Move;
        var migrator = new Migrator(_source, _destination, _clock);
        MigrationPlan plan = await migrator.PlanAsync(Samples.Request, CancellationToken.None);
        _source.Domains[Samples.Uuid] = Samples.Domain(persistent: false);

        Assert.That(
            async () => await migrator.MigrateAsync(plan),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused)
                .And.Message.Contains($"the flags: {plan.Call.Flags & ~(DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource)} instead of {plan.Call.Flags}"));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_plan_of_other_hosts_is_refused()
    {
        _source.OnMigrate = Move;
        MigrationPlan plan = await new Migrator(_source, _destination, _clock).PlanAsync(Samples.Request, CancellationToken.None);
        var third = new FakeHost("lab-c", _clock);

        Assert.That(async () => await new Migrator(_source, third, _clock).MigrateAsync(plan), Throws.TypeOf<OperationException>().With.Message.Contains("the destination: ").And.Message.Contains("lab-c"));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_plan_that_a_check_refuses_stays_refused()
    {
        _source.OnMigrate = Move;
        var migrator = new Migrator(_source, _destination, _clock);
        _destination.Domains[Samples.Uuid] = Samples.Domain();
        MigrationPlan plan = await migrator.PlanAsync(Samples.Request, CancellationToken.None);
        _destination.Domains.Clear();

        Assert.That((await migrator.MigrateAsync(plan)).Verdict.Outcome, Is.EqualTo(MigrationOutcome.Refused));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_plan_whose_checks_refuse_by_now_is_refused()
    {
        _source.OnMigrate = Move;
        var migrator = new Migrator(_source, _destination, _clock);
        MigrationPlan plan = await migrator.PlanAsync(Samples.Request, CancellationToken.None);
        _destination.Domains[Samples.Uuid] = Samples.Domain();

        Assert.That((await migrator.MigrateAsync(plan)).Verdict.Outcome, Is.EqualTo(MigrationOutcome.Refused));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public async Task A_plan_for_peers_is_not_carried_out_in_direct_mode()
    {
        _source.OnMigrate = (_, _) => Task.FromException(PeerUnreachable);
        var migrator = new Migrator(_source, _destination, _clock);
        MigrationPlan plan = await migrator.PlanAsync(Samples.Request, CancellationToken.None);
        Assert.That((plan.Mode, plan.Request.Mode), Is.EqualTo((MigrationMode.P2P, MigrationMode.Auto)));

        Assert.That((await migrator.MigrateAsync(plan)).Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(_source.Calls, Has.Count.EqualTo(1));
    }

    private OperationMarker Marker(OperationOwner owner) => new()
    {
        Id = Guid.NewGuid(),
        Owner = owner,
        Source = _source.Address,
        Destination = _destination.Address,
        Mode = "direct",
        Started = DateTimeOffset.UnixEpoch,
        WasRunning = true,
    };

    private Task<MigrationResult> Migrate(MigrationRequest? request = null, TimeSpan? grace = null, CancellationToken cancellationToken = default) =>
        new Migrator(_source, _destination, _clock) { StopGrace = grace ?? TimeSpan.FromSeconds(30), HostGrace = TimeSpan.FromSeconds(1) }.MigrateAsync(request ?? Samples.Request, null, cancellationToken);

    private async Task Move(FakeHost host, MigrationCall call)
    {
        DateTimeOffset stop = _clock.Now;
        host.Emit("STOP", stop);
        while (_clock.Now < stop.AddMilliseconds(12))
        {
            await Task.Yield();
        }

        _destination.Emit("RESUME", stop.AddMilliseconds(12));
        host.Domains.Remove(call.DomainUuid);
        _destination.Domains[call.DomainUuid] = Samples.Domain(reason: (int)DomainRunningReason.Migrated);
    }
}
