using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>What becomes of requests that the host, the connection or the guest does not simply grant.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class DomainLifecycleTests
{
    private static readonly OperationOptions Short = new() { Wait = TimeSpan.FromMilliseconds(300) };

    [TestCase(DomainOperation.Start, DomainCondition.Off)]
    [TestCase(DomainOperation.Destroy, DomainCondition.Running)]
    [TestCase(DomainOperation.Suspend, DomainCondition.Running)]
    [TestCase(DomainOperation.Resume, DomainCondition.Paused)]
    [TestCase(DomainOperation.Shutdown, DomainCondition.Running)]
    public async Task A_connection_lost_right_after_the_host_did_it_ends_as_done(DomainOperation operation, DomainCondition condition)
    {
        FakeHost host = LifeSamples.Host(condition, out Guid uuid);
        host.IsLostBy = ErrorDocument.CodeOf(operation);
        ComesBack(host);

        Assert.That(await LifeSamples.RequestAsync(host, operation, uuid, new()), Is.True);

        LifeSamples.AssertDone(host, operation, uuid);
        Assert.That(host.LifeCalls, Has.Count.EqualTo(1), "it is not asked twice for what it has done");
    }

    [Test]
    public async Task A_domain_whose_uuid_is_anothers_name_is_operated_on_by_its_own_name()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        var other = Guid.NewGuid();
        host.Domains[other] = LifeSamples.Domain(other, DomainCondition.Running) with { Name = $"{uuid}" };
        var lifecycle = new DomainLifecycle(host, new DomainClaims());

        Assert.That(
            async () => await lifecycle.RunAsync(new SuspendRequest($"{uuid}")),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused).And.Property("Remedy").Contains("Say web1"));
        Assert.That(() => host.FindDomainAsync($"{uuid}", default), Throws.TypeOf<DomainAmbiguousException>(), "as the real host");

        Assert.That((await lifecycle.RunAsync(new SuspendRequest("web1"))).Changed, Is.True);
        Assert.That((host.Domains[uuid].State, host.Domains[other].State), Is.EqualTo((DomainState.Paused, DomainState.Running)));
    }

    [Test]
    public void A_connection_lost_before_the_host_did_it_ends_as_not_done()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out Guid uuid);
        host.OnLifeCall = _ =>
        {
            host.IsLost = true;
            return new HostUnreachableException("lab-a", "lab-a cannot be reached");
        };
        ComesBack(host);

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, new()),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Failed).And.Message.Contains("shutoff/shutdown").And.Message.Contains("did not do it"));
    }

    [Test]
    public void A_host_that_stays_away_leaves_the_outcome_unknown_and_says_what_was_asked()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.IsLostBy = "destroy";

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Destroy, uuid, Short),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Unknown).And.Message.Contains("was asked to destroy").And.Message.Contains("lab-a"));
    }

    [Test]
    public async Task A_start_that_takes_longer_than_a_call_may_is_waited_for()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out Guid uuid);
        int looked = 0;
        host.OnLifeCall = _ =>
        {
            host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Starting);
            looked = host.Finds;
            return new HostUnreachableException("lab-a", "lab-a did not answer within 40 s") { IsUnderway = true };
        };
        host.OnFind = () =>
        {
            if (looked > 0 && host.Finds > looked + 3)
            {
                host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Running);
            }
        };

        Assert.That(await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, new()), Is.True);
        Assert.That(host.LifeCalls, Is.EqualTo(new[] { "start" }));
    }

    [TestCase(DomainOperation.Start, DomainCondition.Off, DomainCondition.Starting)]
    [TestCase(DomainOperation.Suspend, DomainCondition.Running, DomainCondition.Running)]
    [TestCase(DomainOperation.Reset, DomainCondition.Running, DomainCondition.Running)]
    public void What_the_host_may_still_be_doing_is_not_called_undone(DomainOperation operation, DomainCondition before, DomainCondition then)
    {
        FakeHost host = LifeSamples.Host(before, out Guid uuid);
        host.OnLifeCall = _ =>
        {
            host.Domains[uuid] = LifeSamples.Domain(uuid, then);
            return new HostUnreachableException("lab-a", "lab-a did not answer within 40 s") { IsUnderway = true };
        };

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, operation, uuid, Short),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Unknown).And.Message.Contains("did not answer within 40 s"));
        Assert.That(host.LifeCalls, Has.Count.EqualTo(1));
    }

    // The log of the guest before is no concern of this one's.
    [TestCase("vhost vdpa map fail!", "memtune")]
    [TestCase("vhost_set_vring_num failed: Invalid argument (22)", "1024")]
    public void A_guest_that_starts_with_a_dead_device_is_degraded_and_told_of_with_the_line_of_the_log(string line, string remedy)
    {
        FakeHost host = VdpaHost(out Guid uuid);
        host.Log = new() { Lines = ["2026-11-21 09:00:00.000+0000: starting up libvirt version: 11.3.0", "vhost_set_vring_num failed: of old"] };
        host.OnLifeCall = _ =>
        {
            host.Log = new() { Lines = [.. host.Log.Lines, "2026-11-21 10:00:00.000+0000: starting up libvirt version: 11.3.0", $"2026-11-21T10:00:01.000000Z qemu-system-x86_64: {line}"] };
            return null;
        };

        OperationException degraded = Assert.ThrowsAsync<OperationException>(() => new DomainLifecycle(host, new DomainClaims()).RunAsync(new StartRequest($"{uuid}")))!;

        Assert.That(degraded.Stage, Is.EqualTo(OperationStage.Degraded));
        Assert.That(degraded.Message, Does.Contain(line).And.Contain("web1 on lab-a runs").And.Not.Contain("of old"));
        Assert.That(degraded.Remedy, Does.Contain(remedy));
        Assert.That(host.Domains[uuid].State, Is.EqualTo(DomainState.Running));
    }

    [TestCase(true, "DRIVER_OK", null)]
    [TestCase(false, "DRIVER_OK", OperationStage.Degraded)]
    [TestCase(false, "ACKNOWLEDGE", OperationStage.TimedOut)]
    public async Task QEMU_is_asked_about_the_devices_of_a_started_guest_when_they_are_waited_for(bool works, string driver, OperationStage? stage)
    {
        FakeHost host = VdpaHost(out Guid uuid);
        host.Monitor = command => host.QemuMonitor(uuid, command);
        host.VirtioStates["ua-net"] = (works, driver);
        Task<LifecycleResult> Start() => new DomainLifecycle(host, new DomainClaims()).RunAsync(new StartRequest($"{uuid}") { WaitDevices = TimeSpan.FromMilliseconds(1) });

        if (stage is null)
        {
            Assert.That((await Start()).Notes, Has.None.Contains("domain health"));
            return;
        }

        OperationException failed = Assert.ThrowsAsync<OperationException>(Start)!;
        Assert.That(failed.Stage, Is.EqualTo(stage));
        Assert.That(failed.Message, Does.Contain("/dev/vhost-vdpa-0"));
    }

    [Test]
    public async Task Unasked_QEMU_is_left_alone_and_where_to_look_is_said()
    {
        FakeHost host = VdpaHost(out Guid uuid);
        bool isAsked = false;
        host.Monitor = command =>
        {
            isAsked = true;
            return host.QemuMonitor(uuid, command);
        };

        LifecycleResult result = await new DomainLifecycle(host, new DomainClaims()).RunAsync(new StartRequest($"{uuid}"));

        Assert.That(isAsked, Is.False);
        Assert.That(result.Notes, Has.Some.Contains("orchestrator domain health web1"));
    }

    private static FakeHost VdpaHost(out Guid uuid)
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out uuid);
        host.Log = new();
        host.Definitions[uuid] = LifeSamples.Document(uuid).Replace(
            "<devices/>", "<devices><interface type='vdpa'><mac address='52:54:00:00:00:01'/><source dev='/dev/vhost-vdpa-0'/><model type='virtio'/><alias name='ua-net'/></interface></devices>", StringComparison.Ordinal);
        return host;
    }

    [Test]
    public void A_start_that_a_broken_connection_leaves_half_done_is_not_called_undone()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out Guid uuid);
        host.OnLifeCall = _ =>
        {
            host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Starting);
            return new HostUnreachableException("lab-a", "lab-a cannot be reached");
        };

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, Short),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Unknown).And.Message.Contains("starting"));
    }

    [Test]
    public void A_lock_that_is_not_to_be_had_is_not_tried_for_longer_than_was_asked_for()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.OnLifeCall = _ => Error(LibvirtErrorCode.OperationTimeout, "cannot acquire state change lock");

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Suspend, uuid, Short),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Message.Contains("cannot acquire state change lock"));
        Assert.That(host.LifeCalls, Has.Count.LessThan(5));
    }

    [Test]
    public void A_guest_that_moves_after_the_request_is_not_called_ended(
        [Values(DomainOperation.Shutdown, DomainOperation.Destroy)] DomainOperation operation, [Values] bool undefined)
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.IgnoresPowerButton = true;
        host.OnLifeCall = call =>
        {
            // The migration of somebody else has won.
            if (undefined)
            {
                host.Domains.Remove(uuid);
            }
            else
            {
                host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Moved);
            }

            return call == "destroy" ? Error(LibvirtErrorCode.OperationInvalid, "domain is not running") : null;
        };

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, operation, uuid, Short),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Failed).And.Message.Contains("was migrated to another host"));
    }

    [TestCase(DomainOperation.Shutdown)]
    [TestCase(DomainOperation.Destroy)]
    public async Task A_transient_domain_that_is_gone_has_ended(DomainOperation operation)
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.Definitions.Remove(uuid);
        host.Domains[uuid] = host.Domains[uuid] with { IsPersistent = false };

        Assert.That(await LifeSamples.RequestAsync(host, operation, uuid, new()), Is.True);
        Assert.That(host.Domains, Is.Empty);
    }

    [Test]
    public void A_reboot_whose_events_may_be_lost_is_asked_for_once_and_not_called_undone()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.IgnoresPowerButton = true; // as if its events had come while nobody was connected
        host.IsLostBy = "reboot";
        ComesBack(host);

        Assert.That(
            async () => await new DomainLifecycle(host, new()).RunAsync(new RebootRequest($"{uuid}") { Deadline = TimeSpan.FromMilliseconds(1500), AskAgain = TimeSpan.FromMilliseconds(200) }),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Unknown).And.Message.Contains("POWERDOWN"));
        Assert.That(host.LifeCalls, Is.EqualTo(new[] { "reboot" }));
    }

    [Test]
    public async Task A_lock_that_is_not_to_be_had_is_tried_for_again()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        int failures = 2;
        host.OnLifeCall = _ => failures-- > 0 ? Error(LibvirtErrorCode.OperationTimeout, "cannot acquire state change lock (held by monitor=remoteDispatchDomainSuspend)") : null;

        LifecycleResult done = await new DomainLifecycle(host, new()).RunAsync(new SuspendRequest($"{uuid}"));

        Assert.That(done.Attempts, Is.EqualTo(3));
        Assert.That(done.After, Is.EqualTo("paused/user"));
    }

    [TestCase(LibvirtErrorCode.OperationTimeout, 5)]
    [TestCase(LibvirtErrorCode.InternalError, 1)]
    [TestCase(LibvirtErrorCode.ConfigUnsupported, 1)]
    [TestCase(LibvirtErrorCode.AccessDenied, 1)]
    public void What_fails_for_good_ends_with_libvirts_words_and_what_is_true_after_as_many_attempts_as_its_code_is_worth(LibvirtErrorCode code, int attempts)
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out Guid uuid);
        host.OnLifeCall = _ => Error(code, "no wie das denn");

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, new()),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Failed).And.Message.Contains("no wie das denn").And.Message.Contains("shutoff/shutdown"));
        Assert.That(host.LifeCalls, Has.Count.EqualTo(attempts));
    }

    [Test]
    public async Task A_daemon_that_denies_what_had_ended_meanwhile_is_believed_by_what_it_shows()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.OnLifeCall = _ =>
        {
            host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Off);
            return Error(LibvirtErrorCode.OperationInvalid, "die Domain läuft nicht");
        };

        LifecycleResult done = await new DomainLifecycle(host, new()).RunAsync(new DestroyRequest($"{uuid}"));

        Assert.That(done.After, Is.EqualTo("shutoff/shutdown"));
        Assert.That(done.Notes, Has.One.Contains("die Domain läuft nicht"));
    }

    [Test]
    public void A_guest_that_ignores_the_power_button_is_asked_again_and_then_left()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.IgnoresPowerButton = true;
        var request = new ShutdownRequest($"{uuid}") { Deadline = TimeSpan.FromMilliseconds(900), AskAgain = TimeSpan.FromMilliseconds(200) };

        Assert.That(
            async () => await new DomainLifecycle(host, new()).RunAsync(request),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Message.Contains("running/booted"));

        Assert.That(host.LifeCalls, Has.Count.GreaterThan(1).And.All.EqualTo("shutdown"));
        Assert.That(host.Domains[uuid].State, Is.EqualTo(DomainState.Running));
    }

    [Test]
    public async Task A_guest_that_ignores_the_power_button_is_destroyed_where_that_was_asked_for()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.IgnoresPowerButton = true;
        var request = new ShutdownRequest($"{uuid}") { Deadline = TimeSpan.FromMilliseconds(200), Then = ShutdownFallback.Destroy };

        LifecycleResult done = await new DomainLifecycle(host, new()).RunAsync(request);

        Assert.That(done.After, Is.EqualTo("shutoff/destroyed"));
        Assert.That(done.Notes, Has.One.Contains("did not shut down"));
    }

    [Test]
    public void A_reboot_that_waited_for_a_migration_in_vain_says_so()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Leaving, out Guid uuid);

        Assert.That(
            async () => await new DomainLifecycle(host, new()).RunAsync(new RebootRequest($"{uuid}") { Options = new() { Wait = TimeSpan.FromMilliseconds(200) } }),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Property("WaitedInVain").True);
        Assert.That(host.LifeCalls, Is.Empty);
    }

    [Test]
    public void A_reboot_that_is_not_seen_is_not_claimed()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.IgnoresPowerButton = true;

        Assert.That(
            async () => await new DomainLifecycle(host, new()).RunAsync(new RebootRequest($"{uuid}") { Deadline = TimeSpan.FromMilliseconds(200) }),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Property("WaitedInVain").False.And.Message.Contains("was not seen to reboot"));
    }

    [Test]
    public async Task A_wait_for_a_guest_ends_when_another_operation_asks_for_it()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.IgnoresPowerButton = true;
        Task<LifecycleResult> shutdown = new DomainLifecycle(host, new()).RunAsync(new ShutdownRequest($"{uuid}"));
        await LifeSamples.UntilAsync(() => host.LifeCalls.Count > 0, shutdown);

        LifecycleResult destroyed = await new DomainLifecycle(host, new()).RunAsync(new DestroyRequest($"{uuid}"));

        Assert.That(destroyed.After, Is.EqualTo("shutoff/destroyed"));
        Assert.That(async () => await shutdown, Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Cancelled));
    }

    [Test]
    public async Task A_guest_that_moved_while_its_shutdown_waited_is_not_called_off([Values] bool undefined)
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Leaving, out Guid uuid);
        Task<bool> shutdown = LifeSamples.RequestAsync(host, DomainOperation.Shutdown, uuid, new() { IfNeeded = true });
        int looked = host.Finds;
        await LifeSamples.UntilAsync(() => host.Finds > looked + 1, shutdown);
        if (undefined)
        {
            host.Domains.Remove(uuid);
        }
        else
        {
            host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Moved);
        }

        Assert.That(
            async () => await shutdown, Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused).And.Message.Contains("was migrated to another host"));
    }

    [Test]
    public async Task A_guest_that_did_not_arrive_is_not_called_off()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Arriving, out Guid uuid);
        Task<bool> suspend = LifeSamples.RequestAsync(host, DomainOperation.Shutdown, uuid, new() { IfNeeded = true });
        int looked = host.Finds;
        await LifeSamples.UntilAsync(() => host.Finds > looked + 1, suspend);
        host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Off);

        Assert.That(async () => await suspend, Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused).And.Message.Contains("another host"));
    }

    [Test]
    public async Task What_was_migrated_away_is_started_by_consent_only()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Moved, out Guid uuid);
        Assert.That(async () => await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, new()), Throws.TypeOf<OperationException>().With.Message.Contains("two copies"));

        Assert.That(await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, new() { AllowMigratedAway = true }), Is.True);
    }

    [Test]
    public async Task A_name_that_is_the_uuid_of_another_domain_is_refused_and_both_are_named()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        var other = Guid.NewGuid();
        host.Domains[other] = LifeSamples.Domain(other, DomainCondition.Running) with { Name = $"{uuid}" };

        OperationException refused = Assert.ThrowsAsync<OperationException>(() => LifeSamples.RequestAsync(host, DomainOperation.Destroy, uuid, new()))!;

        Assert.That(refused.Stage, Is.EqualTo(OperationStage.Refused));
        Assert.That(refused.Message, Does.Contain("web1").And.Contain($"{other}"));
        Assert.That(host.LifeCalls, Is.Empty);
        Assert.That(await LifeSamples.RequestAsync(host, DomainOperation.Destroy, other, new()), Is.True, "by its own UUID it is found");
    }

    [TestCase("<nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/>", "OpenStack (nova)")]
    [TestCase("<kubevirt xmlns='http://kubevirt.io'/>", "KubeVirt")]
    [TestCase("<vm:vm xmlns:vm='http://ovirt.org/vm/1.0'/>", "oVirt (vdsm)")]
    public async Task A_domain_that_another_manager_owns_is_changed_by_consent_only(string metadata, string manager)
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.Domains[uuid] = host.Domains[uuid] with { Xml = LifeSamples.Document(uuid).Replace("<devices/>", $"<metadata>{metadata}</metadata>", StringComparison.Ordinal) };
        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Suspend, uuid, new()),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused).And.Message.Contains(manager).And.Property("Remedy").Contains("--allow foreign-owner"));
        Assert.That(host.LifeCalls, Is.Empty);

        Assert.That(await LifeSamples.RequestAsync(host, DomainOperation.Suspend, uuid, new() { AllowForeignOwner = true }), Is.True);
    }

    [Test]
    public async Task An_undefinition_takes_along_only_what_was_named()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out Guid uuid);
        host.Leftovers[uuid] = new(true, 2, 1);
        host.Definitions[uuid] = LifeSamples.Document(uuid)
            .Replace("<devices/>", "<os><nvram>/var/lib/libvirt/qemu/nvram/web1_VARS.fd</nvram></os><devices><tpm model='tpm-crb'><backend type='emulator'/></tpm></devices>", StringComparison.Ordinal);
        var lifecycle = new DomainLifecycle(host, new());

        OperationException refused = Assert.ThrowsAsync<OperationException>(() => lifecycle.RunAsync(new UndefineRequest($"{uuid}")))!;
        LifecyclePlan plan = await lifecycle.PlanAsync(new UndefineRequest($"{uuid}"));

        Assert.That(refused.Stage, Is.EqualTo(OperationStage.Refused));
        Assert.That(refused.Remedy, Does.Contain("--nvram").And.Contain("--tpm").And.Contain("--managed-save").And.Contain("--snapshots-metadata").And.Contain("--checkpoints-metadata"));
        Assert.That(plan.Problems, Has.Count.EqualTo(5));
        Assert.That(host.Definitions, Does.ContainKey(uuid));

        LifecycleResult done = await lifecycle.RunAsync(new UndefineRequest($"{uuid}")
        {
            Nvram = LeftoverChoice.Keep,
            Tpm = LeftoverChoice.Remove,
            RemoveManagedSave = true,
            RemoveSnapshots = true,
            RemoveCheckpoints = true,
        });
        Assert.That(done.After, Is.EqualTo("absent"));
    }

    [Test]
    public async Task A_device_that_another_running_domain_has_is_not_given_out_twice()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out Guid uuid);
        const string Device = "<devices><hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices>";
        host.Definitions[uuid] = LifeSamples.Document(uuid).Replace("<devices/>", Device, StringComparison.Ordinal);
        var other = Guid.NewGuid();
        host.Domains[other] = LifeSamples.Domain(other, DomainCondition.Running) with
        {
            Name = "db1",
            Xml = LifeSamples.Document(other).Replace("<devices/>", Device, StringComparison.Ordinal),
        };

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, new()),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused).And.Message.Contains("/dev/vhost-vdpa-0").And.Message.Contains("db1"));
        Assert.That(host.LifeCalls, Is.Empty);

        host.Domains[other] = host.Domains[other] with { State = DomainState.Shutoff };
        Assert.That(await LifeSamples.RequestAsync(host, DomainOperation.Start, uuid, new()), Is.True);
    }

    [Test]
    public async Task A_host_that_cannot_tell_at_first_is_asked_again_before_anything_is_touched()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        int failures = 5;
        host.OnFind = () =>
        {
            if (failures-- > 0)
            {
                throw Error(LibvirtErrorCode.OperationTimeout, "cannot acquire state change lock");
            }
        };

        Assert.That(await LifeSamples.RequestAsync(host, DomainOperation.Suspend, uuid, new()), Is.True);
    }

    [Test]
    public void A_host_that_cannot_tell_until_the_wait_is_over_is_left_alone()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.OnFind = () => throw Error(LibvirtErrorCode.OperationTimeout, "cannot acquire state change lock");

        Assert.That(
            async () => await LifeSamples.RequestAsync(host, DomainOperation.Suspend, uuid, Short),
            Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Message.Contains("cannot acquire state change lock"));
        Assert.That(host.LifeCalls, Is.Empty);
    }

    [Test]
    public async Task A_transient_domain_is_not_asked_what_it_would_leave_behind()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        host.HasEndedForLeftovers = true;

        Assert.That(await LifeSamples.RequestAsync(host, DomainOperation.Shutdown, uuid, new()), Is.True);
    }

    [Test]
    public async Task A_dry_run_makes_nobody_wait_for_it()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        var gate = new OperationGate(host, new());
        using var over = new CancellationTokenSource();
        Task looking = Task.Run(
            async () =>
            {
                while (!over.IsCancellationRequested)
                {
                    await gate.LookAsync(DomainOperation.Destroy, $"{uuid}", new());
                }
            });

        for (int i = 0; i < 200; i++)
        {
            ClaimAttempt attempt = await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(uuid), ClaimHolder.Here(DomainOperation.Suspend, "web1", "lab-a"));
            Assert.That(attempt.Other?.Holder, Is.Null);
            Assert.That(attempt.Claim, Is.Not.Null);
            await attempt.Claim!.DisposeAsync();
        }

        await over.CancelAsync();
        await looking;
    }

    [Test]
    public async Task A_dry_run_tells_and_touches_nothing()
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Running, out Guid uuid);
        await using DomainClaim claim = (await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(uuid), ClaimHolder.Here(DomainOperation.Migrate, "web1", "lab-b"))).Claim!;

        LifecyclePlan plan = await new DomainLifecycle(host, new()).PlanAsync(new DestroyRequest($"{uuid}"));

        Assert.That(plan.Decision.Action, Is.EqualTo(MatrixAction.CancelThenDo));
        Assert.That(plan.Holder!.Host, Is.EqualTo("lab-b"));
        Assert.That(plan.Steps, Has.One.Contains("virDomainDestroy"));
        Assert.That(host.LifeCalls, Is.Empty);
        Assert.That(claim.CancelRequested.IsCancellationRequested, Is.False);
    }

    private static IEnumerable<TestCaseData> Guests()
    {
        yield return new TestCaseData(DomainBuilder.Vdpa4U8G("vdpa", "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2"), FakeLibvirt.OpenEuler2203Sp3, true).SetArgDisplayNames("4U8G, 3 vDPA", "22.03 LTS SP3");
        yield return new TestCaseData(DomainBuilder.Vdpa4U8G("vdpa", "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2"), FakeLibvirt.OpenEuler2403Sp3, true).SetArgDisplayNames("4U8G, 3 vDPA", "24.03 LTS SP3");
        DomainBuilder kae = DomainBuilder.Kae8U16G("kae", PciAddress.Parse("0000:31:00.1"), PciAddress.Parse("0000:35:00.1"), PciAddress.Parse("0000:37:00.1"));
        yield return new TestCaseData(kae, FakeLibvirt.OpenEuler2203Sp4, false).SetArgDisplayNames("8U16G, 3 KAE", "22.03 LTS SP4");
        yield return new TestCaseData(kae, FakeLibvirt.OpenEuler2403Sp3, false).SetArgDisplayNames("8U16G, 3 KAE", "24.03 LTS SP3");
    }

    [TestCaseSource(nameof(Guests))]
    public async Task The_guests_of_the_test_reports_live_their_whole_lives(DomainBuilder builder, object libvirt, bool hasVdpa)
    {
        FakeHost host = LifeSamples.Host(DomainCondition.Absent, out _);
        host.Libvirt = (FakeLibvirt)libvirt;
        for (int round = 0; round < 200; round++)
        {
            await LiveAsync(host, builder, hasVdpa);
        }
    }

    private static async Task LiveAsync(FakeHost host, DomainBuilder builder, bool hasVdpa)
    {
        Guid uuid = (await new DomainDefiner(host).DefineAsync(builder.Build(await host.GetDialectAsync(CancellationToken.None)).Document)).Uuid;
        string name = $"{uuid}";
        var lifecycle = new DomainLifecycle(host, new());
        LifecycleRequest[] life =
        [
            new StartRequest(name), new SuspendRequest(name), new ResumeRequest(name), new RebootRequest(name), new ResetRequest(name), new ShutdownRequest(name),
            new StartRequest(name), new DestroyRequest(name), new UndefineRequest(name) { Nvram = LeftoverChoice.Remove },
        ];
        var states = new List<string>();
        foreach (LifecycleRequest request in life)
        {
            LifecycleResult done = await lifecycle.RunAsync(request);
            states.Add(done.After);
            if (request is SuspendRequest)
            {
                Assert.That(string.Concat(done.Notes).Contains("3 vDPA devices", StringComparison.Ordinal), Is.EqualTo(hasVdpa), "their suspension is told where there are any");
            }
        }

        Assert.That(states, Is.EqualTo(new[]
        {
            "running/booted", "paused/user", "running/unpaused", "running/unpaused", "running/unpaused", "shutoff/shutdown", "running/booted", "shutoff/destroyed", "absent",
        }));
        Assert.That(host.Domains, Is.Empty);
        Assert.That(host.Definitions, Is.Empty);
    }

    // After it has been asked in vain a few times.
    private static void ComesBack(FakeHost host)
    {
        int silent = 0;
        host.OnFind = () =>
        {
            if (host.IsLost && ++silent > 3)
            {
                host.IsLost = false;
            }
        };
    }

    private static LibvirtException Error(LibvirtErrorCode code, string text) => new(code, 10, "fake", text);
}
