using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>The same without root: an account in libvirt's group, whose sudo has what samples/sudoers lists and nothing else.</summary>
public sealed class RootlessTests
{
    private static Dictionary<string, string> Account()
    {
        string hosts = Machine.Write("ops.yaml", $"""
            hosts:
              ops:
                uri: qemu+ssh://ops@{VdpaLab.A}/system?command={VdpaLab.SshProgram}
                side_channel:
                  ssh: ops@{VdpaLab.A}
                  ssh_config: {VdpaLab.SshConfig}
                  sudo: true
              nosudo:
                uri: qemu+ssh://ops@{VdpaLab.A}/system?command={VdpaLab.SshProgram}
                side_channel:
                  ssh: ops@{VdpaLab.A}
                  ssh_config: {VdpaLab.SshConfig}
                  sudo: false
            """);
        return new() { ["ORCHESTRATOR_CONFIG"] = hosts };
    }

    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    [Test]
    [AgainIfTheMachineDies]
    public async Task Devices_are_made_used_and_deleted()
    {
        Dictionary<string, string> account = Account();
        ToolResult created = await Tool.RunAsync(account, ["-c", "ops", "--json", "vdpa", "create", "v0", .. DeviceKind.Interface.Devices]);
        Assert.That(created.ExitCode, Is.Zero, $"{created}");
        string node = created.Json.GetProperty("device").GetProperty("char_device").GetString()!;

        await Machine.DefineAsync(VdpaLab.A, "holder", new GivenDevice(DeviceKind.Interface, node));
        ToolResult started = await Tool.RunAsync(account, "-c", "ops", "domain", "start", "holder");
        Assert.That(started.ExitCode, Is.Zero, $"{started}");
        await Machine.BootedAsync(VdpaLab.A, "holder");

        ToolResult refused = await Tool.RunAsync(account, "-c", "ops", "--json", "vdpa", "delete", "v0");
        Assert.That(refused.ExitCode, Is.EqualTo(4), $"{refused}");
        Assert.That(refused.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("in_use"));

        Assert.That((await Tool.RunAsync(account, "-c", "ops", "domain", "destroy", "holder")).ExitCode, Is.Zero);
        ToolResult deleted = await Tool.RunAsync(account, "-c", "ops", "vdpa", "delete", "v0");
        Assert.That(deleted.ExitCode, Is.Zero, $"{deleted}");
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "ls /sys/bus/vdpa/devices")).Trim(), Is.Empty);
    }

    [Test]
    public async Task Functions_are_made_and_taken_away()
    {
        Dictionary<string, string> account = Account();
        ToolResult enabled = await Tool.RunAsync(account, "-c", "ops", "vf", "enable", Machine.Card, "--count", "1");
        Assert.That(enabled.ExitCode, Is.Zero, $"{enabled}");
        ToolResult bound = await Tool.RunAsync(account, "-c", "ops", "vf", "bind", "0000:41:10.0", "--driver", "vfio-pci");
        Assert.That(bound.ExitCode, Is.Zero, $"{bound}");
        ToolResult disabled = await Tool.RunAsync(account, "-c", "ops", "vf", "enable", Machine.Card, "--count", "0");
        Assert.That(disabled.ExitCode, Is.Zero, $"{disabled}");
    }

    [Test]
    public async Task Without_sudo_a_change_is_refused_and_the_sample_named()
    {
        ToolResult refused = await Tool.RunAsync(Account(), ["-c", "nosudo", "--json", "vdpa", "create", "v0", .. DeviceKind.Interface.Devices]);
        Assert.That(refused.ExitCode, Is.EqualTo(3), $"{refused}");
        JsonElement error = refused.Json.GetProperty("error");
        Assert.That(error.GetProperty("code").GetString(), Is.EqualTo("permission_denied"));
        Assert.That(error.GetProperty("remedy").GetString(), Does.Contain("samples/sudoers/orchestrator"));
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "ls /sys/bus/vdpa/devices")).Trim(), Is.Empty);
    }

    [Test]
    public async Task Host_check_tells_which_methods_this_account_has()
    {
        ToolResult report = await Tool.RunAsync(Account(), "--json", "host", "check", "ops");
        Assert.That(report.ExitCode, Is.Zero, $"{report}");
        string[] methods = [.. report.Json.GetProperty("checks").EnumerateArray()
            .Where(check => check.GetProperty("id").GetString()!.StartsWith("method-", StringComparison.Ordinal) && check.GetProperty("result").GetString() == "pass")
            .Select(check => check.GetProperty("id").GetString()!)];
        Assert.That(methods, Is.SupersetOf(new[] { "method-trace", "method-qmp", "method-libvirt", "method-observer" }));
    }
}
