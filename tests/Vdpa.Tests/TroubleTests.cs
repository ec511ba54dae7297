using System.Diagnostics;
using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>What goes wrong with devices on a real kernel, and is told or mended.</summary>
public sealed class TroubleTests
{
    private const string Guest = "trouble";

    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    [Test]
    [AgainIfTheMachineDies]
    public async Task A_card_whose_rings_the_kernel_refuses_is_told_of_before_and_found_dead()
    {
        await SimulatorsAsync("queue_max=256");
        try
        {
            string node = await Machine.CreateAsync(DeviceKind.Interface, VdpaLab.A, "t-a");
            await Machine.DefineAsync(VdpaLab.A, Guest, new GivenDevice(DeviceKind.Interface, node));
            ToolResult started = await Tool.RunAsync("-c", VdpaLab.A, "domain", "start", Guest);
            Assert.That(started.Output + started.Error, Does.Contain("256 entries"));
            await Machine.BootedAsync(VdpaLab.A, Guest);

            ToolResult health = await Tool.RunAsync("-c", VdpaLab.A, "--json", "domain", "health", Guest, "--ask-qemu", "always", "--wait", "240s");
            Assert.That(health.ExitCode, Is.EqualTo(6), $"{health}");
            Assert.That(health.Json.GetProperty("devices")[0].GetProperty("health").GetString(), Is.EqualTo("dead"));
            Assert.That(health.Output, Does.Contain("vhost_set_vring_num failed").And.Contain("1024"));
        }
        finally
        {
            await Machine.CleanAsync();
            await SimulatorsAsync("");
        }
    }

    [Test]
    [AgainIfTheMachineDies]
    public async Task A_migration_that_is_killed_with_its_devices_out_is_put_in_order_by_recover()
    {
        DeviceKind kind = DeviceKind.Function;
        string here = await Machine.CreateAsync(kind, VdpaLab.A, "t-a"), there = await Machine.CreateAsync(kind, VdpaLab.B, "t-b");
        await Machine.DefineAsync(VdpaLab.A, Guest, new GivenDevice(kind, here));
        await Tool.DoAsync("-c", VdpaLab.A, "domain", "start", Guest);
        await Machine.BootedAsync(VdpaLab.A, Guest);
        using (Process migrate = Tool.Start("--json", "migrate", Guest, "--from", VdpaLab.A, "--to", VdpaLab.B, "--map", $"{here}={there}", "--detach-devices", "--timeout", "8m"))
        {
            string? line;
            do
            {
                line = await migrate.StandardError.ReadLineAsync();
                Assert.That(line, Is.Not.Null, "it ended before it had the guest migrated");
            }
            while (!line!.Contains("\"migrating\"", StringComparison.Ordinal));

            migrate.Kill();
            await Tool.EndAsync(migrate);
        }

        await Tool.DoAsync("recover");
        string[] running = [.. (await Task.WhenAll(new[] { VdpaLab.A, VdpaLab.B }.Select(RunsAsync))).OfType<string>()];
        Assert.That(running, Has.Length.EqualTo(1), "it runs once");
        JsonElement devices = (await Tool.DoAsync("-c", running[0], "--json", "device", "list", Guest)).Json.GetProperty("devices");
        Assert.That(devices.EnumerateArray().Any(device => device.TryGetProperty("resource", out JsonElement resource) && resource.GetString() == (running[0] == VdpaLab.A ? here : there)
            && device.GetProperty("live").GetBoolean()), $"{devices}");

        static async Task<string?> RunsAsync(string host) => (await VdpaLab.ShellAsync(host, "virsh list --state-running --name")).Contains(Guest, StringComparison.Ordinal) ? host : null;
    }

    /// <summary>Loads the simulators anew; nothing may use one.</summary>
    private static Task<string> SimulatorsAsync(string parameters) =>
        VdpaLab.ShellAsync(VdpaLab.A, $"modprobe -r vdpa_sim_net vdpa_sim_blk && modprobe vdpa_sim {parameters} && modprobe -a vdpa_sim_net vdpa_sim_blk");
}
