using System.Text.Json.Nodes;
using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Recovery;
using Orchestrator.Tests.Hosts;
using Orchestrator.Tests.Recovery;

namespace Orchestrator.Tests.Migration;

/// <summary>
/// A guest with what does not migrate upstream: a network that QEMU's shadow virtqueues do not fit, and a generic vDPA device past libvirt. They are taken out, the guest moves, and the
/// destination's are put in.
/// </summary>
public sealed class DetachDevicesTests
{
    private const string Nic = "/dev/vhost-vdpa-0";
    private const string Generic = "/dev/vhost-vdpa-1";
    private const string NicThere = "/dev/vhost-vdpa-7";
    private const string GenericThere = "/dev/vhost-vdpa-8";
    private const string Svq = "vdpa svq does not work with features 0x200000";

    private readonly Guid _uuid = Guid.NewGuid(); // claims are known to the whole machine
    private readonly ObserverClock _clock = new(TimeProvider.System);
    private TemporaryJournal _store = null!;
    private FakeHost _source = null!;
    private FakeHost _destination = null!;

    private Journal Journal => _store.Journal;

    private JournalOperation Operation => Journal.Find(_uuid)[^1];

    [SetUp]
    public void AGuestThatCannotMigrate()
    {
        _store = new();
        (_source, _destination) = (Host("lab-a", "a"), Host("lab-b", "b"));
        string xml = $"""
            <domain type='kvm'><name>web1</name><uuid>{_uuid}</uuid><memory unit='KiB'>1024</memory><memtune><hard_limit unit='KiB'>4194304</hard_limit></memtune>
            <os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os><devices>
            <controller type='pci' index='0' model='pcie-root'><alias name='pcie.0'/></controller>
            <controller type='pci' index='1' model='pcie-root-port'><alias name='pci.1'/><address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/></controller>
            <controller type='pci' index='2' model='pcie-root-port'><alias name='pci.2'/><address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x1'/></controller>
            <interface type='vdpa'><mac address='52:54:00:00:00:01'/><source dev='{Nic}'/><model type='virtio'/><alias name='net0'/><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>
            </devices></domain>
            """;
        _source.Domains[_uuid] = Samples.Domain(uuid: _uuid) with { Xml = xml };
        _source.Definitions[_uuid] = xml;
        _source.QemuDevices["vd1"] = new() { ["driver"] = "vhost-vdpa-device-pci", ["vhostdev"] = Generic, ["bus"] = "pci.2" };
        _source.Obstacles = new() { Snapshots = 0, BlockJobs = [], MonitorUsed = true };
        _source.Blockers = () => NodesOf(_source).Contains(Nic) ? [Svq] : [];
        _source.OnMigrate = Move;
    }

    [TearDown]
    public void Close() => _store.Dispose();

    [Test]
    public async Task Without_the_flag_it_is_refused_and_the_remedy_is_the_flag()
    {
        MigrationPlan plan = await Migrator().PlanAsync(Request with { DetachDevices = false }, CancellationToken.None);

        Assert.That(plan.IsRefused);
        Assert.That(plan.Detachments, Is.Empty);
        Assert.That(plan.Checks.First(check => check.Id == "device-migration").Remedy, Does.StartWith("--detach-devices"));
    }

    [Test]
    public async Task The_plan_says_what_is_detached_and_what_is_attached_in_its_place()
    {
        MigrationPlan plan = await Migrator().PlanAsync(Request, CancellationToken.None);

        Assert.That(plan.IsRefused, Is.False, string.Join('\n', plan.Checks.Where(check => check.Refuses)));
        MappedDevice[] detached = [.. plan.Detachments];
        Assert.Multiple(() =>
        {
            Assert.That(detached.Select(device => (device.Source, device.Destination, device.Detachment!.QemuId)), Is.EqualTo(new[] { (Nic, NicThere, null), (Generic, GenericThere, "vd1") }));
            Assert.That(detached[0].Detachment!.Why, Does.Contain(Svq));
            Assert.That(detached[0].Detachment!.DestinationXml, Is.EqualTo(detached[0].Detachment!.SourceXml.Replace(Nic, NicThere, StringComparison.Ordinal)));
            Assert.That(detached[0].Detachment!.SourceXml, Does.Contain("bus=\"0x01\"").And.Not.Contain("net0"), "its place in the guest stays, libvirt's own name of it does not");
            Assert.That(detached[1].Detachment!.DestinationXml, Is.EqualTo("<hostdev mode=\"subsystem\" type=\"vdpa\"><source dev=\"/dev/vhost-vdpa-8\" /><alias name=\"vd1\" /></hostdev>"));
            Assert.That(plan.Consents.Select(consent => (consent.Flag, consent.Check)), Is.EqualTo(new[] { ("--detach-devices", "device-migration"), ("--detach-devices", "device-migration") }));
            Assert.That(plan.DestinationXml, Is.Null, "libvirt sends the document that it has by then, without them");
            Assert.That(plan.PersistentXml, Does.Contain(NicThere).And.Not.Contain(Nic), "the definition keeps the device, and uses the destination's");
        });
    }

    [Test]
    public async Task They_are_gone_when_libvirt_is_called_and_there_again_afterwards()
    {
        _source.OnMigrate = (host, call) =>
        {
            Assert.That(NodesOf(host), Is.Empty, "QEMU would refuse");
            Assert.That(Operation.Steps.Select(step => (step.Kind, step.Ended)), Is.EqualTo(new[] { ("device-detach", (DateTimeOffset?)null), ("device-detach", null) }), "another process could put them back");
            return Move(host, call);
        };

        MigrationResult result = await Migrator().MigrateAsync(Request);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Verdict.Message);
        Assert.Multiple(() =>
        {
            Assert.That(NodesOf(_destination), Is.EqualTo(new[] { NicThere, GenericThere }));
            Assert.That(XElement.Parse(_destination.Domains[_uuid].Xml).Descendants("interface").Single().Element("address")!.Attribute("bus")!.Value, Is.EqualTo("0x01"));
            Assert.That(_destination.QemuDevices.Keys, Is.EqualTo(new[] { "vd1" }));
            Assert.That(Operation.Steps.Select(step => (step.Ended is not null, step.IsUndone)), Is.EqualTo(new[] { (true, false), (true, false) }));
            Assert.That(Operation.Outcome, Is.EqualTo("completed"));
            Assert.That(result.Absences.Select(absence => absence.Device), Is.EqualTo(new[] { Nic, Generic }));
            Assert.That(result.Absences.All(absence => absence is { ValueMs: > 12, UncertaintyMs: 0.4 }), "longer than the blackout of 12 ms in between; a round trip of 0.2 ms each at either end");
            Assert.That(result.Evidence!.Absences.All(absence => absence is { GoneBy: "event", OnDestination: true, Back: not null }));
        });

        JsonNode json = JsonNode.Parse(MigrationDocument.From(result).ToJson())!;
        Assert.That(json["devices"]!.AsArray().Select(device => (bool)device!["detached"]!), Is.EqualTo(new[] { true, true }));
        Assert.That((double)json["longest_without_ms"]!, Is.EqualTo(result.Absences.Max(absence => absence.ValueMs)));
        Assert.That((double)json["devices"]![0]!["without_ms"]!, Is.EqualTo(result.Absences[0].ValueMs));
    }

    [Test]
    public async Task An_event_that_is_lost_leaves_the_time_between_two_questions_as_its_doubt()
    {
        _source.Guest = GuestAnswer.LetsGoUnseen;

        MigrationResult result = await Migrator().MigrateAsync(Request);

        Assert.That(result.Evidence!.Absences.Select(absence => absence.GoneBy), Is.EqualTo(new[] { "asked", "asked" }));
        Assert.That(result.Absences.Zip(result.Evidence.Absences).All(pair => pair.First.UncertaintyMs > (pair.Second.Gone - pair.Second.LastThere).TotalMilliseconds), "the destination's round trip comes to it");
    }

    [TestCase(false, MigrationOutcome.TimedOut)]
    [TestCase(true, MigrationOutcome.Failed)]
    public async Task A_guest_that_keeps_the_second_gets_the_first_again_and_stays(bool refuses, MigrationOutcome outcome)
    {
        _source.OnPlug = what => _source.Guest = what == "detached" ? refuses ? GuestAnswer.Refuses : GuestAnswer.Ignores : _source.Guest;

        MigrationResult result = await Migrator().MigrateAsync(Request);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(outcome), result.Verdict.Message);
        Assert.Multiple(() =>
        {
            Assert.That(_source.Calls, Is.Empty);
            Assert.That(NodesOf(_source), Is.EquivalentTo(new[] { Nic, Generic }));
            Assert.That(result.Verdict.Message, Does.Contain(Generic).And.Contain("web1").And.Contain("lab-a").And.Contain("nothing was migrated"));
            Assert.That(result.Repairs, Has.Some.Contains(Nic));
            Assert.That(Operation.Steps.All(step => step is { Ended: not null, IsUndone: true }));
        });
    }

    [Test]
    public async Task A_guest_that_lets_go_after_it_was_given_up_on_gets_the_device_again()
    {
        _source.Guest = GuestAnswer.Ignores;
        int finds = 0;
        _source.OnFind = () =>
        {
            // Long after the deadline: while it is watched whether it does so late.
            if (_source.Unplugs > 0 && Operation.Phase == OperationPhase.Settling && ++finds == 3)
            {
                XElement domain = XElement.Parse(_source.Domains[_uuid].Xml);
                domain.Descendants("interface").Remove();
                _source.Domains[_uuid] = _source.Domains[_uuid] with { Xml = domain.ToString() };
            }
        };

        MigrationResult result = await Migrator(lateGrace: TimeSpan.FromSeconds(30)).MigrateAsync(Request);

        Assert.That(finds, Is.GreaterThanOrEqualTo(3));
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.TimedOut), result.Verdict.Message);
        Assert.That(NodesOf(_source), Is.EquivalentTo(new[] { Nic, Generic }));
    }

    [Test]
    public async Task A_migration_that_fails_leaves_the_guest_with_its_devices_on_the_source()
    {
        _source.OnMigrate = static (_, _) => throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: the link broke");

        MigrationResult result = await Migrator().MigrateAsync(Request with { Mode = MigrationMode.P2P });

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed), result.Verdict.Message);
        Assert.That(NodesOf(_source), Is.EquivalentTo(new[] { Nic, Generic }));
        Assert.That(_source.QemuDevices.Keys, Is.EqualTo(new[] { "vd1" }));
        Assert.That(Operation.Outcome, Is.EqualTo("failed"));
        Assert.That(result.Absences.Select(absence => absence.ValueMs), Has.All.Not.Null, "it was without them all the same");
    }

    [Test]
    public async Task Without_a_journal_the_process_alone_puts_them_back()
    {
        _source.OnMigrate = static (_, _) => throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: the link broke");

        MigrationResult result = await new Migrator(_source, _destination, _clock).MigrateAsync(Request with { Mode = MigrationMode.P2P });

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Failed), result.Verdict.Message);
        Assert.That(NodesOf(_source), Is.EquivalentTo(new[] { Nic, Generic }));
    }

    [Test]
    public async Task Where_nobody_knows_where_the_guest_is_nothing_is_attached_and_the_journal_keeps_it()
    {
        _source.OnMigrate = (host, _) =>
        {
            host.Emit("MIGRATION", data: """{"status": "completed"}""");
            _destination.IsLost = true;
            throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: connection closed");
        };

        MigrationResult result = await Migrator().MigrateAsync(Request with { Mode = MigrationMode.Direct });

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson), result.Verdict.Message);
        Assert.That(NodesOf(_source), Is.Empty, "it may run on the destination");
        Assert.That(Operation.Steps.All(step => step.Ended is null));

        _destination.IsLost = false;
        RecoveryResult recovered = await RecoverAsync();
        Assert.That(recovered.IsFinished, recovered.Message);
        Assert.That(NodesOf(_source), Is.EquivalentTo(new[] { Nic, Generic }));
    }

    [Test]
    public async Task A_peer_that_cannot_be_connected_to_costs_two_detachments_and_the_guest_moves_by_the_direct_way()
    {
        int calls = 0;
        _source.OnMigrate = (host, call) => ++calls == 1
            ? throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: Failed to connect to remote libvirt URI")
            : Move(host, call);

        MigrationResult result = await Migrator().MigrateAsync(Request with { Mode = MigrationMode.Auto });

        Assert.That((result.Verdict.Outcome, calls), Is.EqualTo((MigrationOutcome.Completed, 2)), result.Verdict.Message);
        Assert.That(NodesOf(_destination), Is.EqualTo(new[] { NicThere, GenericThere }));
        Assert.That(_source.Unplugs, Is.EqualTo(4));
    }

    [Test]
    public async Task Cancelled_while_it_migrates_the_devices_are_put_back()
    {
        using var cancel = new CancellationTokenSource();
        _source.OnMigrate = async (_, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        };

        MigrationResult result = await Migrator().MigrateAsync(Request, null, cancel.Token);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Cancelled), result.Verdict.Message);
        Assert.That(NodesOf(_source), Is.EquivalentTo(new[] { Nic, Generic }));
    }

    [Test]
    public async Task Cancelled_while_the_guest_is_asked_nothing_is_migrated_and_the_devices_are_put_back()
    {
        using var cancel = new CancellationTokenSource();
        _source.OnPlug = what =>
        {
            if (what == "detached")
            {
                _source.Guest = GuestAnswer.Ignores;
                cancel.Cancel();
            }
        };

        MigrationResult result = await Migrator().MigrateAsync(Request, null, cancel.Token);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Cancelled), result.Verdict.Message);
        Assert.That(_source.Calls, Is.Empty);
        Assert.That(NodesOf(_source), Is.EquivalentTo(new[] { Nic, Generic }));
    }

    [Test]
    public async Task What_the_destination_does_not_take_is_degraded_named_with_a_command_and_put_in_by_a_recovery()
    {
        _destination.BusyNodes.Add(GenericThere);

        MigrationResult result = await Migrator().MigrateAsync(Request);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Degraded), result.Verdict.Message);
        Assert.Multiple(() =>
        {
            Assert.That(result.Verdict.Message, Does.Contain(Generic).And.Contain("lab-b").And.Contain("Device or resource busy").And.Contain("orchestrator -c lab-b device attach web1"));
            Assert.That(result.Verdict.Remedy, Does.Contain("orchestrator recover web1"));
            Assert.That(NodesOf(_destination), Is.EqualTo(new[] { NicThere }), "the other one works");
            Assert.That(result.Absences.Select(absence => absence.ValueMs is null), Is.EqualTo(new[] { false, true }));
            Assert.That(Operation.Ended, Is.Null);
        });

        _destination.BusyNodes.Clear();
        RecoveryResult recovered = await RecoverAsync();

        Assert.That((recovered.Outcome, recovered.IsFinished), Is.EqualTo((MigrationOutcome.Completed, true)), recovered.Message);
        Assert.That(NodesOf(_destination), Is.EqualTo(new[] { NicThere, GenericThere }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_device_that_comes_back_dead_is_there_and_the_migration_degraded(bool isRecovery)
    {
        const string Dead = "2026-11-21T10:00:00.000000Z qemu-system-x86_64: vhost-vdpa: DMA mapping failed, unable to continue";
        _destination.Log = new();
        _destination.OnPlug = what => _destination.Log = what == "attached" ? new() { Lines = [Dead] } : _destination.Log;
        if (isRecovery)
        {
            _source.OnMigrate = async (host, call) =>
            {
                await Move(host, call);
                throw new KilledException();
            };
            Assert.ThrowsAsync<KilledException>(() => Migrator().MigrateAsync(Request));
            RecoveryResult recovered = await RecoverAsync();
            Assert.That((recovered.Outcome, recovered.IsFinished), Is.EqualTo((MigrationOutcome.Degraded, true)), recovered.Message);
            Assert.That(recovered.Message, Does.Contain("DMA mapping failed"));
        }
        else
        {
            MigrationResult result = await Migrator().MigrateAsync(Request);
            Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Degraded), result.Verdict.Message);
            Assert.That(result.Verdict.Message, Does.Contain("DMA mapping failed"));
        }

        Assert.That(NodesOf(_destination), Is.EqualTo(new[] { NicThere, GenericThere }));
        Assert.That(Operation.Ended, Is.Not.Null, "there is nothing left to attach");
    }

    [Test]
    public async Task A_domain_that_is_off_and_names_the_destinations_device_keeps_nobody_from_it()
    {
        var other = Guid.NewGuid();
        string xml = $"<domain type='kvm'><name>web2</name><uuid>{other}</uuid><memory>1024</memory><devices><interface type='vdpa'><mac address='52:54:00:00:00:09'/><source dev='{NicThere}'/></interface></devices></domain>";
        _destination.Domains[other] = Samples.Domain(uuid: other) with { Name = "web2", State = DomainState.Shutoff, Xml = xml };
        _destination.Definitions[other] = xml;

        MigrationResult result = await Migrator().MigrateAsync(Request);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Verdict.Message);
        Assert.That(NodesOf(_destination), Is.EqualTo(new[] { NicThere, GenericThere }));
    }

    [Test]
    public async Task What_could_not_be_put_back_keeps_nobody_from_the_guest()
    {
        _destination.BusyNodes.Add(GenericThere);
        await Migrator().MigrateAsync(Request);

        await using EnteredOperation entered = await new OperationGate(_destination, new()).EnterAsync(DomainOperation.Shutdown, "web1", new() { Recoverer = Recoverer() });

        Assert.That(entered.Decision.Action, Is.EqualTo(MatrixAction.Do));
        Assert.That(entered.Notes, Has.Some.Contains("Device or resource busy"));
    }

    /// <summary>Before and after every plugging and unplugging, and before and after the call, the process is killed; the next one gives the guest its devices, wherever it is.</summary>
    [Test]
    public async Task Killed_at_any_effect_the_guest_gets_its_devices_where_it_is()
    {
        var ends = new List<string>();
        bool killed = true;
        for (int death = 0; killed; death++)
        {
            Close();
            AGuestThatCannotMigrate();
            int seen = 0;
            _source.OnPlug = _destination.OnPlug = _ => Die();
            _source.OnMigrate = async (host, call) =>
            {
                Die();
                await Move(host, call);
                Die();
            };

            killed = false;
            try
            {
                await Migrator().MigrateAsync(Request);
            }
            catch (KilledException)
            {
                killed = true;
            }

            _source.OnPlug = _destination.OnPlug = null;
            if (killed)
            {
                RecoveryResult recovered = await RecoverAsync();
                Assert.That(recovered.IsFinished, $"killed at {death}: {recovered.Message}");
            }

            bool moved = _destination.Domains.ContainsKey(_uuid);
            ends.Add(moved ? "moved" : "stayed");
            Assert.That(NodesOf(moved ? _destination : _source), Is.EquivalentTo(moved ? [NicThere, GenericThere] : new[] { Nic, Generic }), $"killed at {death}");
            Assert.That(Operation.Steps.All(step => step.Ended is not null && step.IsUndone == !moved), $"killed at {death}");

            void Die()
            {
                if (seen++ == death)
                {
                    throw new KilledException();
                }
            }
        }

        Assert.That(ends.Count(end => end == "stayed"), Is.EqualTo(5), "four of the unpluggings, one of the call");
        Assert.That(ends.Count(end => end == "moved"), Is.EqualTo(6), "one after the call, four of the pluggings, and none");
    }

    [Test]
    public async Task A_dry_run_of_the_recovery_says_where_the_devices_go()
    {
        _source.OnMigrate = static (_, _) => throw new KilledException();
        Assert.ThrowsAsync<KilledException>(() => Migrator().MigrateAsync(Request));

        RecoveryResult look = await Recoverer().LookAsync(UnfinishedOperation.Of(Operation));

        Assert.That(look.Done, Has.Some.Contains($"{Nic} on lab-a again"));
        Assert.That(NodesOf(_source), Is.Empty, "it only looks");
    }

    [Test]
    public async Task A_plan_that_was_looked_at_without_a_detachment_is_not_carried_out_with_one()
    {
        _source.Blockers = static () => [];
        _source.QemuDevices.Clear();
        MigrationPlan seen = await Migrator().PlanAsync(Request with { Map = [new(Nic, NicThere)] }, CancellationToken.None);
        Assert.That(seen.Detachments, Is.Empty, "what migrates by itself is not detached");

        _source.Blockers = static () => [Svq];

        OperationException refused = Assert.ThrowsAsync<OperationException>(() => Migrator().MigrateAsync(seen))!;
        Assert.That(refused.Message, Does.Contain("detached for the migration"));
        Assert.That(NodesOf(_source), Is.EqualTo(new[] { Nic }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_vhost_device_that_was_started_and_is_not_any_more_is_degraded(bool starts)
    {
        _source.Monitor = command => Virtio(_source, command, started: true);
        _destination.Monitor = command => Virtio(_destination, command, starts);

        MigrationResult result = await Migrator().MigrateAsync(Request);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(starts ? MigrationOutcome.Completed : MigrationOutcome.Degraded), result.Verdict.Message);
        Assert.That(result.Verdict.Message, starts ? Does.Not.Contain("vhost") : Does.Contain("1 vhost devices were started by the guest on lab-a, and 0 are on lab-b"));
    }

    private static MigrationRequest Request => Samples.Request with { DetachDevices = true, Map = [new(Nic, NicThere), new(Generic, GenericThere)] };

    private Migrator Migrator(TimeSpan? lateGrace = null) => new(_source, _destination, _clock)
    {
        Journal = Journal,
        HostGrace = TimeSpan.FromSeconds(1),
        UnplugPatience = new() { Deadline = TimeSpan.FromMilliseconds(50), AfterRefusal = TimeSpan.FromMilliseconds(10), BetweenLooks = TimeSpan.FromMilliseconds(10) },
        LateUnplugGrace = lateGrace ?? TimeSpan.Zero,
        StartGrace = TimeSpan.Zero,
    };

    private Recoverer Recoverer()
    {
        var steps = new ReplugSteps(TimeProvider.System) { LateGrace = TimeSpan.Zero };
        return new((address, _) => Task.FromResult<IHost>(address.Name == "lab-a" ? _source : _destination), _clock, Journal)
        {
            HostGrace = TimeSpan.Zero,
            SettleGrace = TimeSpan.Zero,
            Undoers = steps.Undoers,
            Finishers = steps.Finishers,
        };
    }

    private Task<RecoveryResult> RecoverAsync() => Recoverer().RecoverAsync(UnfinishedOperation.Of(Operation));

    private FakeHost Host(string name, string machine)
    {
        var host = new FakeHost(name, _clock)
        {
            Identity = Samples.Host(name, $"qemu+ssh://{machine}/system") with { HostUuid = Guid.NewGuid() },
            Libvirt = FakeLibvirt.Stock113,
        };
        host.Monitor = command => host.QemuMonitor(_uuid, command);
        return host;
    }

    /// <summary>What libvirt sends is the document that the source has by then.</summary>
    private async Task Move(FakeHost host, MigrationCall call)
    {
        DateTimeOffset stop = _clock.Now;
        host.Emit("STOP", stop);
        while (_clock.Now < stop.AddMilliseconds(12))
        {
            await Task.Yield();
        }

        _destination.Emit("RESUME", stop.AddMilliseconds(12));
        _destination.Domains[_uuid] = host.Domains[_uuid] with { Reason = (int)DomainRunningReason.Migrated };
        _destination.Definitions[_uuid] = call.Parameters.FirstOrDefault(parameter => parameter.Key == MigrateParameter.PersistentXml).Value as string ?? host.Definitions[_uuid];
        host.Domains.Remove(_uuid);
        host.Definitions.Remove(_uuid);
    }

    /// <summary>What the running guest has of its host, in libvirt's document and past it.</summary>
    private string[] NodesOf(FakeHost host) =>
    [
        .. host.Domains.TryGetValue(_uuid, out DomainSnapshot? domain) ? DeviceMapper.DevicesOf(DomainDocument.Parse(domain.Xml)).Select(device => device.HostResource!) : [],
        .. host.QemuDevices.Values.Select(device => (string)device["vhostdev"]!),
    ];

    private IEnumerable<string> CardsOf(FakeHost host) => XElement.Parse(host.Domains[_uuid].Xml).Elements("devices").Elements("interface").Elements("alias").Attributes("name").Select(name => name.Value);

    private string Virtio(FakeHost host, string command, bool started)
    {
        string execute = (string)JsonNode.Parse(command)!["execute"]!;
        return execute switch
        {
            "x-query-virtio" => $"{{\"return\": [{string.Join(", ", CardsOf(host).Select(alias => $"{{\"path\": \"/machine/peripheral/{alias}/virtio-backend\", \"name\": \"virtio-net\"}}"))}]}}",
            "x-query-virtio-status" => $"{{\"return\": {{\"vhost-dev\": {{}}, \"vhost-started\": {(started ? "true" : "false")}, \"status\": {{\"statuses\": []}}}}}}",
            _ => host.QemuMonitor(_uuid, command),
        };
    }

    private sealed class KilledException : Exception;
}
