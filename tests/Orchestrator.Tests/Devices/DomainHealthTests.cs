using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>A guest whose card is silently dead is told of, with the line that tells why and what to do.</summary>
public sealed class DomainHealthTests
{
    private const string RingLine = "2026-11-21T10:00:00.000000Z qemu-system-x86_64: vhost_set_vring_num failed: Invalid argument (22)";
    private const string MapLine = "2026-11-21T10:00:00.000000Z qemu-system-x86_64: vhost-vdpa: DMA mapping failed, unable to continue";

    private static readonly Guid Uuid = Guid.NewGuid();

    private FakeHost _host = null!;

    [SetUp]
    public void MakeHost()
    {
        string xml = $"""
            <domain type='kvm'><name>web1</name><uuid>{Uuid}</uuid><memory unit='GiB'>2</memory><devices>
            <interface type='vdpa'><mac address='52:54:00:00:00:01'/><source dev='/dev/vhost-vdpa-0'/><model type='virtio'/><alias name='net0'/></interface>
            </devices></domain>
            """;
        _host = new("alpha", new ObserverClock(TimeProvider.System)) { Log = new() };
        _host.Domains[Uuid] = new() { Name = "web1", Uuid = Uuid, State = DomainState.Running, IsPersistent = true, Xml = xml };
        _host.Monitor = command => _host.QemuMonitor(Uuid, command);
    }

    [Test]
    public async Task A_card_whose_backend_is_not_started_is_dead_and_the_log_says_why()
    {
        _host.VirtioStates["net0"] = (false, "DRIVER_OK");
        _host.Log = new() { Lines = [RingLine] };

        DomainHealth health = await ReadAsync(AskQemu.Always);

        Assert.That(health.Devices.Single(), Is.EqualTo(new VdpaDeviceHealth("<interface type='vdpa'>", "/dev/vhost-vdpa-0", "net0", VdpaHealth.Dead, "the guest's driver is up, and its vhost backend is not started")));
        Assert.That(health.Problems[0].Message, Does.Contain("/dev/vhost-vdpa-0").And.Contain("web1").And.Contain("alpha"));
        Assert.That(health.Problems[0].Remedy, Does.Contain("1024").And.Contain("max_vq_size"));
        Assert.That(health.Problems[1].Message, Does.Contain("vhost_set_vring_num failed: Invalid argument (22)"));
    }

    [Test]
    public async Task Without_QEMU_the_log_alone_tells()
    {
        bool isAsked = false;
        _host.Monitor = _ => throw new InvalidOperationException($"{isAsked = true}");
        _host.Log = new() { Lines = [RingLine] };

        DomainHealth health = await ReadAsync(AskQemu.Never);

        Assert.That((health.QemuAsked, isAsked), Is.EqualTo((false, false)));
        Assert.That(health.Devices.Single().Health, Is.EqualTo(VdpaHealth.Unknown));
        Assert.That(health.Problems.Single().Message, Does.Contain("vhost_set_vring_num failed"));
    }

    [Test]
    public async Task What_the_log_said_of_rings_is_past_when_QEMU_has_started_every_backend()
    {
        _host.VirtioStates["net0"] = (true, "DRIVER_OK");
        _host.Log = new() { Lines = [RingLine] };

        DomainHealth health = await ReadAsync(AskQemu.Always);

        Assert.That(health.Problems, Is.Empty);
        Assert.That(health.IsSettled);
        Assert.That(health.Notes, Has.Some.Contains("vhost_set_vring_num failed"));
    }

    [Test]
    public async Task Memory_that_could_not_be_pinned_makes_a_started_device_a_dead_one()
    {
        _host.VirtioStates["net0"] = (true, "DRIVER_OK");
        _host.Log = new() { Lines = [MapLine] };

        HealthProblem problem = (await ReadAsync(AskQemu.Always)).Problems.Single();

        Assert.That(problem.Message, Does.Contain("DMA mapping failed"));
        Assert.That(problem.Remedy, Does.Contain("<hard_limit unit='KiB'>3145728</hard_limit>"), "2 GiB once, and 1 GiB");
    }

    [Test]
    public async Task A_driver_that_comes_up_late_is_waited_for()
    {
        int asked = 0;
        _host.VirtioStates["net0"] = (false, "ACKNOWLEDGE");
        _host.Monitor = command =>
        {
            _host.VirtioStates["net0"] = ++asked > 2 ? (true, "DRIVER_OK") : (false, "ACKNOWLEDGE");
            return _host.QemuMonitor(Uuid, command);
        };

        DomainHealth now = await ReadAsync(AskQemu.Always);
        asked = 0;
        DomainHealth then = await ReadAsync(AskQemu.Always, TimeSpan.FromMinutes(2));

        Assert.That(now.Devices.Single().Health, Is.EqualTo(VdpaHealth.DriverNotUp));
        Assert.That(then.Devices.Single().Health, Is.EqualTo(VdpaHealth.Works));
        Assert.That((now.IsSettled, then.IsSettled), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task A_paused_guest_has_no_dead_card()
    {
        _host.Domains[Uuid] = _host.Domains[Uuid] with { State = DomainState.Paused };
        _host.VirtioStates["net0"] = (false, "DRIVER_OK");

        Assert.That((await ReadAsync(AskQemu.Always)).Devices.Single().Health, Is.EqualTo(VdpaHealth.Stopped));
    }

    [TestCase("network", true, VdpaHealth.Works)]
    [TestCase("network", false, VdpaHealth.DriverNotUp)]
    [TestCase("network", null, VdpaHealth.Unknown)]
    [TestCase("block", false, VdpaHealth.Unknown)] // so it is with the driver up, too
    public async Task QEMU_is_never_asked_of_its_generic_device_which_would_end_the_guest_and_the_kernel_is(string type, bool? negotiated, VdpaHealth expected)
    {
        _host.Domains[Uuid] = _host.Domains[Uuid] with { Xml = $"<domain type='kvm'><name>web1</name><uuid>{Uuid}</uuid><memory>1024</memory><devices><interface type='user'><model type='virtio'/><alias name='net7'/></interface></devices></domain>" };
        _host.QemuDevices["vd1"] = new() { ["driver"] = "vhost-vdpa-device-pci", ["vhostdev"] = "/dev/vhost-vdpa-4", ["bus"] = "pci.2" };
        _host.VirtioStates["net7"] = (false, "DRIVER_OK");
        _host.VirtioStates["vd1"] = (true, "DRIVER_OK");
        using HostTree tree = new HostTree().Vdpa("v4", 4);
        using var tool = new RecordedVdpa();
        tool.Answers("dev show -j", """{"dev":{"v4":{"type":"TYPE","mgmtdev":"vduse","vendor_id":0,"max_vqs":3,"max_vq_size":1024}}}""".Replace("TYPE", type, StringComparison.Ordinal))
            .Answers("dev config show -j", type == "block" ? """{"config":{"v4":{}}}"""
                : negotiated == true ? """{"config":{"v4":{"mac":"00:11:22:33:44:01","negotiated_features":["VERSION_1"]}}}""" : """{"config":{"v4":{"mac":"00:11:22:33:44:01"}}}""");

        VdpaDeviceHealth device = (await new DomainHealthReader(_host, negotiated is null ? null : new(tree.Files, new VdpaTool(tool.SearchPath))).ReadAsync("web1", AskQemu.Always)).Devices.Single();

        Assert.That((device.Resource, device.Alias, device.Health), Is.EqualTo(("/dev/vhost-vdpa-4", "vd1", expected)));
        Assert.That(_host.Domains[Uuid].State, Is.EqualTo(DomainState.Running));
    }

    [Test]
    public async Task A_QEMU_that_does_not_tell_leaves_it_unknown()
    {
        _host.Monitor = _ => """{"error": {"class": "CommandNotFound", "desc": "The command x-query-virtio has not been found"}}""";

        DomainHealth health = await ReadAsync(AskQemu.Always);

        Assert.That(health.Devices.Single().Health, Is.EqualTo(VdpaHealth.Unknown));
        Assert.That((health.Problems.Count, health.IsSettled), Is.EqualTo((0, false)));
    }

    [TestCase(256, 10_000_013, true)]
    [TestCase(1024, 10_000_013, false)]
    [TestCase(256, 9_002_000, false)]
    public void Rings_that_are_too_small_are_foretold(int size, long qemu, bool warned)
    {
        IReadOnlyList<string> warnings = RingSizes.Warnings(DomainDocument.Parse(_host.Domains[Uuid].Xml), new Dictionary<string, int> { ["/dev/vhost-vdpa-0"] = size }, qemu, "alpha");

        Assert.That(warnings, warned ? Has.One.Contains("/dev/vhost-vdpa-0").And.One.Contains("256").And.One.Contains("alpha") : Is.Empty);
    }

    [Test]
    public void A_generic_device_takes_the_rings_that_there_are()
    {
        var document = DomainDocument.Parse("<domain><devices><hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices></domain>");

        Assert.That(RingSizes.Warnings(document, new Dictionary<string, int> { ["/dev/vhost-vdpa-0"] = 256 }, 10_000_013, "alpha"), Is.Empty);
    }

    private Task<DomainHealth> ReadAsync(AskQemu ask, TimeSpan wait = default) => new DomainHealthReader(_host).ReadAsync("web1", ask, wait);
}
