using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>A device is detached when the host says that it is gone, whatever a call returned and whichever event was lost.</summary>
public sealed class DeviceDetacherTests
{
    private const DomainModificationImpact Both = DomainModificationImpact.Live | DomainModificationImpact.Config;

    // Claims are the whole machine's: other tests of it are other domains on other hosts.
    private static readonly Guid Uuid = Guid.NewGuid();

    private static readonly UnplugPatience Short = new()
    {
        Deadline = TimeSpan.FromMilliseconds(300),
        BetweenRequests = TimeSpan.FromMilliseconds(60),
        AfterRefusal = TimeSpan.FromMilliseconds(30),
        BetweenLooks = TimeSpan.FromMilliseconds(10),
    };

    private FakeHost _host = null!;

    [SetUp]
    public void MakeHost() => MakeHost(FakeLibvirt.OpenEuler2403Sp3);

    private static IEnumerable<FakeLibvirt> Releases => [FakeLibvirt.OpenEuler2203Sp3, FakeLibvirt.OpenEuler2403Sp3];

    [TestCaseSource(nameof(Releases))]
    public async Task Three_vdpa_devices_are_plugged_in_and_taken_out_again_by_their_nodes(object release)
    {
        MakeHost((FakeLibvirt)release);
        string live = _host.Domains[Uuid].Xml;
        string config = _host.Definitions[Uuid];
        for (int round = 0; round < 50; round++)
        {
            for (int n = 0; n < 3; n++)
            {
                await AttachAsync(Vdpa(n));
            }

            Assert.That(Live.Select(device => (string?)device.Element("source")!.Attribute("dev")), Is.EqualTo(new[] { "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2" }));
            foreach (int n in new[] { 1, 0, 2 })
            {
                DetachPlan done = await Detacher().DetachAsync("web1", DeviceSelector.Of(DeviceDocument.Parse(Vdpa(n))), Both);
                Assert.That(done.Targets.Select(target => target.Place), Is.EqualTo(new[] { DomainModificationImpact.Live, DomainModificationImpact.Config }));
                Assert.That(Live.Concat(Config).Select(device => (string?)device.Element("source")!.Attribute("dev")), Has.None.EqualTo($"/dev/vhost-vdpa-{n}"));
            }
        }

        Assert.That(XNode.DeepEquals(XElement.Parse(_host.Domains[Uuid].Xml), XElement.Parse(live)), _host.Domains[Uuid].Xml);
        Assert.That(XNode.DeepEquals(XElement.Parse(_host.Definitions[Uuid]), XElement.Parse(config)), _host.Definitions[Uuid]);
    }

    [TestCase("/dev/vhost-vdpa-1")]
    [TestCase("ua-b")]
    public async Task A_device_is_named_by_its_node_or_its_alias(string word)
    {
        await AttachAsync(Vdpa(0, "ua-a"));
        await AttachAsync(Vdpa(1, "ua-b"));

        await Detacher().DetachAsync("web1", DeviceSelector.Parse(word), Both);

        Assert.That(Live.Concat(Config).Select(device => (string?)device.Element("source")!.Attribute("dev")), Is.EqualTo(new[] { "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-0" }));
    }

    [Test]
    public async Task A_lost_event_is_made_up_for_by_looking()
    {
        await AttachAsync(Vdpa(0));
        _host.Guest = GuestAnswer.LetsGoUnseen;

        await Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), DomainModificationImpact.Live);

        Assert.That(Live, Is.Empty);
    }

    [TestCase(GuestAnswer.IgnoresOnce)]
    [TestCase(GuestAnswer.RefusesOnce)]
    public async Task A_guest_that_was_busy_is_asked_again(object answer)
    {
        await AttachAsync(Vdpa(0));
        _host.Guest = (GuestAnswer)answer;

        await Detacher(Short with { Deadline = TimeSpan.FromMinutes(1) }).DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), Both);

        Assert.That(_host.Unplugs, Is.EqualTo(2));
        Assert.That(Live.Concat(Config), Is.Empty);
    }

    [Test]
    public async Task A_guest_that_ignores_the_request_keeps_its_device_and_the_definition_does_too()
    {
        await AttachAsync(Vdpa(0));
        _host.Guest = GuestAnswer.Ignores;

        HostDeviceException late = Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), Both))!;

        Assert.That(late.Problem, Is.EqualTo(HostDeviceProblem.TimedOut));
        Assert.That(late.Message, Does.Contain("/dev/vhost-vdpa-0").And.Contain("web1").And.Contain("alpha").And.Contain("may still let go"));
        Assert.That((Live.Count, Config.Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task A_guest_that_refuses_until_the_deadline_is_said()
    {
        await AttachAsync(Vdpa(0, "ua-a"));
        _host.Guest = GuestAnswer.Refuses;

        HostDeviceException refused = Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", DeviceSelector.Parse("ua-a"), DomainModificationImpact.Live))!;

        Assert.That(refused.Problem, Is.EqualTo(HostDeviceProblem.Failed));
        Assert.That(refused.Message, Does.Contain("refused"));
        Assert.That(_host.Unplugs, Is.GreaterThan(1));
        Assert.That(Live, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_domain_that_ends_meanwhile_has_no_device_any_more()
    {
        await AttachAsync(Vdpa(0), DomainModificationImpact.Live);
        _host.Guest = GuestAnswer.PowersOff;

        DetachPlan done = await Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), DomainModificationImpact.Live);

        Assert.That(done.Notes.Single(), Does.Contain("ended"));
    }

    [TestCase(GuestAnswer.Leaves, true)]
    [TestCase(GuestAnswer.LeavesWithoutTrace, true)]
    [TestCase(GuestAnswer.Leaves, false)]
    public async Task A_domain_that_was_migrated_away_meanwhile_is_not_called_ended(object answer, bool isPersistent)
    {
        await AttachAsync(Vdpa(0), DomainModificationImpact.Live);
        _host.Guest = (GuestAnswer)answer;
        _host.Domains[Uuid] = _host.Domains[Uuid] with { IsPersistent = isPersistent };

        OperationException left = Assert.ThrowsAsync<OperationException>(() => Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), DomainModificationImpact.Live))!;

        Assert.That(left.Stage, Is.EqualTo(OperationStage.Failed));
        Assert.That(left.Message, Does.Contain("migrated"));
    }

    [Test]
    public async Task A_connection_that_broke_when_the_definition_had_lost_it_is_made_up_for_by_looking()
    {
        await AttachAsync(Vdpa(0));
        _host.OnConfigDetached = () => new HostUnreachableException("alpha", "alpha's connection broke");

        await Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), DomainModificationImpact.Config);

        Assert.That(Config, Is.Empty);
    }

    [Test]
    public async Task A_definition_that_is_gone_when_the_guest_has_let_go_is_degraded()
    {
        await AttachAsync(Vdpa(0));
        _host.OnConfigDetached = () =>
        {
            _host.Definitions.Remove(Uuid);
            return null;
        };

        HostDeviceException half = Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), Both))!;

        Assert.That(half.Problem, Is.EqualTo(HostDeviceProblem.Degraded));
        Assert.That(half.Message, Does.Contain("its definition is gone too"));
    }

    [Test]
    public async Task A_host_that_is_lost_in_between_and_stays_away_leaves_the_outcome_unknown()
    {
        await AttachAsync(Vdpa(0));
        _host.IsLostByDetach = true;

        HostDeviceException unknown = Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), Both))!;

        Assert.That(unknown.Problem, Is.EqualTo(HostDeviceProblem.OutcomeUnknown));
    }

    [Test]
    public async Task A_host_that_comes_back_is_asked_what_became_of_it()
    {
        await AttachAsync(Vdpa(0));
        _host.IsLostByDetach = true;
        Task<DetachPlan> detaching = Detacher(Short with { Deadline = TimeSpan.FromMinutes(1) }).DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), DomainModificationImpact.Live);
        Assert.That(_host.IsLost, "the guest was asked, and the connection lost, before the first wait");
        _host.IsLost = false;

        await detaching;

        Assert.That(Live, Is.Empty);
        Assert.That(_host.Unplugs, Is.EqualTo(1));
    }

    [Test]
    public async Task What_left_the_guest_and_not_the_definition_is_degraded_and_said()
    {
        await AttachAsync(Vdpa(0));
        _host.ConfigDetachFails = new(LibvirtErrorCode.OperationFailed, 10, "virDomainDetachDeviceFlags", "operation failed: disk full");

        HostDeviceException half = Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", DeviceSelector.Parse("/dev/vhost-vdpa-0"), Both))!;

        Assert.That(half.Problem, Is.EqualTo(HostDeviceProblem.Degraded));
        Assert.That(half.Message, Does.Contain("gone from the running web1").And.Contain("definition still has it").And.Contain("disk full"));
    }

    [Test]
    public async Task A_device_that_is_not_there_is_an_error_unless_that_will_do()
    {
        var nowhere = DeviceSelector.Parse("/dev/vhost-vdpa-7");

        Assert.That(Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", nowhere, Both))!.Problem, Is.EqualTo(HostDeviceProblem.NotFound));
        Assert.That((await Detacher().DetachAsync("web1", nowhere, Both, new() { IfNeeded = true })).Targets, Is.Empty);
        Assert.That(_host.Unplugs, Is.Zero);
    }

    [Test]
    public async Task A_device_that_is_there_twice_is_not_guessed()
    {
        const string Rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>";
        await AttachAsync(Rng, DomainModificationImpact.Live);
        await AttachAsync(Rng, DomainModificationImpact.Live);

        HostDeviceException twice = Assert.ThrowsAsync<HostDeviceException>(
            () => Detacher().DetachAsync("web1", DeviceSelector.Of(DeviceDocument.Parse(Rng)), DomainModificationImpact.Live))!;
        await Detacher().DetachAsync("web1", DeviceSelector.Parse("rng2"), DomainModificationImpact.Live);

        Assert.That(twice.Problem, Is.EqualTo(HostDeviceProblem.Ambiguous));
        Assert.That(twice.Message, Does.Contain("rng1").And.Contain("rng2"));
        Assert.That(Live.Select(device => (string?)device.Element("alias")!.Attribute("name")), Is.EqualTo(new[] { "rng1" }));
    }

    [Test]
    public void What_does_not_run_has_nothing_to_unplug()
    {
        _host.Domains[Uuid] = _host.Domains[Uuid] with { State = DomainState.Shutoff };
        Assert.That(
            Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", DeviceSelector.Parse("x"), DomainModificationImpact.Live))!.Remedy, Does.Contain("--config"));
    }

    private static readonly string[] Kae = ["0x1", "0x2", "0x3"];

    [TestCaseSource(nameof(Kae))]
    public async Task Accelerator_functions_come_and_go_only_with_the_definition(string function)
    {
        // One each of ZIP, SEC and HPRE.
        string product = function switch { "0x1" => "0xa251", "0x2" => "0xa256", _ => "0xa259" };
        _host.NodeDevices.Add($"<device><name>pci_0000_31_00_{function[^1]}</name><path>/sys/x</path><driver><name>hisi_acc_vfio_pci</name></driver><capability type='pci'><domain>0</domain><bus>49</bus>"
            + $"<slot>0</slot><function>{function[^1]}</function><product id='{product}'/><vendor id='0x19e5'/></capability></device>");
        string xml = $"<hostdev mode='subsystem' type='pci' managed='no' migration='on'><source><address domain='0x0000' bus='0x31' slot='0x00' function='{function}'/></source></hostdev>";

        Exception refused = Assert.CatchAsync(() => AttachAsync(xml, Both))!;
        Assert.That(refused.Message, Does.Contain("hot swap").And.Contain($"0000:31:00.{function[^1]}"));
        Assert.That(Live.Concat(Config), Is.Empty);

        await AttachAsync(xml, DomainModificationImpact.Config);
        Assert.That(Config, Has.Count.EqualTo(1));
        _host.Domains[Uuid] = _host.Domains[Uuid] with { Xml = _host.Definitions[Uuid] }; // started anew
        var selector = DeviceSelector.Parse($"31:00.{function[^1]}");
        Assert.That(Assert.ThrowsAsync<HostDeviceException>(() => Detacher().DetachAsync("web1", selector, Both))!.Message, Does.Contain("hot swap"));
        Assert.That(Config, Has.Count.EqualTo(1), "nothing was touched");
        await Detacher().DetachAsync("web1", selector, DomainModificationImpact.Config);
        Assert.That(Config, Is.Empty);
    }

    private static string Vdpa(int n, string? alias = null) =>
        $"<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-{n}'/>{(alias is null ? "" : $"<alias name='{alias}'/>")}</hostdev>";

    private List<XElement> Live => [.. XElement.Parse(_host.Domains[Uuid].Xml).Elements("devices").Elements()];

    private List<XElement> Config => [.. XElement.Parse(_host.Definitions[Uuid]).Elements("devices").Elements()];

    private void MakeHost(FakeLibvirt libvirt)
    {
        string xml = $"<domain type='kvm'><name>web1</name><uuid>{Uuid}</uuid><memory unit='KiB'>1024</memory><devices/></domain>";
        _host = new("alpha", new ObserverClock(TimeProvider.System)) { Identity = Migration.Samples.Host("alpha") with { HostUuid = Guid.NewGuid() }, Libvirt = libvirt };
        _host.Domains[Uuid] = new() { Name = "web1", Uuid = Uuid, State = DomainState.Running, IsPersistent = true, Xml = xml };
        _host.Definitions[Uuid] = xml;
    }

    private Task<DeviceChange> AttachAsync(string xml, DomainModificationImpact impact = Both) => new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(xml), impact);

    private DeviceDetacher Detacher(UnplugPatience? patience = null) => new(_host) { Patience = patience ?? Short };
}
