using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>One vhost-vdpa node or PCI function is one domain's alone.</summary>
public sealed class DeviceExclusivityTests
{
    private const string Vdpa = "<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>";
    private const string Function = "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' bus='0x41' slot='0x10' function='0x0'/></source></hostdev>";

    private FakeHost _host = null!;

    [SetUp]
    public void MakeHost()
    {
        _host = new("alpha", new ObserverClock(TimeProvider.System)) { Identity = Migration.Samples.Host("alpha") with { HostUuid = Guid.NewGuid() }, Libvirt = FakeLibvirt.OpenEuler2403Sp3 };
        foreach (string name in new[] { "web1", "web2" })
        {
            var uuid = Guid.NewGuid();
            string xml = $"<domain type='kvm'><name>{name}</name><uuid>{uuid}</uuid><memory unit='KiB'>1024</memory><devices/></domain>";
            _host.Domains[uuid] = new() { Name = name, Uuid = uuid, State = DomainState.Running, IsPersistent = true, Xml = xml };
            _host.Definitions[uuid] = xml;
        }
    }

    [Test]
    public async Task What_a_running_domain_uses_is_not_given_to_another(
        [Values(Vdpa, Function)] string xml, [Values(DomainModificationImpact.Live, DomainModificationImpact.Config)] DomainModificationImpact place)
    {
        await AttachAsync("web1", xml, DomainModificationImpact.Live);

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(() => AttachAsync("web2", xml, place))!;

        Assert.That(refused.Stage, Is.EqualTo(DefinitionStage.Refused));
        Assert.That(refused.Message, Does.Contain("is used by domain web1"));
        Assert.That(DevicesOf("web2"), Is.Zero);
    }

    [Test]
    public async Task What_stands_in_a_definition_is_not_given_to_another_either([Values(true, false)] bool runs)
    {
        await AttachAsync("web1", Vdpa, DomainModificationImpact.Config);
        DomainSnapshot web1 = _host.Domains.Values.Single(domain => domain.Name == "web1");
        _host.Domains[web1.Uuid] = runs ? web1 : web1 with { State = DomainState.Shutoff, Xml = _host.Definitions[web1.Uuid] };

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(() => AttachAsync("web2", Vdpa, DomainModificationImpact.Config))!;

        Assert.That(refused.Message, Does.Contain("/dev/vhost-vdpa-0 stands in the definition of domain web1"));
    }

    [Test]
    public void What_a_copy_that_arrives_will_use_is_not_known_and_not_given_away()
    {
        DomainSnapshot web1 = _host.Domains.Values.Single(domain => domain.Name == "web1");
        _host.Domains[web1.Uuid] = web1 with
        {
            State = DomainState.Paused,
            Reason = (int)DomainPausedReason.Migration,
            JobOperation = DomainJobOperation.MigrationIn,
            Xml = $"<domain><name>web1</name><uuid>{web1.Uuid}</uuid></domain>",
        };

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(() => AttachAsync("web2", Vdpa, DomainModificationImpact.Live))!;

        Assert.That(refused.Message, Does.Contain("whether domain web1 uses /dev/vhost-vdpa-0 is not known"));
        Assert.That(DevicesOf("web2"), Is.Zero);
    }

    [Test]
    public async Task Of_two_who_ask_at_once_one_wins()
    {
        var claims = new DomainClaims(); // one process's; between processes it is the same
        Task<DeviceChange>[] both = [.. new[] { "web1", "web2" }.Select(name => new DeviceAttacher(_host, claims).AttachAsync(name, DeviceDocument.Parse(Vdpa), DomainModificationImpact.Live))];
        try
        {
            await Task.WhenAll(both);
        }
        catch (Exception e) when (e is DefinitionException or HostDeviceException { Problem: HostDeviceProblem.InUse })
        {
            // which of the two says so depends on who was how far
        }

        Assert.That(both.Count(task => task.IsCompletedSuccessfully), Is.EqualTo(1));
        Assert.That(DevicesOf("web1") + DevicesOf("web2"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_device_in_another_operations_hands_is_refused()
    {
        var claims = new DomainClaims();
        ClaimAttempt other = await claims.TryClaimAsync(ClaimKey.OfDevice(_host.Identity.HostUuid!.Value, "/dev/vhost-vdpa-0"), ClaimHolder.Here(DomainOperation.Attach, "web9", "alpha"));
        await using DomainClaim held = other.Claim!;

        HostDeviceException refused = Assert.ThrowsAsync<HostDeviceException>(() => AttachAsync("web1", Vdpa, DomainModificationImpact.Live))!;

        Assert.That(refused.Problem, Is.EqualTo(HostDeviceProblem.InUse));
        Assert.That(refused.Message, Does.Contain("web9"));
    }

    [Test]
    public async Task A_domain_that_is_worked_on_is_waited_for_and_then_left_alone()
    {
        DomainSnapshot web1 = _host.Domains.Values.Single(domain => domain.Name == "web1");
        ClaimAttempt other = await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(web1.Uuid), ClaimHolder.Here(DomainOperation.Migrate, "web1", "alpha"));
        await using DomainClaim held = other.Claim!;

        OperationException late = Assert.ThrowsAsync<OperationException>(
            () => new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Vdpa), DomainModificationImpact.Live, new() { Wait = TimeSpan.FromMilliseconds(50) }))!;

        Assert.That(late.Stage, Is.EqualTo(OperationStage.TimedOut));
        Assert.That(DevicesOf("web1"), Is.Zero);
    }

    [Test]
    public async Task The_same_device_twice_is_an_error_unless_once_will_do()
    {
        const DomainModificationImpact both = DomainModificationImpact.Live | DomainModificationImpact.Config;
        await AttachAsync("web1", Vdpa, DomainModificationImpact.Live);

        Assert.That(Assert.ThrowsAsync<DefinitionException>(() => AttachAsync("web1", Vdpa, both))!.Message, Does.Contain("the running web1 on alpha has /dev/vhost-vdpa-0 already"));
        DeviceChange rest = await new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Vdpa), both, new() { IfNeeded = true });

        Assert.That(rest.IsChanged, "the definition lacked it");
        Assert.That(DevicesOf("web1"), Is.EqualTo(1));
        Assert.That(XElement.Parse(_host.Definitions[rest.Domain.Uuid]).Element("devices")!.Elements().Count(), Is.EqualTo(1));
    }

    [Test]
    public void What_another_process_has_open_is_not_given_away()
    {
        using HostTree tree = new HostTree().Process(4242, "dpdk", "dpdk\0", "/dev/vhost-vdpa-0");

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(
            () => new DeviceAttacher(_host, files: tree.Files).AttachAsync("web1", DeviceDocument.Parse(Vdpa), DomainModificationImpact.Live))!;

        Assert.That(refused.Message, Does.Contain("/dev/vhost-vdpa-0 is open in dpdk, pid 4242"));
    }

    [Test]
    public async Task The_list_tells_scheme_resource_data_path_and_place()
    {
        await AttachAsync("web1", Vdpa, DomainModificationImpact.Live | DomainModificationImpact.Config);
        await AttachAsync("web1", Function, DomainModificationImpact.Config);

        DomainDeviceList list = await DomainDeviceList.ReadAsync(_host, "web1");

        Assert.That(list.Devices.Select(device => (device.Resource, device.Scheme, device.DataPath, device.IsLive, device.IsDefined)), Is.EqualTo(new[]
        {
            ("/dev/vhost-vdpa-0", DeviceScheme.KernelVdpa, DataPathOwner.Hardware, true, true),
            ("0000:41:10.0", DeviceScheme.Sriov, DataPathOwner.Hardware, false, true),
        }));
        Assert.That(list.QemuAsked, Is.False, "openEuler's libvirt knows all its devices");
    }

    [TestCase(DeviceScheme.Emulated, DataPathOwner.Qemu)]
    [TestCase(DeviceScheme.Virtio, DataPathOwner.Qemu)]
    [TestCase(DeviceScheme.VhostKernel, DataPathOwner.HostKernel)]
    [TestCase(DeviceScheme.VhostUser, DataPathOwner.Process)]
    [TestCase(DeviceScheme.Vduse, DataPathOwner.Process)]
    [TestCase(DeviceScheme.UserVdpa, DataPathOwner.Hardware)]
    [TestCase(DeviceScheme.Sriov, DataPathOwner.Hardware)]
    [TestCase(DeviceScheme.Other, DataPathOwner.Unknown)]
    public void Who_moves_the_data_is_the_schemes(DeviceScheme scheme, DataPathOwner owner) => Assert.That(DomainDeviceList.OwnerOf(scheme, new()), Is.EqualTo(owner));

    private Task<DeviceChange> AttachAsync(string name, string xml, DomainModificationImpact impact) => new DeviceAttacher(_host).AttachAsync(name, DeviceDocument.Parse(xml), impact);

    private int DevicesOf(string name) => XElement.Parse(_host.Domains.Values.Single(domain => domain.Name == name).Xml).Element("devices")!.Elements().Count();
}
