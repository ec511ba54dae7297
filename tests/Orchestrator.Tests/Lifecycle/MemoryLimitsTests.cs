using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Devices;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>What vDPA devices pin, QEMU may lock: that is written where nobody wrote anything, said, and never lowered or made up for a daemon that cannot.</summary>
public sealed class MemoryLimitsTests
{
    private const string Vdpa0 = "<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>";
    private const string Vdpa1 = "<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-1'/></hostdev>";
    private const string Ports = """
        <controller type='pci' index='0' model='pcie-root'><alias name='pcie.0'/></controller>
        <controller type='pci' index='1' model='pcie-root-port'><alias name='pci.1'/></controller>
        <controller type='pci' index='2' model='pcie-root-port'><alias name='pci.2'/></controller>
        """;

    private const long OneKiB = (2L * 1024 * 1024) + (1024 * 1024);
    private const long TwoKiB = (4L * 1024 * 1024) + (1024 * 1024);

    private Guid _uuid;
    private FakeHost _host = null!;

    [SetUp]
    public void MakeHost()
    {
        _uuid = Guid.NewGuid();
        _host = Host("qemu:///system");
    }

    [Test]
    public async Task A_definition_without_a_limit_gets_one_and_says_so()
    {
        DefinitionPlan plan = await new DomainDefiner(_host).PlanAsync(Document(Vdpa0 + Vdpa1));
        DefinitionPlan done = await new DomainDefiner(_host).DefineAsync(Document(Vdpa0 + Vdpa1));

        Assert.That(Limit(_host.Definitions[_uuid]), Is.EqualTo(TwoKiB));
        Assert.That(done.Notes, Has.One.Contains($"<hard_limit unit='KiB'>{TwoKiB}</hard_limit>"));
        Assert.That(plan.Notes, Is.EqualTo(done.Notes), "a plan says what would be written");
    }

    [Test]
    public async Task A_limit_that_somebody_wrote_stays_and_is_warned_of()
    {
        DefinitionPlan done = await new DomainDefiner(_host).DefineAsync(Document(Vdpa0, "<memtune><hard_limit unit='GiB'>1</hard_limit></memtune>"));

        Assert.That(Limit(_host.Definitions[_uuid]), Is.EqualTo(1024 * 1024));
        Assert.That(done.Notes, Has.One.Contains($"{OneKiB}"));
    }

    [Test]
    public async Task A_daemon_without_root_gets_none()
    {
        _host = Host("qemu:///session");

        await new DomainDefiner(_host).DefineAsync(Document(Vdpa0));

        Assert.That(Limit(_host.Definitions[_uuid]), Is.Null);
    }

    [Test]
    public async Task What_libvirt_counts_itself_needs_none()
    {
        _host.Libvirt = FakeLibvirt.Stock113;

        await new DomainDefiner(_host).DefineAsync(Document("<interface type='vdpa'><mac address='52:54:00:00:00:01'/><source dev='/dev/vhost-vdpa-0'/><model type='virtio'/></interface>"));

        Assert.That(Limit(_host.Definitions[_uuid]), Is.Null);
    }

    [Test]
    public async Task A_start_sets_it_when_it_is_asked_to_and_else_warns([Values] bool asked)
    {
        Have(Vdpa0, DomainState.Shutoff);

        LifecycleResult result = await new DomainLifecycle(_host, new DomainClaims()).RunAsync(new StartRequest($"{_uuid}") { SetMemtune = asked });

        Assert.That(Limit(_host.Definitions[_uuid]), Is.EqualTo(asked ? OneKiB : (long?)null));
        Assert.That(Limit(_host.Domains[_uuid].Xml), Is.EqualTo(asked ? OneKiB : (long?)null), "the guest runs with it");
        Assert.That(result.Notes, asked ? Has.One.Contains("gets <memtune>") : Has.One.Contains("--set-memtune"));
    }

    [TestCase(DomainModificationImpact.Live)]
    [TestCase(DomainModificationImpact.Config)]
    [TestCase(DomainModificationImpact.Live | DomainModificationImpact.Config)]
    public async Task A_second_device_raises_the_limit_where_it_is_attached(DomainModificationImpact impact)
    {
        Have(Vdpa0, DomainState.Running, $"<memtune><hard_limit unit='KiB'>{OneKiB}</hard_limit></memtune>");

        DeviceChange change = await new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Vdpa1), impact);

        Assert.That(Limit(_host.Domains[_uuid].Xml), Is.EqualTo(impact.HasFlag(DomainModificationImpact.Live) ? TwoKiB : OneKiB));
        Assert.That(Limit(_host.Definitions[_uuid]), Is.EqualTo(impact.HasFlag(DomainModificationImpact.Config) ? TwoKiB : OneKiB));
        Assert.That(change.Notes, Has.Some.Contains($"{TwoKiB}"));
    }

    [Test]
    public void A_device_that_does_not_come_leaves_the_limit_as_it_was()
    {
        Have(Vdpa0, DomainState.Running, $"<memtune><hard_limit unit='KiB'>{OneKiB}</hard_limit></memtune>");
        _host.OnAttach = () =>
        {
            Assert.That(Limit(_host.Domains[_uuid].Xml), Is.EqualTo(TwoKiB), "libvirt sets what QEMU may lock when it plugs the device in");
            return new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainAttachDeviceFlags", "operation failed: guest unexpectedly quit during hotplug");
        };

        Assert.That(() => new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Vdpa1), DomainModificationImpact.Live), Throws.TypeOf<LibvirtException>());
        Assert.That(Limit(_host.Domains[_uuid].Xml), Is.EqualTo(OneKiB));
    }

    // Past libvirt nothing raises the limit of a running QEMU.
    [TestCase(false)]
    [TestCase(true)]
    public async Task A_device_past_libvirt_that_QEMU_may_not_pin_is_refused_unless_that_is_allowed(bool allowed)
    {
        _host.Libvirt = FakeLibvirt.Stock113;
        Have(Ports, DomainState.Running);
        _host.Monitor = command => _host.QemuMonitor(_uuid, command);
        Task<DeviceChange> Attach() => new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Vdpa0), DomainModificationImpact.Live, new() { AllowSmallMemlock = allowed });

        if (allowed)
        {
            Assert.That((await Attach()).Notes, Has.One.Contains("comes up dead"));
            Assert.That(_host.QemuDevices, Has.Count.EqualTo(1));
            return;
        }

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(Attach)!;
        Assert.That(refused.Stage, Is.EqualTo(DefinitionStage.Refused));
        Assert.That(refused.Message, Does.Contain($"{OneKiB} KiB").And.Contain("web1").And.Contain("alpha"));
        Assert.That(_host.QemuDevices, Is.Empty);
    }

    [TestCase("8388608", true)]
    [TestCase("4294967296", false)]
    [TestCase("unlimited", false)]
    public async Task What_the_kernel_allows_the_QEMU_of_this_machine_counts(string limit, bool refused)
    {
        _host.Libvirt = FakeLibvirt.Stock113;
        Have(Ports, DomainState.Running);
        _host.Monitor = command => _host.QemuMonitor(_uuid, command);
        using HostTree tree = new HostTree().Process(4242, "qemu-system-x86", "qemu-system-x86_64\0-name\0guest=web1,debug-threads=on\0")
            .File("/proc/4242/limits", $"Limit                     Soft Limit           Hard Limit           Units\nMax locked memory         {limit}              {limit}              bytes\n");

        AttachPlan plan = await new DeviceAttacher(_host, files: tree.Files).PlanAsync("web1", DeviceDocument.Parse(Vdpa0), DomainModificationImpact.Live);

        Assert.That(plan.Problems, refused ? Has.One.Property("Message").Contains("8192 KiB") : Is.Empty);
    }

    private static FakeHost Host(string uri) => new("alpha", new ObserverClock(TimeProvider.System))
    {
        Identity = Migration.Samples.Host("alpha", uri) with { HostUuid = Guid.NewGuid() },
        Libvirt = FakeLibvirt.OpenEuler2403Sp3,
        Log = new(),
    };

    private void Have(string devices, DomainState state, string memtune = "")
    {
        string xml = Document(devices, memtune).ToString();
        _host.Domains[_uuid] = new() { Name = "web1", Uuid = _uuid, State = state, IsPersistent = true, Xml = xml };
        _host.Definitions[_uuid] = xml;
    }

    private DomainDocument Document(string devices, string memtune = "") =>
        DomainDocument.Parse($"<domain type='kvm'><name>web1</name><uuid>{_uuid}</uuid><memory unit='GiB'>2</memory>{memtune}<devices>{devices}</devices></domain>");

    private static long? Limit(string xml) => (long?)XElement.Parse(xml).Element("memtune")?.Element("hard_limit");
}
