using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>On a libvirt without words for it, a vDPA device is QEMU's alone while the guest runs, and an argument in the definition.</summary>
public sealed class GenericPlugTests
{
    private const string Xml = "<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>";

    // Claims are the whole machine's: other tests of it are other domains on other hosts.
    private static readonly Guid Uuid = Guid.NewGuid();

    private FakeHost _host = null!;

    [SetUp]
    public void MakeHost()
    {
        string xml = $"""
            <domain type='kvm'><name>web1</name><uuid>{Uuid}</uuid><memory unit='KiB'>1024</memory><memtune><hard_limit unit='KiB'>4194304</hard_limit></memtune><devices>
            <controller type='pci' index='0' model='pcie-root'><alias name='pcie.0'/></controller>
            <controller type='pci' index='1' model='pcie-root-port'><alias name='pci.1'/><address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/></controller>
            <controller type='pci' index='2' model='pcie-root-port'><alias name='pci.2'/><address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x1'/></controller>
            </devices></domain>
            """;
        _host = new("alpha", new ObserverClock(TimeProvider.System)) { Identity = Migration.Samples.Host("alpha") with { HostUuid = Guid.NewGuid() }, Libvirt = FakeLibvirt.Stock113 };
        _host.Domains[Uuid] = new() { Name = "web1", Uuid = Uuid, State = DomainState.Running, IsPersistent = true, Xml = xml };
        _host.Definitions[Uuid] = xml;
        _host.Monitor = command => _host.QemuMonitor(Uuid, command);
    }

    [Test]
    public async Task It_gets_an_id_and_the_last_port_that_nobody_uses()
    {
        DeviceChange change = await AttachAsync(0);
        await AttachAsync(1);

        Assert.That(_host.QemuDevices["vdpa-vhost-vdpa-0"].ToJsonString(), Is.EqualTo("""{"driver":"vhost-vdpa-device-pci","vhostdev":"/dev/vhost-vdpa-0","id":"vdpa-vhost-vdpa-0","bus":"pci.2"}"""));
        Assert.That((string?)_host.QemuDevices["vdpa-vhost-vdpa-1"]["bus"], Is.EqualTo("pci.1"), "QEMU says that the other one is taken, which the document does not");
        Assert.That(string.Join(' ', change.Notes), Does.Contain("never show it").And.Contain("tainted").And.Contain("cannot migrate"));
        Assert.That(XNode.DeepEquals(XElement.Parse(_host.Domains[Uuid].Xml), XElement.Parse(_host.Definitions[Uuid])), "libvirt knows nothing of it");
    }

    [Test]
    public async Task A_third_one_finds_no_port()
    {
        await AttachAsync(0);
        await AttachAsync(1);

        HostDeviceException full = Assert.ThrowsAsync<HostDeviceException>(() => AttachAsync(2))!;

        Assert.That(full.Problem, Is.EqualTo(HostDeviceProblem.NothingFits));
        Assert.That(full.Message, Does.Contain("pcie-root-port"));
    }

    [Test]
    public async Task An_id_that_QEMU_has_already_is_not_taken_again()
    {
        _host.QemuDevices["vdpa-vhost-vdpa-0"] = new() { ["driver"] = "virtio-rng-pci", ["bus"] = "pci.1" };

        await AttachAsync(0);

        Assert.That(_host.QemuDevices.Keys, Is.EqualTo(new[] { "vdpa-vhost-vdpa-0", "vdpa-vhost-vdpa-0-2" }));
    }

    [Test]
    public void A_node_that_somebody_has_open_is_said_and_leaves_nothing()
    {
        _host.BusyNodes.Add("/dev/vhost-vdpa-0");

        HostDeviceException busy = Assert.ThrowsAsync<HostDeviceException>(() => AttachAsync(0))!;

        Assert.That(busy.Problem, Is.EqualTo(HostDeviceProblem.InUse));
        Assert.That(busy.Message, Does.Contain("Could not open '/dev/vhost-vdpa-0': Device or resource busy"));
        Assert.That(_host.QemuDevices, Is.Empty);
    }

    [Test]
    public async Task An_argument_that_was_unplugged_is_still_in_the_document_and_can_be_plugged_in_again_by_its_id([Values] bool isUnplugged)
    {
        const string Argument = """<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-device'/><qemu:arg value='{"driver":"vhost-vdpa-device-pci","id":"vd1","vhostdev":"/dev/vhost-vdpa-0","bus":"pci.2"}'/></qemu:commandline>""";
        _host.Domains[Uuid] = _host.Domains[Uuid] with { Xml = _host.Domains[Uuid].Xml.Replace("</domain>", $"{Argument}</domain>", StringComparison.Ordinal) };
        if (!isUnplugged)
        {
            _host.QemuDevices["vd1"] = new() { ["driver"] = "vhost-vdpa-device-pci", ["vhostdev"] = "/dev/vhost-vdpa-0", ["bus"] = "pci.2" };
        }

        var device = DeviceDocument.Parse(Xml.Replace("</hostdev>", "<alias name='vd1'/></hostdev>", StringComparison.Ordinal));
        DeviceChange change = await new DeviceAttacher(_host).AttachAsync("web1", device, DomainModificationImpact.Live, new() { IfNeeded = true });

        Assert.That(change.IsChanged, Is.EqualTo(isUnplugged));
        Assert.That(_host.QemuDevices.Keys, Is.EqualTo(new[] { "vd1" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_call_that_was_lost_has_failed_only_when_nothing_may_still_run(bool mayStillRun)
    {
        _host.Monitor = command => command.Contains("device_add", StringComparison.Ordinal)
            ? throw new HostUnreachableException("alpha", "alpha did not answer") { IsUnderway = mayStillRun }
            : _host.QemuMonitor(Uuid, command);

        HostDeviceException lost = Assert.ThrowsAsync<HostDeviceException>(
            () => new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Xml), DomainModificationImpact.Live, new() { Wait = TimeSpan.FromMilliseconds(300) }))!;

        Assert.That(lost.Problem, Is.EqualTo(mayStillRun ? HostDeviceProblem.OutcomeUnknown : HostDeviceProblem.Failed));
    }

    [Test]
    public async Task A_guest_that_powers_off_while_its_QEMU_is_asked_has_ended()
    {
        await AttachAsync(0);
        bool isAsked = false;
        _host.Monitor = command =>
        {
            isAsked |= command.Contains("device_del", StringComparison.Ordinal);
            if (isAsked && command.Contains("qom-list", StringComparison.Ordinal))
            {
                _host.GuestPowersOff(Uuid);
                throw new LibvirtException(LibvirtErrorCode.OperationInvalid, 10, "virDomainQemuMonitorCommand", "Requested operation is not valid: domain is not running");
            }

            return _host.QemuMonitor(Uuid, command);
        };
        _host.Guest = GuestAnswer.Ignores;

        DetachPlan done = await new DeviceDetacher(_host).DetachAsync("web1", DeviceSelector.Of(DeviceDocument.Parse(Xml)), DomainModificationImpact.Live);

        Assert.That(done.Notes, Has.Some.Contains("ended meanwhile"));
    }

    [TestCase("Duplicate device ID 'vd1'", HostDeviceProblem.AlreadyExists)]
    [TestCase("Could not open '/dev/vhost-vdpa-1': Device or resource busy", HostDeviceProblem.InUse)]
    [TestCase("Could not open '/dev/vhost-vdpa-1': No such file or directory", HostDeviceProblem.NotFound)]
    [TestCase("Could not open '/dev/vhost-vdpa-1': Permission denied", HostDeviceProblem.PermissionDenied)]
    [TestCase("Could not open '/dev/vhost-vdpa-1': Operation not permitted", HostDeviceProblem.PermissionDenied)]
    [TestCase("Bus 'nobus' not found", HostDeviceProblem.NothingFits)]
    [TestCase("Bus 'pcie.0' does not support hotplugging", HostDeviceProblem.NotSupported)]
    [TestCase("vhost-vdpa-device: vhostdev are missing", HostDeviceProblem.Failed)]
    public void What_QEMU_says_has_a_meaning(string text, HostDeviceProblem problem) => Assert.That(GenericPlug.Explain(text).Problem, Is.EqualTo(problem));

    // QEMU tells of a device's end twice: first of its backend, in an event without "device".
    [Test]
    public async Task The_end_of_its_backend_is_not_the_end_of_the_device()
    {
        await AttachAsync(0);
        _host.Guest = GuestAnswer.LetsGoOfTheBackend;
        var detacher = new DeviceDetacher(_host) { Patience = new() { Deadline = TimeSpan.FromMilliseconds(200), BetweenLooks = TimeSpan.FromMilliseconds(10) } };

        Assert.That(
            () => detacher.DetachAsync("web1", DeviceSelector.Of(DeviceDocument.Parse(Xml)), DomainModificationImpact.Live),
            Throws.Exception.With.Message.Contains("did not let go"));
        Assert.That(_host.QemuDevices, Has.Count.EqualTo(1));
    }

    [TestCase("qmp", "DEVICE_DELETED", """{"path":"/machine/peripheral/vd1/virtio-backend"}""", false)]
    [TestCase("qmp", "DEVICE_DELETED", """{"device":"vd1","path":"/machine/peripheral/vd1"}""", true)]
    [TestCase("device", "removed", "net0", true)]
    [TestCase("device", "removal_failed", "net0", false)]
    public void The_two_ends_of_a_device_are_told_apart(string channel, string name, string data, bool isRemoval) =>
        Assert.That(Unplugging.IsRemoval(new() { Channel = channel, Name = name, Data = data, Arrived = DateTimeOffset.UnixEpoch }), Is.EqualTo(isRemoval));

    [Test]
    public async Task That_it_was_looked_at_does_not_end_the_guest()
    {
        _host.VirtioStates["vdpa-vhost-vdpa-0"] = (true, "DRIVER_OK");

        Assert.That((await AttachAsync(0)).Notes, Has.Some.Contains("domain health"));
        Assert.That(_host.Domains[Uuid].State, Is.EqualTo(DomainState.Running));
    }

    [Test]
    public void What_the_log_says_after_it_was_plugged_in_is_told_and_what_it_said_before_is_not()
    {
        _host.VirtioStates["vdpa-vhost-vdpa-0"] = (true, "DRIVER_OK");
        _host.Log = new() { Lines = ["vhost vdpa map fail!"] };
        _host.Monitor = command =>
        {
            _host.Log = command.Contains("device_add", StringComparison.Ordinal) ? new() { Lines = ["vhost vdpa map fail!", "vhost-vdpa: DMA mapping failed, unable to continue"] } : _host.Log;
            return _host.QemuMonitor(Uuid, command);
        };

        OperationException dead = Assert.ThrowsAsync<OperationException>(() => AttachAsync(0))!;

        Assert.That(dead.Message, Does.Contain("DMA mapping failed").And.Not.Contain("map fail!"));
        Assert.That(dead.Remedy, Does.Contain("hard_limit"));
    }

    [TestCase("/dev/vhost-vdpa-0")]
    [TestCase("vdpa-vhost-vdpa-0")]
    public async Task It_is_unplugged_by_its_node_or_its_id(string word)
    {
        await AttachAsync(0);
        await AttachAsync(1);

        DetachPlan done = await new DeviceDetacher(_host).DetachAsync("web1", DeviceSelector.Parse(word), DomainModificationImpact.Live);

        Assert.That(done.Targets.Single().Alias, Is.EqualTo("vdpa-vhost-vdpa-0"));
        Assert.That(_host.QemuDevices.Keys, Is.EqualTo(new[] { "vdpa-vhost-vdpa-1" }));
    }

    [Test]
    public async Task A_guest_that_ignores_it_keeps_it()
    {
        await AttachAsync(0);
        _host.Guest = GuestAnswer.Ignores;
        var detacher = new DeviceDetacher(_host) { Patience = new() { Deadline = TimeSpan.FromMilliseconds(100), BetweenLooks = TimeSpan.FromMilliseconds(10) } };

        HostDeviceException late = Assert.ThrowsAsync<HostDeviceException>(() => detacher.DetachAsync("web1", DeviceSelector.Of(DeviceDocument.Parse(Xml)), DomainModificationImpact.Live))!;

        Assert.That(late.Problem, Is.EqualTo(HostDeviceProblem.TimedOut));
        Assert.That(_host.QemuDevices, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task In_the_definition_it_is_an_argument_which_goes_without_a_trace()
    {
        string before = _host.Definitions[Uuid];
        await AttachAsync(0, DomainModificationImpact.Config);

        GenericVdpaDevice device = DomainDocument.Parse(_host.Definitions[Uuid]).Devices.OfType<GenericVdpaDevice>().Single();
        Assert.That(device.SourceDevice, Is.EqualTo("/dev/vhost-vdpa-0"));
        Assert.That(_host.QemuDevices, Is.Empty);

        await new DeviceDetacher(_host).DetachAsync("web1", DeviceSelector.Of(DeviceDocument.Parse(Xml)), DomainModificationImpact.Config);
        Assert.That(DomainDocument.Parse(_host.Definitions[Uuid]).Devices.OfType<GenericVdpaDevice>(), Is.Empty);
        Assert.That(ReadBack.Compare(XElement.Parse(_host.Definitions[Uuid]), XElement.Parse(before)), Is.Empty);
    }

    [Test]
    public async Task Twice_is_refused_unless_once_will_do()
    {
        await AttachAsync(0);

        Assert.That(Assert.ThrowsAsync<DefinitionException>(() => AttachAsync(0))!.Message, Does.Contain("has /dev/vhost-vdpa-0 already"));
        DeviceChange change = await new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Xml), DomainModificationImpact.Live, new() { IfNeeded = true });
        Assert.That(change.IsChanged, Is.False);
        Assert.That(_host.QemuDevices, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task The_list_shows_what_only_QEMU_knows_and_what_it_blocks()
    {
        await AttachAsync(0);

        DomainDeviceList list = await DomainDeviceList.ReadAsync(_host, "web1");

        ListedDevice device = list.Devices.Single();
        Assert.That((device.IsKnownToLibvirt, device.Resource, device.GuestAddress, device.Scheme), Is.EqualTo((false, "/dev/vhost-vdpa-0", "pci.2", DeviceScheme.GenericVdpa)));
        Assert.That(device.Migration.Way, Is.EqualTo(MigrationWay.ByDetach));
        Assert.That(device.Migration.Evidence[0], Does.Contain("non-migratable device"));
        Assert.That(list.QemuAsked);
    }

    [Test]
    public void The_list_tells_the_port_of_a_device_on_the_command_line()
    {
        DomainDocument document = DomainDocument.Parse("""
            <domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>web1</name><memory>1024</memory><devices/>
              <qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{"driver":"vhost-vdpa-device-pci","vhostdev":"/dev/vhost-vdpa-0","bus":"pci.6","addr":"0x0"}'/></qemu:commandline>
            </domain>
            """);

        ListedDevice device = DomainDeviceList.List(document, null, [], new(), new Dictionary<string, DeviceHostFacts>(), null).Single();

        Assert.That((device.Resource, device.GuestAddress), Is.EqualTo(("/dev/vhost-vdpa-0", "pci.6")));
    }

    [Test]
    public async Task Where_QEMU_is_not_asked_the_list_says_so()
    {
        await AttachAsync(0);
        DomainDeviceList list = await DomainDeviceList.ReadAsync(_host, "web1", AskQemu.Never);

        Assert.That(list.Devices, Is.Empty);
        Assert.That(list.QemuAsked, Is.False);
        Assert.That(list.Notes.Single(), Does.Contain("QEMU was not asked"));
    }

    private Task<DeviceChange> AttachAsync(int n, DomainModificationImpact impact = DomainModificationImpact.Live) =>
        new DeviceAttacher(_host).AttachAsync("web1", DeviceDocument.Parse(Xml.Replace("vdpa-0", $"vdpa-{n}", StringComparison.Ordinal)), impact);
}
