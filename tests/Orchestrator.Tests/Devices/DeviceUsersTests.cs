using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

public sealed class DeviceUsersTests
{
    private const string Qemu = "/usr/libexec/qemu-kvm\0-name\0guest=web1,debug-threads=on\0-S\0";

    private static readonly HashSet<string> Nodes = ["/dev/vhost-vdpa-0", "/dev/vfio/12"];

    [Test]
    public void A_process_that_has_a_node_open_is_found_with_its_domain()
    {
        using HostTree host = new HostTree().File("/dev/vhost-vdpa-0").Process(4242, "qemu-kvm", Qemu, "socket:[1]", "/dev/vhost-vdpa-0").Process(1, "systemd", "/sbin/init\0", "/dev/null");
        ILookup<string, DeviceUser> found = DeviceOpeners.Find(host.Files, Nodes).Users;
        Assert.That(found["/dev/vhost-vdpa-0"], Is.EqualTo(new[] { new DeviceUser("web1", 4242, "qemu-kvm") }));
        Assert.That(found["/dev/vfio/12"], Is.Empty);
        Assert.That($"{found["/dev/vhost-vdpa-0"].Single()}", Is.EqualTo("domain web1 (qemu-kvm, pid 4242)"));
    }

    [Test]
    public void A_process_of_this_machine_is_found()
    {
        using FileStream zero = File.OpenRead("/dev/zero");
        Assert.That(DeviceOpeners.Find(new(), new HashSet<string> { "/dev/zero" }).Users["/dev/zero"].Select(user => user.Pid), Does.Contain(Environment.ProcessId));
    }

    [Test]
    public void A_process_that_has_a_node_open_twice_is_one_user()
    {
        using HostTree host = new HostTree().Process(7, "socat", "socat\0", "/dev/vfio/12", "/dev/vfio/12");
        Assert.That(DeviceOpeners.Find(host.Files, Nodes).Users["/dev/vfio/12"].Select(user => $"{user}"), Is.EqualTo(new[] { "socat, pid 7" }));
    }

    [Test]
    public void A_process_that_may_not_be_looked_into_is_not_taken_for_none()
    {
        using HostTree host = new HostTree().Process(7, "socat", "socat\0", "/dev/null").Process(8, "ended", "").Folder("/proc/9/fd");
        Assert.That(DeviceOpeners.Find(host.Files, Nodes).Complete, Is.True);
        host.Closed("/proc/9/fd");
        Assert.That(OrdinaryUser.Does(() => DeviceOpeners.Find(host.Files, Nodes)).Complete, Is.False);
        Assert.That(OrdinaryUser.Does(() => DeviceOpeners.Find(host.Files, new HashSet<string>())).Complete, Is.True, "nothing was looked for");
    }

    [Test]
    public void The_processes_of_this_machine_are_seen_by_root_alone()
    {
        Assert.That(OrdinaryUser.Does(() => DeviceOpeners.Find(new(), Nodes)).Complete, Is.False);
    }

    [Test]
    public async Task What_may_be_in_use_is_listed_so_and_not_touched()
    {
        await using var libvirt = new FakeHost("node1", new ObserverClock(TimeProvider.System));
        using HostTree host = HostTree.Kunpeng("hisi_zip").Vdpa("vdpa0", 3).Closed("/proc/9/fd");
        SriovInventory inventory = OrdinaryUser.Does(() => SriovSysfs.ReadAsync(host.Files).GetAwaiter().GetResult());
        Assert.That(inventory.VirtualFunctions.Select(function => function.UsersKnown), Is.All.False);
        Assert.That(inventory.Filter([], null, free: true).VirtualFunctions, Has.Count.EqualTo(7), "shown, with users_known");
        Refused(() => _ = VfSetup.PlanBind(inventory, ["0000:31:00.1"], "vfio-pci"), "0000:31:00.1");
        Refused(() => _ = VfSetup.PlanCount(inventory, "sec", 1), "0000:35:00.1");
        Refused(() => _ = OrdinaryUser.Does(() => new VdpaDevices(host.Files, new VdpaTool("/nonexistent")).PlanDeleteAsync("vdpa0").GetAwaiter().GetResult()), "the vDPA device vdpa0");

        // libvirt knows its domains.
        Assert.That(OrdinaryUser.Does(() => SriovSysfs.ReadAsync(host.Files, libvirt).GetAwaiter().GetResult()).VirtualFunctions.Select(function => function.UsersKnown), Is.All.True);

        static void Refused(Action action, string device)
        {
            HostDeviceException error = Assert.Throws<HostDeviceException>(action)!;
            Assert.That((error.Problem, error.Message), Is.EqualTo((HostDeviceProblem.PermissionDenied, $"whether {device} is in use cannot be told: this user may not look into all processes")));
            Assert.That(error.Remedy, Does.Contain("root").And.Contain("-c"));
        }
    }

    [Test]
    public void A_node_whose_name_begins_alike_is_another()
    {
        using HostTree host = new HostTree().Process(7, "socat", "socat\0", "/dev/vhost-vdpa-01", "/dev/vhost-vdpa-0 (deleted)");
        Assert.That(DeviceOpeners.Find(host.Files, Nodes).Users, Is.Empty);
    }

    [TestCase("qemu\0-name\0guest=a,,b,debug-threads=on\0", "a,b")]
    [TestCase("qemu\0-name\0guest=a\0", "a")]
    [TestCase("qemu\0-name\0plain\0", null)]
    [TestCase("qemu\0-name", null)]
    [TestCase("", null)]
    [TestCase(null, null)]
    public void A_domain_is_read_from_qemus_command_line(string? commandLine, string? domain) => Assert.That(DeviceOpeners.DomainOf(commandLine), Is.EqualTo(domain));

    [TestCase("<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-3'/></hostdev>", "/dev/vhost-vdpa-3")]
    [TestCase("<interface type='vdpa'><source dev='/dev/vhost-vdpa-3'/></interface>", "/dev/vhost-vdpa-3")]
    [TestCase("<disk type='vhostvdpa' device='disk'><source dev='/dev/vhost-vdpa-3'/></disk>", "/dev/vhost-vdpa-3")]
    [TestCase("<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x31' slot='0x00' function='0x1'/></source></hostdev>", "0000:31:00.1")]
    [TestCase("<hostdev mode='subsystem' type='pci'><source><address bus='0x31' slot='0x00' function='0x1'/></source></hostdev>", "0000:31:00.1")]
    [TestCase("<interface type='hostdev'><source><address type='pci' domain='0x0000' bus='0x41' slot='0x10' function='0x0'/></source></interface>", "0000:41:10.0")]
    [TestCase("<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>", null)]
    [TestCase("<disk type='block'><source dev='/dev/sda'/></disk>", null)]
    public void A_domain_names_its_devices(string device, string? resource) =>
        Assert.That(DomainResources.Of($"<domain><devices>{device}</devices></domain>"), Is.EqualTo(resource is null ? Array.Empty<string>() : [resource]));

    [TestCase("{\"driver\":\"vhost-vdpa-device-pci\",\"vhostdev\":\"/dev/vhost-vdpa-12\",\"id\":\"vd1\"}", "/dev/vhost-vdpa-12")]
    [TestCase("vhost-vdpa-device-pci,vhostdev=/dev/vhost-vdpa-12", "/dev/vhost-vdpa-12")]
    [TestCase("vfio-pci,host=31:00.1,id=x", "0000:31:00.1")]
    [TestCase("{\"driver\":\"vfio-pci\",\"host\":\"0000:31:00.1\"}", "0000:31:00.1")]
    [TestCase("user,hostfwd=tcp::22-:22", null)]
    public void A_device_that_only_qemu_knows_is_named_too(string argument, string? resource) =>
        Assert.That(
            DomainResources.Of($"<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:commandline><q:arg value='{argument}'/></q:commandline></domain>"),
            Is.EqualTo(resource is null ? Array.Empty<string>() : [resource]));

    [Test]
    public async Task Only_a_running_domain_uses_its_devices()
    {
        await using var host = new FakeHost("node1", new ObserverClock(TimeProvider.System));
        Add(host, "web1", DomainState.Running);
        Add(host, "web2", DomainState.Shutoff);
        Add(host, "web3", DomainState.Paused);
        ILookup<string, string> users = await HostDomains.UsersAsync(host, CancellationToken.None);
        Assert.That(users["/dev/vhost-vdpa-0"], Is.EquivalentTo(new[] { "web1", "web3" }));
    }

    [Test]
    public void A_domain_that_is_seen_as_a_process_is_named_once() => Assert.That(
        DeviceUser.Merge([new("web1", 4242, "qemu-kvm")], ["web1", "web3"]), Is.EqualTo(new[] { new DeviceUser("web1", 4242, "qemu-kvm"), new DeviceUser("web3", null, null) }));

    internal static void Add(FakeHost host, string name, DomainState state, string resource = "/dev/vhost-vdpa-0")
    {
        string source = PciAddress.TryParse(resource, out PciAddress pci)
            ? $"<hostdev mode='subsystem' type='pci'><source><address domain='{pci.Domain}' bus='0x{pci.Bus:x}' slot='0x{pci.Slot:x}' function='0x{pci.Function:x}'/></source></hostdev>"
            : $"<hostdev mode='subsystem' type='vdpa'><source dev='{resource}'/></hostdev>";
        var uuid = Guid.NewGuid();
        host.Domains.Add(uuid, new() { Name = name, Uuid = uuid, State = state, Xml = $"<domain type='kvm'><name>{name}</name><devices>{source}</devices></domain>" });
    }
}
