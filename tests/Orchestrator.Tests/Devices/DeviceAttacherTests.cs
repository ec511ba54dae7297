using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>What was attached is what the domain then has, or it is detached again.</summary>
public sealed class DeviceAttacherTests
{
    private const DomainModificationImpact Both = DomainModificationImpact.Live | DomainModificationImpact.Config;

    // Claims are the whole machine's: other tests of it are other domains on other hosts.
    private static readonly Guid Uuid = Guid.NewGuid();

    private FakeHost _host = null!;

    [SetUp]
    public void MakeHost()
    {
        string xml = $"<domain type='kvm'><name>web1</name><uuid>{Uuid}</uuid><memory>1024</memory><devices/></domain>";
        _host = new("alpha", new ObserverClock(TimeProvider.System)) { Identity = Migration.Samples.Host("alpha") with { HostUuid = Guid.NewGuid() }, Libvirt = FakeLibvirt.OpenEuler2403Sp3 };
        _host.Domains[Uuid] = new() { Name = "web1", Uuid = Uuid, State = DomainState.Running, IsPersistent = true, Xml = xml };
        _host.Definitions[Uuid] = xml;
    }

    [TestCase(DomainModificationImpact.Live, 1, 0)]
    [TestCase(DomainModificationImpact.Config, 0, 1)]
    [TestCase(Both, 1, 1)]
    [TestCase(DomainModificationImpact.Current, 1, 0)]
    public async Task A_vdpa_device_is_attached_where_it_was_asked_for(DomainModificationImpact impact, int live, int config)
    {
        await Attach("<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>", impact);

        Assert.That(Live, Has.Count.EqualTo(live));
        Assert.That(Config, Has.Count.EqualTo(config));
    }

    [Test]
    public void What_the_dialect_cannot_say_is_refused_before_anything_is_touched()
    {
        _host.Libvirt = FakeLibvirt.Stock113;
        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(
            () => Attach("<hostdev mode='subsystem' type='pci' migration='on'><source><address bus='0x31' function='1'/></source></hostdev>", Both))!;

        Assert.That(refused.Stage, Is.EqualTo(DefinitionStage.Refused));
        Assert.That(refused.Message, Does.Contain("migration='on'").And.Contain("alpha"));
        Assert.That(Live, Is.Empty);
    }

    [Test]
    public void What_was_dropped_is_named_and_the_device_is_gone_again()
    {
        _host.Libvirt = _host.Libvirt with { Drops = "mtu" };
        DefinitionException lost = Assert.ThrowsAsync<DefinitionException>(() => Attach("<interface type='user'><mtu size='9000'/></interface>", Both))!;

        Assert.That(lost.Stage, Is.EqualTo(DefinitionStage.Undone));
        Assert.That(lost.Problems.Single().Path, Does.EndWith("/mtu"));
        Assert.That(Live, Is.Empty);
        Assert.That(Config, Is.Empty);
    }

    [Test]
    public void A_guest_that_does_not_let_go_is_said()
    {
        _host.Libvirt = _host.Libvirt with { Drops = "mtu" };
        _host.HoldsDevices = true;

        DefinitionException lost = Assert.ThrowsAsync<DefinitionException>(() => Attach("<interface type='user'><mtu size='9000'/></interface>", DomainModificationImpact.Live))!;

        Assert.That(lost.Stage, Is.EqualTo(DefinitionStage.NotUndone));
        Assert.That(lost.Message, Does.Contain("did not let go"));
    }

    [Test]
    public void What_the_device_needs_of_its_domain_is_looked_at() => Assert.That(
        Assert.ThrowsAsync<DefinitionException>(() => Attach("<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/><source type='unix' path='/run/blk.sock'/><target dev='vda' bus='virtio'/></disk>", Both))!.Message,
        Does.Contain("shared"));

    [Test]
    public void A_host_that_is_lost_right_after_it_was_asked_leaves_the_outcome_unknown()
    {
        _host.IsLostByAttach = true;
        Assert.That(Assert.ThrowsAsync<DefinitionException>(() => Attach("<interface type='user'/>", Both))!.Stage, Is.EqualTo(DefinitionStage.Unknown));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_connection_that_broke_when_the_device_was_there_is_made_up_for_by_looking(bool staysAwayForAWhile)
    {
        _host.OnAttached = () =>
        {
            _host.IsLost = staysAwayForAWhile;
            return new HostUnreachableException("alpha", "alpha's connection broke");
        };
        ComesBackAfter(looks: 3);

        DeviceChange change = await Attach("<interface type='user'/>", Both);

        Assert.That(change.IsChanged);
        Assert.That((Live.Count, Config.Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void A_connection_that_broke_before_anything_was_attached_leaves_nothing()
    {
        _host.OnAttach = () => new HostUnreachableException("alpha", "alpha's connection broke");

        OperationException failed = Assert.ThrowsAsync<OperationException>(() => Attach("<interface type='user'/>", Both))!;

        Assert.That(failed.Stage, Is.EqualTo(OperationStage.Failed));
        Assert.That(failed.Message, Does.Contain("did not take it").And.Contain("connection broke"));
    }

    [Test]
    public void A_call_that_is_not_answered_and_may_still_run_is_not_called_failed()
    {
        _host.OnAttach = () => new HostUnreachableException("alpha", "alpha did not answer within 40 s") { IsUnderway = true };
        Assert.That(Assert.ThrowsAsync<DefinitionException>(() => Attach("<interface type='user'/>", Both))!.Stage, Is.EqualTo(DefinitionStage.Unknown));
    }

    [Test]
    public void An_error_of_the_read_back_does_not_look_as_if_nothing_was_changed()
    {
        _host.OnAttached = () =>
        {
            _host.OnFind = () => throw new LibvirtException(LibvirtErrorCode.AccessDenied, 10, "virDomainGetXMLDesc", "access denied");
            return null;
        };

        Assert.That(Assert.ThrowsAsync<DefinitionException>(() => Attach("<interface type='user'/>", Both))!.Stage, Is.EqualTo(DefinitionStage.Unknown));
    }

    [TestCase(DomainModificationImpact.Live, OperationStage.Failed, 1)]
    [TestCase(Both, OperationStage.Degraded, 2)]
    public async Task The_definition_of_a_domain_that_ends_meanwhile_is_not_taken_for_the_running_one(DomainModificationImpact impact, OperationStage stage, int defined)
    {
        await Attach("<interface type='user'><mac address='52:54:00:00:00:01'/></interface>", DomainModificationImpact.Config);
        _host.OnAttached = () =>
        {
            _host.GuestPowersOff(Uuid);
            return null;
        };

        OperationException ended = Assert.ThrowsAsync<OperationException>(() => Attach("<interface type='user'><mac address='52:54:00:00:00:02'/></interface>", impact))!;

        Assert.That(ended.Stage, Is.EqualTo(stage));
        Assert.That(ended.Message, Does.Contain("ended meanwhile"));
        Assert.That(Config, Has.Count.EqualTo(defined), "nothing of the definition is detached");
    }

    [Test]
    public void What_the_guest_has_still_is_not_called_gone_because_its_element_has_changed()
    {
        _host.Libvirt = _host.Libvirt with { Drops = "mtu" };
        _host.HoldsDevices = true;
        int number = 0;
        _host.OnAttached = () =>
        {
            // libvirt writes more into a running device's element.
            _host.OnFind = () => _host.Domains[Uuid] = _host.Domains[Uuid] with { Xml = WithState(_host.Domains[Uuid].Xml, ++number) };
            return null;
        };

        DefinitionException lost = Assert.ThrowsAsync<DefinitionException>(() => Attach("<interface type='user'><mtu size='9000'/></interface>", DomainModificationImpact.Live))!;

        Assert.That(lost.Stage, Is.EqualTo(DefinitionStage.NotUndone));
        Assert.That(Live, Has.Count.EqualTo(1));
    }

    [TestCase(DomainState.Crashed, 0, "crashed")]
    [TestCase(DomainState.PMSuspended, 0, "sleep")]
    [TestCase(DomainState.Paused, (int)DomainPausedReason.Migration, "paused by a migration")]
    public async Task A_dry_run_says_what_the_run_would_be_refused_for(DomainState state, int reason, string text)
    {
        _host.Domains[Uuid] = _host.Domains[Uuid] with { State = state, Reason = reason };

        AttachPlan plan = await new DeviceAttacher(_host).PlanAsync("web1", DeviceDocument.Parse("<interface type='user'/>"), DomainModificationImpact.Live);

        Assert.That(plan.Problems[0].Message, Does.Contain(text));
        Assert.That(Assert.ThrowsAsync<OperationException>(() => Attach("<interface type='user'/>", DomainModificationImpact.Live))!.Message, Does.Contain(text), "and so it is");
        OperationException detach = Assert.ThrowsAsync<OperationException>(() => new DeviceDetacher(_host).PlanAsync("web1", DeviceSelector.Parse("x"), DomainModificationImpact.Live))!;
        Assert.That(detach.Stage, Is.EqualTo(OperationStage.Refused));
        Assert.That(detach.Message, Does.Contain(text));
    }

    [Test]
    public void A_domain_that_is_not_there_is_said() =>
        Assert.ThrowsAsync<DomainNotFoundException>(() => new DeviceAttacher(_host).AttachAsync("nope", DeviceDocument.Parse("<interface type='user'/>"), Both));

    [TestCase("<domain/>")]
    [TestCase("<x:interface xmlns:x='urn:x'/>")]
    [TestCase("<!DOCTYPE interface><interface/>")]
    public void What_is_no_device_is_no_device_document(string xml) => Assert.That(() => DeviceDocument.Parse(xml), Throws.TypeOf<DomainDocumentException>());

    private List<XElement> Live => [.. XElement.Parse(_host.Domains[Uuid].Xml).Elements("devices").Elements()];

    private List<XElement> Config => [.. XElement.Parse(_host.Definitions[Uuid]).Elements("devices").Elements()];

    private static string WithState(string xml, int number)
    {
        XElement domain = XElement.Parse(xml);
        foreach (XElement device in domain.Element("devices")!.Elements())
        {
            device.SetElementValue("link", number);
        }

        return domain.ToString();
    }

    private void ComesBackAfter(int looks) => _host.OnFind = () => _host.IsLost &= looks-- > 0;

    private Task<DeviceChange> Attach(string xml, DomainModificationImpact impact) =>
        new DeviceAttacher(_host) { Patience = new() { Deadline = TimeSpan.FromMilliseconds(50), BetweenLooks = TimeSpan.FromMilliseconds(10) } }
            .AttachAsync("web1", DeviceDocument.Parse(xml), impact, new() { Wait = TimeSpan.FromSeconds(1) });
}
