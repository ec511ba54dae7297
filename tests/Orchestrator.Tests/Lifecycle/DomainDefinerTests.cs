using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>What was asked for is what the host then has, or everything is as before.</summary>
public sealed class DomainDefinerTests
{
    private static readonly Guid Uuid = Guid.NewGuid();

    private FakeHost _host = null!;

    [SetUp]
    public void MakeHost() => _host = new("alpha", new ObserverClock(TimeProvider.System));

    [Test]
    public async Task What_the_host_keeps_is_defined()
    {
        DefinitionPlan done = await Define(Domain("<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='49' slot='0' function='1'/></source></hostdev>"));

        Assert.That(done.Action, Is.EqualTo(DefinitionAction.Created));
        Assert.That(done.Uuid, Is.EqualTo(Uuid));
        Assert.That(XElement.Parse(_host.Definitions[Uuid]).Descendants("hostdev").Single().Element("source")!.Element("address")!.Attribute("bus")!.Value, Is.EqualTo("0x31"));
    }

    [Test]
    public async Task A_plan_tells_of_another_manager_as_the_definition_would([Values] bool allowed)
    {
        const string Nova = "<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/></metadata>";
        FakeHost host = LifeSamples.Host(DomainCondition.Off, out Guid uuid);
        host.Domains[uuid] = host.Domains[uuid] with { Xml = LifeSamples.Document(uuid).Replace("<devices/>", $"{Nova}<devices/>", StringComparison.Ordinal) };

        DefinitionPlan plan = await new DomainDefiner(host).PlanAsync(DomainDocument.Parse(LifeSamples.Document(uuid)), new() { AllowForeignOwner = allowed });

        Assert.That(plan.Problems.Select(problem => problem.Message), allowed ? Is.Empty : Has.One.Contains("OpenStack (nova)"));
    }

    [Test]
    public async Task A_domain_without_a_uuid_gets_one()
    {
        DefinitionPlan done = await Define("<domain type='kvm'><name>web1</name><memory>1024</memory></domain>");

        Assert.That(_host.Definitions, Has.Count.EqualTo(1).And.ContainKey(done.Uuid));
    }

    [Test]
    public void What_the_host_drops_is_named_and_the_domain_is_gone_again()
    {
        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(() => Define(Domain("<interface type='user'><mtu size='9000'/></interface>"), DropsMtu()))!;

        Assert.That(refused.Stage, Is.EqualTo(DefinitionStage.Undone));
        Assert.That(refused.Problems.Single().Path, Is.EqualTo("/domain/devices/interface/mtu"));
        Assert.That(refused.Message, Does.Contain("alpha").And.Contain("mtu").And.Contain("undefined again"));
        Assert.That(_host.Definitions, Is.Empty);
        Assert.That(_host.Domains, Is.Empty);
    }

    [Test]
    public async Task A_former_definition_is_in_place_again_when_something_was_dropped()
    {
        await Define(Domain("", memory: 2048));
        string before = _host.Definitions[Uuid];

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(() => Define(Domain("<interface type='user'><mtu size='9000'/></interface>", memory: 4096), DropsMtu()))!;

        Assert.That(refused.Stage, Is.EqualTo(DefinitionStage.Undone));
        Assert.That(refused.Message, Does.Contain("former definition"));
        Assert.That(XNode.DeepEquals(XElement.Parse(_host.Definitions[Uuid]), XElement.Parse(before)), Is.True);
    }

    [Test]
    public void A_running_transient_domain_keeps_running_when_its_definition_is_undone()
    {
        _host.Domains[Uuid] = new() { Name = "web1", Uuid = Uuid, State = DomainState.Running, Xml = "<domain/>" };

        Assert.ThrowsAsync<DefinitionException>(() => Define(Domain("<interface type='user'><mtu size='9000'/></interface>"), DropsMtu()));

        Assert.That(_host.Domains[Uuid].State, Is.EqualTo(DomainState.Running));
        Assert.That(_host.Domains[Uuid].IsPersistent, Is.False);
    }

    [Test]
    public async Task Losses_can_be_accepted()
    {
        DefinitionPlan done = await new DomainDefiner(DropsMtu()).DefineAsync(DomainDocument.Parse(Domain("<interface type='user'><mtu size='9000'/></interface>")), acceptLosses: true);

        Assert.That(done.Notes.Single(), Does.Contain("mtu"));
        Assert.That(_host.Definitions, Contains.Key(Uuid));
    }

    [Test]
    public async Task An_undo_that_fails_is_said()
    {
        await Define(Domain(""));
        DropsMtu();
        int calls = 0;
        _host.OnDefine = _ => ++calls == 2 ? new LibvirtException(LibvirtErrorCode.OperationTimeout, 10, "define", "cannot acquire state change lock") : null;

        DefinitionException failed = Assert.ThrowsAsync<DefinitionException>(() => Define(Domain("<interface type='user'><mtu size='9000'/></interface>")))!;

        Assert.That(failed.Stage, Is.EqualTo(DefinitionStage.NotUndone));
        Assert.That(failed.Message, Does.Contain("state change lock").And.Contain("mtu"));
    }

    [Test]
    public void A_name_of_another_domain_is_refused_before_anything_is_touched()
    {
        Guid other = Guid.NewGuid();
        _host.Domains[other] = new() { Name = "web1", Uuid = other, State = DomainState.Shutoff, IsPersistent = true, Xml = "<domain/>" };

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(() => Define(Domain("")))!;

        Assert.That(refused.Stage, Is.EqualTo(DefinitionStage.Refused));
        Assert.That(refused.Problems.Single().Message, Does.Contain($"{other}"));
        Assert.That(_host.Definitions, Is.Empty);
    }

    [Test]
    public void A_uuid_of_another_name_is_refused()
    {
        _host.Domains[Uuid] = new() { Name = "db1", Uuid = Uuid, State = DomainState.Shutoff, IsPersistent = true, Xml = "<domain/>" };

        Assert.That(Assert.ThrowsAsync<DefinitionException>(() => Define(Domain("")))!.Problems.Single().Message, Does.Contain("db1"));
    }

    [Test]
    public async Task A_plan_changes_nothing()
    {
        DefinitionPlan plan = await new DomainDefiner(_host).PlanAsync(DomainDocument.Parse(Domain("")));

        Assert.That(plan.Action, Is.EqualTo(DefinitionAction.Created));
        Assert.That(_host.Definitions, Is.Empty);
    }

    [Test]
    public void A_uuid_that_is_none_is_refused_with_its_place()
    {
        DefinitionProblem problem = Assert.ThrowsAsync<DefinitionException>(() => Define("<domain type='kvm'>\n  <name>web1</name>\n  <uuid>11111111-2222</uuid>\n</domain>"))!.Problems.Single();

        Assert.That(problem.Path, Is.EqualTo("/domain/uuid"));
        Assert.That((problem.Line, problem.Column), Is.EqualTo((3, 4)));
        Assert.That(_host.Definitions, Is.Empty);
    }

    [Test]
    public void A_host_that_is_lost_right_after_it_was_asked_leaves_the_outcome_unknown()
    {
        _host.OnDefine = _ =>
        {
            _host.IsLost = true;
            return null;
        };

        Assert.That(Assert.ThrowsAsync<DefinitionException>(() => Define(Domain("")))!.Stage, Is.EqualTo(DefinitionStage.Unknown));
    }

    [Test]
    public void A_host_that_was_lost_for_a_moment_and_took_nothing_is_said()
    {
        _host.OnDefine = _ => new HostUnreachableException("alpha", "alpha did not answer");

        Assert.That(Assert.ThrowsAsync<OperationException>(() => Define(Domain("")))!.Stage, Is.EqualTo(OperationStage.Failed));
        Assert.That(_host.Definitions, Is.Empty);
    }

    [Test]
    public async Task A_host_that_was_lost_and_has_still_more_than_it_was_given_did_not_take_it()
    {
        await Define(Domain("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"));
        _host.OnDefine = _ => new HostUnreachableException("alpha", "its daemon was killed");

        Assert.That(Assert.ThrowsAsync<OperationException>(() => Define(Domain("")))!.Stage, Is.EqualTo(OperationStage.Failed));
        Assert.That(_host.Definitions[Uuid], Does.Contain("rng"));
    }

    [Test]
    public async Task A_host_that_was_lost_and_has_what_it_was_given_took_it_or_had_it()
    {
        await Define(Domain(""));
        _host.OnDefine = _ => new HostUnreachableException("alpha", "its daemon was killed");

        Assert.That((await Define(DomainDocument.Parse(_host.Definitions[Uuid]).ToString())).Action, Is.EqualTo(DefinitionAction.Updated));
    }

    [Test]
    public async Task A_kae_function_is_given_to_24_03_as_it_wants_it()
    {
        _host.Libvirt = FakeLibvirt.OpenEuler2403Sp3;
        string? given = null;
        _host.OnDefine = xml =>
        {
            given = xml;
            return null;
        };

        DefinitionPlan done = await Define(Domain("<hostdev mode='subsystem' type='pci' migration='on'><source><address bus='0x31' function='1'/></source></hostdev>"));

        Assert.That(XElement.Parse(given!).Descendants("hostdev").Single().Attribute("managed")?.Value, Is.EqualTo("no"));
        Assert.That(done.Devices.Single().Migration.Way, Is.EqualTo(Libvirt.Xml.Devices.MigrationWay.HardwareAssisted));
    }

    [Test]
    public void A_lost_host_is_no_answer()
    {
        _host.IsLost = true;
        Assert.ThrowsAsync<HostUnreachableException>(() => Define(Domain("")));
    }

    private Task<DefinitionPlan> Define(string xml, FakeHost? host = null) => new DomainDefiner(host ?? _host).DefineAsync(DomainDocument.Parse(xml), options: new() { Wait = TimeSpan.FromSeconds(1) });

    private FakeHost DropsMtu()
    {
        _host.Libvirt = _host.Libvirt with { Drops = "mtu" };
        return _host;
    }

    private static string Domain(string devices, int memory = 1024) =>
        $"<domain type='kvm'><name>web1</name><uuid>{Uuid}</uuid><memory unit='MiB'>{memory}</memory><devices>{devices}</devices></domain>";
}
