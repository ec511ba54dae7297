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

    [Test]
    public void A_domain_that_is_not_there_is_said() =>
        Assert.ThrowsAsync<DomainNotFoundException>(() => new DeviceAttacher(_host).AttachAsync("nope", DeviceDocument.Parse("<interface type='user'/>"), Both));

    [TestCase("<domain/>")]
    [TestCase("<x:interface xmlns:x='urn:x'/>")]
    [TestCase("<!DOCTYPE interface><interface/>")]
    public void What_is_no_device_is_no_device_document(string xml) => Assert.That(() => DeviceDocument.Parse(xml), Throws.TypeOf<DomainDocumentException>());

    private List<XElement> Live => [.. XElement.Parse(_host.Domains[Uuid].Xml).Elements("devices").Elements()];

    private List<XElement> Config => [.. XElement.Parse(_host.Definitions[Uuid]).Elements("devices").Elements()];

    private Task<DeviceChange> Attach(string xml, DomainModificationImpact impact) =>
        new DeviceAttacher(_host) { DetachPatience = TimeSpan.Zero }.AttachAsync("web1", DeviceDocument.Parse(xml), impact);
}
