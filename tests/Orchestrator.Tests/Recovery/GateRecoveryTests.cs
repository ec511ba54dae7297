using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Recovery;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Recovery;

/// <summary>The next operation on a domain settles what a dead process left.</summary>
public sealed class GateRecoveryTests
{
    private readonly Guid _uuid = Guid.NewGuid();
    private readonly ObserverClock _clock = new(TimeProvider.System);
    private FakeHost _source = null!;
    private FakeHost _destination = null!;

    [SetUp]
    public async Task AStrandedGuest()
    {
        _source = new("lab-a", _clock);
        _destination = new("lab-b", _clock);
        _source.Domains[_uuid] = Migration.Samples.Domain(DomainState.Paused, (int)DomainPausedReason.Migration, uuid: _uuid);
        await MarkedDomain.MarkAsync(_source, _uuid, Marker(OperationOwner.Here));
        _source.LifeCalls.Clear();
    }

    [Test]
    public async Task It_settles_first_and_then_does_what_was_asked()
    {
        LifecycleResult result = await Run(new() { Recoverer = Recoverer() });

        Assert.Multiple(() =>
        {
            Assert.That(_source.LifeCalls, Is.EqualTo(new[] { "resume", "metadata", "suspend" }));
            Assert.That(_source.Domains[_uuid], Has.Property("State").EqualTo(DomainState.Paused).And.Property("Reason").EqualTo((int)DomainPausedReason.User));
            Assert.That(OperationMarker.Read(_source.Domains[_uuid].Xml), Is.Null);
            Assert.That(result.Notes, Has.Some.Contains("first settled the migration of web1 from lab-a to lab-b").And.Some.Contains("resumed web1 on lab-a"));
        });
    }

    [Test]
    public void Without_a_recovery_it_is_refused_with_the_way_out()
    {
        OperationException refused = Assert.ThrowsAsync<OperationException>(() => Run(new()))!;
        Assert.That(refused.Stage, Is.EqualTo(OperationStage.Refused));
        Assert.That(refused.Remedy, Does.Contain("orchestrator recover web1"));
        Assert.That(_source.LifeCalls, Is.Empty);
    }

    [Test]
    public void What_a_recovery_cannot_settle_stops_it()
    {
        _destination.Domains[_uuid] = Migration.Samples.Domain(DomainState.Paused, (int)DomainPausedReason.User, uuid: _uuid);

        OperationException stopped = Assert.ThrowsAsync<OperationException>(() => Run(new() { Recoverer = Recoverer() }))!;
        Assert.That(stopped.Stage, Is.EqualTo(OperationStage.Unknown));
        Assert.That(stopped.Message, Does.Contain("active on both hosts"));
        Assert.That(_source.LifeCalls, Is.Empty);
    }

    [Test]
    public async Task What_may_have_run_on_the_destination_is_not_resumed_by_the_mark_alone()
    {
        await MarkedDomain.MarkAsync(_source, _uuid, Marker(OperationOwner.Here) with { PersistentOnDestination = false });
        _source.LifeCalls.Clear();

        OperationException stopped = Assert.ThrowsAsync<OperationException>(() => Run(new() { Recoverer = Recoverer() }))!;
        Assert.That(stopped.Message, Does.Contain("nothing here tells whether it has run on lab-b"));
        Assert.That(stopped.Remedy, Does.Contain("orchestrator recover web1 --from"));
        Assert.That(_source.LifeCalls, Is.Empty, "a transient copy there leaves no trace");
    }

    [Test]
    public async Task Another_machines_mark_is_refused_unless_somebody_consents()
    {
        var owner = new OperationOwner("0123456789abcdef0123456789abcdef", "ops2", 77, "root");
        await MarkedDomain.MarkAsync(_source, _uuid, Marker(owner));
        _source.Domains[_uuid] = _source.Domains[_uuid] with { State = DomainState.Running, Reason = 1 };
        _source.LifeCalls.Clear();

        OperationException refused = Assert.ThrowsAsync<OperationException>(() => Run(new() { Recoverer = Recoverer() }))!;
        Assert.That(refused.Stage, Is.EqualTo(OperationStage.Refused));
        Assert.That(refused.Message, Does.Contain("pid 77 of root on ops2"));
        Assert.That(refused.Remedy, Does.Contain("--allow foreign-operation"));
        Assert.That(_source.LifeCalls, Is.Empty);

        await Run(new() { Recoverer = Recoverer(), AllowForeignOperation = true });
        Assert.That(_source.LifeCalls, Is.EqualTo(new[] { "suspend" }));
        Assert.That(OperationMarker.Read(_source.Domains[_uuid].Xml)?.Owner, Is.EqualTo(owner), "it is not ours to take off");
    }

    [Test]
    public async Task A_silent_destination_does_not_keep_a_running_guest_from_being_worked_on()
    {
        _source.Domains[_uuid] = _source.Domains[_uuid] with { State = DomainState.Running, Reason = 1 };
        _destination.IsLost = true;

        await Run(new() { Recoverer = Recoverer() });

        Assert.That(_source.LifeCalls, Is.EqualTo(new[] { "suspend" }));
        Assert.That(OperationMarker.Read(_source.Domains[_uuid].Xml), Is.Not.Null, "it is still unfinished");
    }

    [Test]
    public void A_guest_that_may_run_on_a_silent_destination_too_is_not_worked_on()
    {
        string folder = Directory.CreateTempSubdirectory("ogate-").FullName;
        try
        {
            using var journal = Journal.Open(folder);
            JournalOperation operation = journal.Begin(JournalSamples.Intent with { DomainUuid = _uuid });
            journal.SetPhase(operation.Id, OperationPhase.Sent);
            _source.Domains[_uuid] = Migration.Samples.Domain(reason: (int)DomainRunningReason.MigrationCanceled, uuid: _uuid);
            _destination.IsLost = true;

            OperationException stopped = Assert.ThrowsAsync<OperationException>(() => Run(new() { Recoverer = Recoverer(journal) }))!;
            Assert.That(stopped.Message, Does.Contain("may run on both"));
            Assert.That(_source.LifeCalls, Is.Empty);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private Task<LifecycleResult> Run(OperationOptions options) =>
        new DomainLifecycle(_source, new DomainClaims()).RunAsync(new SuspendRequest($"{_uuid}") { Options = options with { Wait = TimeSpan.FromSeconds(20) } });

    private OperationMarker Marker(OperationOwner owner) => new()
    {
        Id = Guid.NewGuid(),
        Owner = owner,
        Source = _source.Address,
        Destination = _destination.Address,
        Mode = "direct",
        Started = DateTimeOffset.UnixEpoch,
        WasRunning = true,
        PersistentOnDestination = true,
    };

    private Recoverer Recoverer(Journal? journal = null) =>
        new((address, _) => Task.FromResult<IHost>(address.Name == "lab-a" ? _source : _destination), _clock, journal) { HostGrace = TimeSpan.Zero, SettleGrace = TimeSpan.Zero };
}
