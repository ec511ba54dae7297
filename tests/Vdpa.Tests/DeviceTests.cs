using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>Devices of the machine over SSH, with what the kernel takes and should not.</summary>
public sealed class DeviceTests
{
    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    [Test]
    public async Task Management_devices_are_the_simulators_and_the_cards()
    {
        JsonElement list = (await Tool.DoAsync("-c", VdpaLab.A, "--json", "vdpa", "mgmt")).Json.GetProperty("management_devices");
        Assert.That(
            list.EnumerateArray().Select(device => (device.GetProperty("name").GetString(), device.GetProperty("numa_node").ValueKind == JsonValueKind.Null ? -1 : device.GetProperty("numa_node").GetInt32())),
            Is.SupersetOf(new[] { ("vdpasim_net", -1), ("vdpasim_blk", -1), ("vduse", -1), ("pci/0000:42:00.0", 1), ("pci/0000:43:00.0", 1) }));
    }

    [Test]
    public async Task A_device_is_made_told_of_and_deleted()
    {
        string node = await Machine.CreateAsync(DeviceKind.Interface, VdpaLab.A, "v0");

        JsonElement device = await Machine.DeviceAsync(VdpaLab.A, "v0");
        Assert.That(device.GetProperty("class").GetString(), Is.EqualTo("net"));
        Assert.That(device.GetProperty("management_device").GetString(), Is.EqualTo("vdpasim_net"));
        Assert.That(device.GetProperty("mac").GetString(), Is.EqualTo(DeviceKind.Mac));
        Assert.That(device.GetProperty("driver").GetString(), Is.EqualTo("vhost_vdpa"));
        Assert.That(device.GetProperty("max_virtqueue_size").GetInt32(), Is.EqualTo(1024));
        Assert.That(device.GetProperty("users").GetArrayLength(), Is.Zero);
        Assert.That(await VdpaLab.ShellAsync(VdpaLab.A, $"stat -c '%G %a' {node}"), Is.EqualTo("kvm 660\n"), "the udev rule of host check");

        ToolResult again = await Tool.RunAsync("-c", VdpaLab.A, "--json", "vdpa", "create", "v0", "--mgmtdev", "vdpasim_net");
        Assert.That(again.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("already_exists").Or.EqualTo("differs"));

        await Tool.DoAsync("-c", VdpaLab.A, "vdpa", "delete", "v0");
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "ls /sys/bus/vdpa/devices")).Trim(), Is.Empty);
    }

    [TestCase(2, "a/b", "--mgmtdev", "vdpasim_net")]
    [TestCase(2, "v0", "--mgmtdev", "vdpasim_net", "--mac", "00:00:00:00:00:00")]
    [TestCase(4, "v0", "--mgmtdev", "pci/0000:49:00.0")]
    public async Task What_the_kernel_would_mangle_or_lacks_is_refused(int code, string name, params string[] arguments)
    {
        ToolResult result = await Tool.RunAsync(["-c", VdpaLab.A, "vdpa", "create", name, .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(code), $"{result}");
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "ls /sys/bus/vdpa/devices")).Trim(), Is.Empty);
    }

    [Test]
    public async Task A_second_device_on_one_function_is_refused()
    {
        await Tool.DoAsync("-c", VdpaLab.A, "vdpa", "create", "v0", "--mgmtdev", "pci/0000:42:00.0");
        ToolResult result = await Tool.RunAsync("-c", VdpaLab.A, "vdpa", "create", "v1", "--mgmtdev", "pci/0000:42:00.0");
        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "ls /sys/bus/vdpa/devices")).Trim(), Is.EqualTo("v0"));
    }

    [Test]
    [AgainIfTheMachineDies]
    public async Task A_device_of_a_running_guest_is_not_deleted_and_the_kernel_not_asked()
    {
        string node = await Machine.CreateAsync(DeviceKind.Interface, VdpaLab.A, "v0");
        await Machine.DefineAsync(VdpaLab.A, "holder", new GivenDevice(DeviceKind.Interface, node));
        await Tool.DoAsync("-c", VdpaLab.A, "domain", "start", "holder");
        await Machine.BootedAsync(VdpaLab.A, "holder");

        ToolResult result = await Tool.RunAsync("-c", VdpaLab.A, "--json", "vdpa", "delete", "v0");
        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("in_use"));
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("holder"));

        // Had the kernel been asked, every command of the tool would hang now.
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "timeout 20 vdpa dev show")), Does.StartWith("v0:"));
    }

    [Test]
    public async Task Functions_of_a_card_are_made_bound_and_taken_away()
    {
        await Tool.DoAsync("-c", VdpaLab.A, "vf", "enable", Machine.Card, "--count", "2");
        await Tool.DoAsync("-c", VdpaLab.A, "vf", "bind", "0000:41:10.0", "--driver", "vfio-pci");

        JsonElement functions = (await Tool.DoAsync("-c", VdpaLab.A, "--json", "vf", "list", "--all")).Json.GetProperty("virtual_functions");
        Assert.That(
            functions.EnumerateArray().Select(function => (function.GetProperty("address").GetString(), function.GetProperty("driver").GetString(), function.GetProperty("numa_node").GetInt32())),
            Does.Contain(("0000:41:10.0", "vfio-pci", 1)));

        await Tool.DoAsync("-c", VdpaLab.A, "vf", "enable", Machine.Card, "--count", "0");
        Assert.That(await VdpaLab.ShellAsync(VdpaLab.A, $"cat /sys/bus/pci/devices/{Machine.Card}/sriov_numvfs"), Is.EqualTo("0\n"));
    }

    [Test]
    public async Task A_host_check_over_SSH_leaves_nothing_of_the_layers_unknown()
    {
        await Machine.CreateAsync(DeviceKind.Interface, VdpaLab.A, "v0");
        JsonElement report = (await Tool.DoAsync("--json", "host", "check", VdpaLab.A, "--need", "vdpa")).Json;
        string[] unknown = [.. report.GetProperty("checks").EnumerateArray()
            .Where(check => check.GetProperty("result").GetString() == "unknown").Select(check => check.GetProperty("id").GetString()!)];
        Assert.That(unknown, Is.SubsetOf(new[] { "kae-pf-driver", "kae-vf-driver", "kae-sriov", "method-guest", "clock" }));
    }
}
