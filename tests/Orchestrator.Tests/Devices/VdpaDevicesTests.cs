using Libvirt.Interop;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Devices;

/// <summary>The whole way, with a tool that plays back and a made sysfs.</summary>
public sealed class VdpaDevicesTests
{
    private const string Add = "dev add name vdpa0 mgmtdev vdpasim_net";

    private static readonly VdpaRequest Request = new() { Name = "vdpa0", ManagementDevice = "vdpasim_net" };

    [Test]
    public async Task The_list_has_what_the_tool_sysfs_and_proc_know()
    {
        using RecordedVdpa tool = Simulators(present: true);
        using HostTree host = new HostTree().Vdpa("vdpa0", 3).Process(4242, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vhost-vdpa-3");
        VdpaDevice device = (await Devices(host, tool).ListAsync()).Single();
        Assert.That((device.Name, device.ManagementDevice, device.CharDevice, device.Mtu, device.Driver), Is.EqualTo(("vdpa0", "vdpasim_net", "/dev/vhost-vdpa-3", (int?)1500, "vhost_vdpa")));
        Assert.That(device.Users, Is.EqualTo(new[] { new DeviceUser("web1", 4242, "qemu-kvm") }));
    }

    [Test]
    public async Task A_tool_without_configurations_lists_devices_without_their_mac()
    {
        using RecordedVdpa tool = Simulators(present: true).Fails("dev config show -j", "Command \"config\" not found");
        using HostTree host = new HostTree().Vdpa("vdpa0", 3);
        VdpaDevice device = (await Devices(host, tool).ListAsync()).Single();
        Assert.That((device.CharDevice, device.Mac), Is.EqualTo(("/dev/vhost-vdpa-3", (string?)null)));
    }

    [Test]
    public async Task A_kernel_that_tells_no_configuration_before_a_driver_is_up_lists_and_makes_devices()
    {
        using RecordedVdpa tool = Simulators(present: false);
        using var host = new HostTree();
        Appears(tool, host, 7, "dev add name vdpa0 mgmtdev vdpasim_net mac 52:54:00:00:00:01 max_vqp 2");
        tool.Fails("dev config show -j", VdpaRecordings.NotNegotiated, """{"config":{}}""");
        VdpaRequest request = Request with { Mac = "52:54:00:00:00:01", MaxVirtqueuePairs = 2 };
        (VdpaDevice device, bool created) = await Devices(host, tool).CreateAsync(request);
        Assert.That((created, device.CharDevice, device.Mac, device.ConfigurationTold), Is.EqualTo((true, "/dev/vhost-vdpa-7", (string?)null, false)));
        HostDeviceException again = Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).CreateAsync(request, ifNeeded: true))!;
        Assert.That((again.Problem, again.Message), Is.EqualTo((
            HostDeviceProblem.Differs,
            "there is a vDPA device vdpa0 already, and it is another: its MAC is not told, not 52:54:00:00:00:01; how many pairs of virtqueues it has is not told, not 2")));
    }

    [Test]
    public void A_failure_after_the_device_was_made_says_that_it_is_there()
    {
        using RecordedVdpa tool = Simulators(present: false);
        using var host = new HostTree();
        Appears(tool, host, 7);
        string made = RecordedVdpa.Quote(host.Real("/sys/devices/vdpa0"));
        tool.Does("dev show -j", $"if [ -e {made} ]; then echo 'kernel answers: Operation not permitted' >&2; exit 1; else echo {RecordedVdpa.Quote(RecordedVdpa.NoDevices)}; fi");
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).CreateAsync(Request))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Degraded));
        Assert.That(error.Message, Does.StartWith("the vDPA device vdpa0 was made, but").And.Contain("Operation not permitted"));
        Assert.That(error.Remedy, Does.Contain("orchestrator vdpa delete vdpa0"));
    }

    [Test]
    public void A_module_that_is_not_loaded_is_named()
    {
        using RecordedVdpa tool = new RecordedVdpa().Fails("dev show -j", "Failed to connect to vdpa Netlink", RecordedVdpa.NoDevices);
        using var host = new HostTree();
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).ListAsync())!;
        Assert.That((error.Problem, error.Remedy), Is.EqualTo((HostDeviceProblem.ModuleNotLoaded, (string?)"Load the kernel's vDPA bus: modprobe vdpa (and the vendor's driver, and vhost_vdpa).")));
    }

    [Test]
    public async Task A_new_device_is_looked_up_again()
    {
        using RecordedVdpa tool = Simulators(present: false);
        using var host = new HostTree();
        Appears(tool, host, 7);
        (VdpaDevice device, bool created) = await Devices(host, tool).CreateAsync(Request);
        Assert.That((created, device.CharDevice), Is.EqualTo((true, "/dev/vhost-vdpa-7")));
        Assert.That(tool.Calls, Does.Contain(Add));
    }

    [Test]
    public async Task A_plan_changes_nothing()
    {
        using RecordedVdpa tool = Simulators(present: false);
        using var host = new HostTree();
        Assert.That(await Devices(host, tool).PlanCreateAsync(Request), Is.EqualTo(new[] { "vdpa dev add name vdpa0 mgmtdev vdpasim_net" }));
        Assert.That(tool.Calls.Where(call => call.StartsWith("dev add", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task The_same_device_will_do()
    {
        using RecordedVdpa tool = Simulators(present: true);
        using HostTree host = new HostTree().Vdpa("vdpa0", 3);
        (VdpaDevice device, bool created) = await Devices(host, tool).CreateAsync(Request with { Mtu = 1500 }, ifNeeded: true);
        Assert.That((created, device.CharDevice), Is.EqualTo((false, "/dev/vhost-vdpa-3")));
        Assert.That(tool.Calls.Where(call => call.StartsWith("dev add", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void A_device_that_came_out_otherwise_is_told()
    {
        using RecordedVdpa tool = Simulators(present: false);
        using var host = new HostTree();
        Appears(tool, host, 7, "dev add name vdpa0 mgmtdev vdpasim_net mac 52:54:00:00:00:01");
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).CreateAsync(Request with { Mac = "52:54:00:00:00:01" }))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Degraded));
        Assert.That(error.Message, Does.Contain("its MAC is 00:00:00:00:00:00, not 52:54:00:00:00:01"));
    }

    [Test]
    public void A_device_without_a_character_device_is_told_with_the_reason()
    {
        using RecordedVdpa tool = Simulators(present: true);
        using HostTree host = new HostTree().Vdpa("vdpa0", null, driver: "virtio_vdpa");
        VdpaDevices devices = new(host.Files, new VdpaTool(tool.SearchPath)) { Patience = TimeSpan.Zero };
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => devices.CreateAsync(Request, ifNeeded: true))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Degraded));
        Assert.That(error.Message, Does.Contain("the driver virtio_vdpa has it"));
        Assert.That(error.Remedy, Does.Contain("/sys/bus/vdpa/drivers/virtio_vdpa/unbind"));
    }

    [Test]
    public void An_invalid_request_asks_the_tool_nothing()
    {
        using RecordedVdpa tool = Simulators(present: false);
        using var host = new HostTree();
        Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).CreateAsync(Request with { Name = "a/b" }));
        Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).DeleteAsync("a/b"));
        Assert.That(tool.Calls, Is.Empty);
    }

    [Test]
    public async Task A_device_that_nobody_uses_is_deleted()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 3);
        using RecordedVdpa tool = new RecordedVdpa().Does("dev del vdpa0", $"rm {RecordedVdpa.Quote(host.Real("/sys/bus/vdpa/devices/vdpa0"))}");
        Assert.That(await Devices(host, tool).PlanDeleteAsync("vdpa0"), Is.EqualTo(new[] { "vdpa dev del vdpa0" }));
        Assert.That(await Devices(host, tool).DeleteAsync("vdpa0"), Is.True);
        Assert.That(await Devices(host, tool).DeleteAsync("vdpa0", ifNeeded: true), Is.False);
        Assert.That(tool.Calls, Is.EqualTo(new[] { "dev del vdpa0" }));
    }

    [Test]
    public async Task A_device_with_a_name_that_is_not_ours_to_give_is_deleted_too()
    {
        using HostTree host = new HostTree().Vdpa("a!b", 3).Vdpa("-j", 4);
        using var tool = new RecordedVdpa();
        Assert.That(await Devices(host, tool).PlanDeleteAsync("a!b"), Is.EqualTo(new[] { "vdpa dev del a!b" }));
        Assert.That(Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).PlanDeleteAsync("-j"))!.Problem, Is.EqualTo(HostDeviceProblem.InvalidInput));
    }

    [Test]
    public void A_device_that_a_process_has_open_is_not_deleted()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 3).Process(4242, "qemu-kvm", "qemu\0", "/dev/vhost-vdpa-3");
        using var tool = new RecordedVdpa();
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).DeleteAsync("vdpa0", ifNeeded: true))!;
        Assert.That((error.Problem, error.Message), Is.EqualTo((HostDeviceProblem.InUse, "the vDPA device vdpa0 is in use by qemu-kvm, pid 4242")));
        Assert.That(tool.Calls, Is.Empty);
    }

    [Test]
    public async Task A_device_that_a_running_domain_names_is_not_deleted()
    {
        await using var libvirt = new FakeHost("node1", new ObserverClock(TimeProvider.System));
        DeviceUsersTests.Add(libvirt, "web1", DomainState.Running, "/dev/vhost-vdpa-3");
        using HostTree host = new HostTree().Vdpa("vdpa0", 3);
        using var tool = new RecordedVdpa();
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => new VdpaDevices(host.Files, new VdpaTool(tool.SearchPath), libvirt).DeleteAsync("vdpa0"))!;
        Assert.That((error.Problem, error.Message), Is.EqualTo((HostDeviceProblem.InUse, "the vDPA device vdpa0 is in use by domain web1")));
        Assert.That(tool.Calls, Is.Empty);
    }

    [Test]
    public void A_deletion_that_changes_nothing_is_an_error()
    {
        using HostTree host = new HostTree().Vdpa("vdpa0", 3);
        using RecordedVdpa tool = new RecordedVdpa().Answers("dev del vdpa0", "");
        Assert.That(Assert.ThrowsAsync<HostDeviceException>(() => Devices(host, tool).DeleteAsync("vdpa0"))!.Message, Does.Contain("still there"));
    }

    private static VdpaDevices Devices(HostTree host, RecordedVdpa tool) => new(host.Files, new VdpaTool(tool.SearchPath));

    private static RecordedVdpa Simulators(bool present)
    {
        RecordedVdpa tool = RecordedVdpa.Simulators();
        return present ? tool.Answers("dev show -j", VdpaRecordings.Devices).Answers("dev config show -j", VdpaRecordings.Configuration) : tool;
    }

    /// <summary>The addition makes the device: in sysfs at once, in what the tool shows from then on.</summary>
    private static void Appears(RecordedVdpa tool, HostTree host, int number, string add = Add)
    {
        string folder = host.Real("/sys/devices/vdpa0");
        tool.Does("dev show -j", $"if [ -e {RecordedVdpa.Quote(folder)} ]; then echo {RecordedVdpa.Quote(VdpaRecordings.Devices)}; else echo {RecordedVdpa.Quote(RecordedVdpa.NoDevices)}; fi");
        tool.Answers("dev config show -j", VdpaRecordings.Configuration);
        host.Folder("/sys/bus/vdpa/devices").Folder("/sys/bus/vdpa/drivers/vhost_vdpa").Folder("/dev");
        tool.Does(
            add,
            $"mkdir -p {RecordedVdpa.Quote($"{folder}/vhost-vdpa-{number}")}\nln -s /sys/bus/vdpa/drivers/vhost_vdpa {RecordedVdpa.Quote($"{folder}/driver")}\n"
            + $": > {RecordedVdpa.Quote(host.Real($"/dev/vhost-vdpa-{number}"))}\nln -s ../../../devices/vdpa0 {RecordedVdpa.Quote(host.Real("/sys/bus/vdpa/devices/vdpa0"))}");
    }
}
