using System.Globalization;
using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>Guests with each kind of device: made, started, looked at, moved, ended, with the tool alone.</summary>
public sealed class GuestTests
{
    private const string Guest = "v1";

    private string _before = "";

    [SetUp]
    public async Task Remember() => _before = await Machine.LeftAsync();

    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    private static IEnumerable<string> Kinds => DeviceKind.All.Select(kind => kind.Name);

    [TestCaseSource(nameof(Kinds))]
    [AgainIfTheMachineDies]
    public async Task A_guest_moves_with_its_device_and_nothing_is_left_of_it(string name)
    {
        DeviceKind kind = DeviceKind.All.Single(one => one.Name == name);
        string here = await Machine.CreateAsync(kind, VdpaLab.A, "v-a"), there = await Machine.CreateAsync(kind, VdpaLab.B, "v-b");
        await Machine.DefineAsync(VdpaLab.A, Guest, kind, here);
        await Tool.DoAsync("-c", VdpaLab.A, "domain", "start", Guest);
        await Machine.BootedAsync(VdpaLab.A, Guest);
        if (kind.Way == Way.Plugged)
        {
            await AttachAsync(VdpaLab.A, kind, here);
        }

        await WorksAsync(VdpaLab.A, kind);
        Assert.That(await ResourcesAsync(VdpaLab.A), Does.Contain(here));

        string[] migrate = ["migrate", Guest, "--from", VdpaLab.A, "--to", VdpaLab.B], map = ["--map", $"{here}={there}"];
        if (kind.Journey != Journey.WithGuest)
        {
            string[] detach = kind.Journey == Journey.ByHand ? ["--detach-devices"] : [];
            ToolResult check = await Tool.RunAsync([.. migrate, .. map, .. detach, "--check"]);
            Assert.That(check.ExitCode, Is.EqualTo(4), $"{check}");
            Assert.That(check.Output + check.Error, Does.Contain(kind.Journey == Journey.ByHand ? "orchestrator device detach" : "--detach-devices"));
        }

        if (kind.Journey == Journey.ByHand)
        {
            await Tool.DoAsync("-c", VdpaLab.A, "device", "detach", Guest, "--device", here);
            map = [];
        }

        string[] consent = kind.Journey == Journey.Detached ? ["--detach-devices"] : [];
        JsonElement moved = (await Tool.DoAsync([.. migrate, .. map, .. consent, "--timeout", "8m", "--json"])).Json;
        Assert.That(moved.GetProperty("outcome").GetString(), Is.EqualTo("completed"));
        Tell(kind, moved);
        if (kind.Journey == Journey.ByHand)
        {
            await AttachAsync(VdpaLab.B, kind, there);
        }

        Assert.That(await ResourcesAsync(VdpaLab.B), Does.Contain(there).And.Not.Contain(here));
        await WorksAsync(VdpaLab.B, kind);

        await Tool.DoAsync("-c", VdpaLab.B, "domain", "destroy", Guest);
        await Tool.DoAsync("-c", VdpaLab.B, "domain", "undefine", Guest);
        await Machine.DeleteAsync(kind, VdpaLab.A, "v-a");
        await Machine.DeleteAsync(kind, VdpaLab.B, "v-b");
        Assert.That(await Machine.LeftAsync(), Is.EqualTo(_before));
    }

    private static Task<ToolResult> AttachAsync(string host, DeviceKind kind, string resource) =>
        Tool.DoAsync("-c", host, "device", "attach", Guest, Machine.Write("device.xml", Machine.Document(kind, resource)));

    /// <summary>QEMU has started what moves the device's data; where neither it nor the kernel tells (disks, functions), the guest has the device on its bus.</summary>
    private static async Task WorksAsync(string host, DeviceKind kind)
    {
        JsonElement device = (await DevicesAsync(host)).Single(one => one.TryGetProperty("resource", out _) && one.GetProperty("live").GetBoolean());
        if (kind == DeviceKind.Interface || kind == DeviceKind.Generic)
        {
            JsonElement health = (await Tool.DoAsync("-c", host, "--json", "domain", "health", Guest, "--wait", "240s", "--ask-qemu", "always")).Json;
            Assert.That(health.GetProperty("devices").EnumerateArray().Select(one => one.GetProperty("health").GetString()), Is.EqualTo(new[] { "works" }));
        }
        else if (kind.Journey != Journey.WithGuest)
        {
            await Machine.SeesAsync(host, Guest, device.GetProperty("guest_address").GetString()!);
        }
    }

    private static async Task<string[]> ResourcesAsync(string host) =>
        [.. (await DevicesAsync(host)).Select(device => device.TryGetProperty("resource", out JsonElement resource) ? resource.GetString() : null).OfType<string>()];

    private static async Task<JsonElement[]> DevicesAsync(string host) =>
        [.. (await Tool.DoAsync("-c", host, "--json", "device", "list", Guest, "--ask-qemu", "always")).Json.GetProperty("devices").EnumerateArray()];

    /// <summary>A row of the matrix: how the device went, how long the guest stood still, how long it was without the device.</summary>
    private static void Tell(DeviceKind kind, JsonElement moved)
    {
        JsonElement downtime = moved.GetProperty("downtime");
        string without = string.Join(", ", moved.GetProperty("devices").EnumerateArray().Where(device => device.GetProperty("without_ms").ValueKind == JsonValueKind.Number)
            .Select(device => string.Create(CultureInfo.InvariantCulture, $"{device.GetProperty("without_ms").GetDouble():0} ms ± {device.GetProperty("without_uncertainty_ms").GetDouble():0}")));
        Assert.That(without, kind.Journey == Journey.Detached ? Is.Not.Empty : Is.Empty);
        TestContext.Progress.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{kind,-10} {kind.Journey,-9} blackout {downtime.GetProperty("value_ms").GetDouble():0} ms ± {downtime.GetProperty("uncertainty_ms").GetDouble():0} ({downtime.GetProperty("method").GetString()}){(without.Length > 0 ? $", without the device {without}" : "")}"));
    }
}
