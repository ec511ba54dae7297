using System.Diagnostics;
using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>What somebody pulls out: each ends with a clear error and an exit code that says whose turn it is.</summary>
public sealed class PulledPlugTests
{
    [Test]
    public async Task A_wrong_key_is_told_from_a_host_that_is_down()
    {
        await Tool.ProgramAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(VdpaLab.Files, "other")]);
        string config = Config("wrong-key", text => text.Replace(Path.Combine(Path.GetDirectoryName(VdpaLab.SshConfig)!, "user"), Path.Combine(VdpaLab.Files, "other"), StringComparison.Ordinal));

        await RefusedAsync(config, ["vdpa", "list"], 3, "Permission denied");
        await RefusedAsync(config, ["domain", "list"], 3, "Permission denied");
    }

    [Test]
    public async Task A_host_whose_key_has_changed_is_not_talked_to()
    {
        string known = Path.Combine(Path.GetDirectoryName(VdpaLab.SshConfig)!, "known_hosts"), other = Path.Combine(VdpaLab.Files, "changed");
        await Tool.ProgramAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(VdpaLab.Files, "changed-key")]);
        await File.WriteAllTextAsync(other, $"{(await File.ReadAllTextAsync(known)).Split(' ')[0]} {await File.ReadAllTextAsync(Path.Combine(VdpaLab.Files, "changed-key.pub"))}");
        string config = Config("changed-key", text => text.Replace(known, other, StringComparison.Ordinal));

        await RefusedAsync(config, ["vdpa", "list"], 3, "REMOTE HOST IDENTIFICATION HAS CHANGED");
        await RefusedAsync(config, ["domain", "list"], 3, "REMOTE HOST IDENTIFICATION HAS CHANGED");
    }

    [Test]
    public async Task A_missing_tool_is_named_with_its_package()
    {
        string path = (await VdpaLab.ShellAsync(VdpaLab.A, "readlink -f $(command -v vdpa)")).Trim();
        await VdpaLab.ShellAsync(VdpaLab.A, $"mv {path} {path}.away");
        try
        {
            ToolResult result = await Tool.RunAsync("-c", VdpaLab.A, "--json", "vdpa", "mgmt");
            Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
            Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("tool_missing"));
            Assert.That(result.Json.GetProperty("error").GetProperty("host").GetString(), Is.EqualTo(VdpaLab.A));
            Assert.That(result.Json.GetProperty("error").GetProperty("remedy").GetString(), Does.Contain("iproute2"));
        }
        finally
        {
            await VdpaLab.ShellAsync(VdpaLab.A, $"mv {path}.away {path}");
        }
    }

    [Test]
    public async Task A_module_that_is_not_loaded_is_named()
    {
        await VdpaLab.ShellAsync(VdpaLab.A, "modprobe -r vdpa_sim_net vdpa_sim_blk vduse vp_vdpa vhost_vdpa virtio_vdpa; rmmod vdpa_sim vdpa 2>/dev/null; ! grep -q '^vdpa ' /proc/modules");
        try
        {
            ToolResult result = await Tool.RunAsync("-c", VdpaLab.A, "--json", "vdpa", "mgmt");
            Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
            Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("module_not_loaded"));
            Assert.That(result.Json.GetProperty("error").GetProperty("remedy").GetString(), Does.Contain("modprobe"));
        }
        finally
        {
            await VdpaLab.ShellAsync(
                VdpaLab.A,
                "modprobe -a vhost_vdpa vdpa_sim_net vdpa_sim_blk vduse vp_vdpa; for f in 0000:42:00.0 0000:43:00.0; do [ -e /sys/bus/pci/devices/$f/driver ] || echo $f >/sys/bus/pci/drivers_probe; done");
        }
    }

    [Test]
    public async Task A_machine_that_dies_under_a_command_is_a_host_that_is_lost()
    {
        using Process watch = Tool.Start("-c", VdpaLab.A, "--json", "domain", "watch", "--until", "reconnected", "--for", "7m");
        Assert.That(await watch.StandardOutput.ReadLineAsync(), Does.Contain("\"connected\""));
        using Process check = Tool.Start("host", "check", VdpaLab.A);
        ToolResult checkedHost;
        try
        {
            // The check is at work when the machine has heard from it, too.
            for (long start = Stopwatch.GetTimestamp(); (await VdpaLab.ShellAsync(VdpaLab.A, "pgrep -c virt-ssh-helper || true")).Trim() is "0" or "1";)
            {
                Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromMinutes(2)), "the check did not reach the machine");
            }

            VdpaLab.KillMachine();
            checkedHost = await Tool.EndAsync(check);
            ToolResult next = await Tool.RunAsync("-c", VdpaLab.A, "vdpa", "list");
            Assert.That(next.ExitCode, Is.EqualTo(3), $"{next}");
        }
        finally
        {
            VdpaLab.KillMachine();
            await VdpaLab.BringUpAgainAsync();
        }

        Assert.That(checkedHost.ExitCode, Is.EqualTo(3), $"{checkedHost}");
        Assert.That(checkedHost.Error, Does.Contain(VdpaLab.A));

        // Who watches is told, and sees it come back.
        ToolResult watched = await Tool.EndAsync(watch);
        Assert.That(watched.ExitCode, Is.Zero, $"{watched}");
        Assert.That(watched.Output, Does.Contain("\"connection_lost\""));
    }

    private static async Task RefusedAsync(string config, string[] command, int code, string says)
    {
        string wrapper = Machine.Write("ssh-wrapper", $"#!/bin/sh\nexec ssh -F '{config}' \"$@\"\n");
        File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string hosts = Machine.Write("hosts.yaml", $"""
            hosts:
              pulled:
                uri: qemu+ssh://root@{VdpaLab.A}/system?command={wrapper}
                side_channel:
                  ssh: root@{VdpaLab.A}
                  ssh_config: {config}
            """);
        ToolResult result = await Tool.RunAsync(new Dictionary<string, string> { ["ORCHESTRATOR_CONFIG"] = hosts }, ["-c", "pulled", "--json", .. command]);
        Assert.That(result.ExitCode, Is.EqualTo(code), $"{result}");
        JsonElement error = result.Json.GetProperty("error");
        Assert.That(error.GetProperty("host").GetString(), Is.EqualTo("pulled"));
        Assert.That(error.GetProperty("message").GetString(), Does.Contain(says));
    }

    private static string Config(string name, Func<string, string> change)
    {
        string text = File.ReadAllText(VdpaLab.SshConfig), changed = change(text);
        Assert.That(changed, Is.Not.EqualTo(text));
        return Machine.Write(name, changed);
    }
}
