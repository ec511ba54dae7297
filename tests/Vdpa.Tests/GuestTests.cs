using System.Globalization;
using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>Guests with each kind of device: made, started, looked at, moved, ended, with the tool alone.</summary>
public sealed class GuestTests
{
    private const string Guest = "v1";
    private const string Every = "every kind";

    private string _before = "";

    [SetUp]
    public async Task Remember() => _before = await Machine.LeftAsync();

    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    // All of them at once are what CI has the time for.
    private static IEnumerable<TestCaseData> Cases => [new TestCaseData(Every).SetCategory("Sample"), .. DeviceKind.All.Select(kind => new TestCaseData(kind.Name))];

    [TestCaseSource(nameof(Cases))]
    [AgainIfTheMachineDies]
    public async Task A_guest_moves_with_its_device_and_nothing_is_left_of_it(string name)
    {
        DeviceKind[] kinds = [.. DeviceKind.All.Where(kind => name == Every || name == kind.Name)];
        List<GivenDevice> here = [], there = [];
        foreach (DeviceKind kind in kinds)
        {
            here.Add(new(kind, await Machine.CreateAsync(kind, VdpaLab.A, $"{kind}-a")));
            there.Add(new(kind, await Machine.CreateAsync(kind, VdpaLab.B, $"{kind}-b")));
        }

        await Machine.DefineAsync(VdpaLab.A, Guest, here);
        await Tool.DoAsync("-c", VdpaLab.A, "domain", "start", Guest);
        await Machine.BootedAsync(VdpaLab.A, Guest);
        await AttachAsync(VdpaLab.A, here.Where(device => device.Kind.Way == Way.Plugged));
        await WorkAsync(VdpaLab.A, here);

        string[] migrate = ["migrate", Guest, "--from", VdpaLab.A, "--to", VdpaLab.B];
        string[] map = [.. here.Zip(there).Where(pair => pair.First.Kind.Journey != Journey.ByHand).SelectMany(pair => (string[])["--map", $"{pair.First.Resource}={pair.Second.Resource}"])];
        List<GivenDevice> byHand = [.. here.Where(device => device.Kind.Journey == Journey.ByHand)];
        if (byHand.Count > 0)
        {
            await RefusedAsync([.. migrate, .. map, "--detach-devices", "--check"], "orchestrator device detach");
        }

        foreach (GivenDevice device in byHand)
        {
            await Tool.DoAsync("-c", VdpaLab.A, "device", "detach", Guest, "--device", device.Resource);
        }

        bool areDetached = kinds.Any(kind => kind.Journey == Journey.Detached);
        if (areDetached)
        {
            await RefusedAsync([.. migrate, .. map, "--check"], "--detach-devices");
        }

        string[] consent = areDetached ? ["--detach-devices"] : [];
        JsonElement moved = (await Tool.DoAsync([.. migrate, .. map, .. consent, "--timeout", "8m", "--json"])).Json;
        Assert.That(moved.GetProperty("outcome").GetString(), Is.EqualTo("completed"));
        Tell(kinds, moved);
        await AttachAsync(VdpaLab.B, there.Where(device => device.Kind.Journey == Journey.ByHand));
        await WorkAsync(VdpaLab.B, there);

        await Tool.DoAsync("-c", VdpaLab.B, "domain", "destroy", Guest);
        await Tool.DoAsync("-c", VdpaLab.B, "domain", "undefine", Guest);
        foreach (DeviceKind kind in kinds)
        {
            await Machine.DeleteAsync(kind, VdpaLab.A, $"{kind}-a");
            await Machine.DeleteAsync(kind, VdpaLab.B, $"{kind}-b");
        }

        Assert.That(await Machine.LeftAsync(), Is.EqualTo(_before));
    }

    private static async Task RefusedAsync(string[] migrate, string remedy)
    {
        ToolResult check = await Tool.RunAsync(migrate);
        Assert.That(check.ExitCode, Is.EqualTo(4), $"{check}");
        Assert.That(check.Output + check.Error, Does.Contain(remedy));
    }

    private static async Task AttachAsync(string host, IEnumerable<GivenDevice> devices)
    {
        foreach ((DeviceKind kind, string resource) in devices)
        {
            await Tool.DoAsync("-c", host, "device", "attach", Guest, Machine.Write("device.xml", Machine.Document(kind, resource)));
        }
    }

    /// <summary>The guest has these devices and can use them, and of cards QEMU says so, too.</summary>
    private static async Task WorkAsync(string host, IReadOnlyList<GivenDevice> given)
    {
        Dictionary<string, JsonElement> devices = (await DevicesAsync(host)).Where(device => device.TryGetProperty("resource", out _) && device.GetProperty("live").GetBoolean())
            .ToDictionary(device => device.GetProperty("resource").GetString()!);
        Assert.That(devices.Keys, Is.EquivalentTo(given.Select(device => device.Resource)));

        string[] told = [.. given.Where(device => device.Kind == DeviceKind.Interface || device.Kind == DeviceKind.Generic).Select(device => device.Resource)];
        if (told.Length > 0)
        {
            JsonElement health = (await Tool.DoAsync("-c", host, "--json", "domain", "health", Guest, "--wait", "240s", "--ask-qemu", "always")).Json;
            Assert.That(
                health.GetProperty("devices").EnumerateArray().Where(one => one.GetProperty("health").GetString() == "works").Select(one => one.GetProperty("resource").GetString()), Is.SupersetOf(told), $"{health}");
        }

        foreach ((DeviceKind kind, string resource) in given)
        {
            await Machine.WorksAsync(host, Guest, kind, devices[resource].GetProperty("guest_address").GetString()!);
        }
    }

    private static async Task<JsonElement[]> DevicesAsync(string host) =>
        [.. (await Tool.DoAsync("-c", host, "--json", "device", "list", Guest, "--ask-qemu", "always")).Json.GetProperty("devices").EnumerateArray()];

    /// <summary>A row of the matrix: how the devices went, how long the guest stood still, how long it was without them.</summary>
    private static void Tell(DeviceKind[] kinds, JsonElement moved)
    {
        JsonElement downtime = moved.GetProperty("downtime");
        string[] without = [.. moved.GetProperty("devices").EnumerateArray().Where(device => device.GetProperty("without_ms").ValueKind == JsonValueKind.Number)
            .Select(device => string.Create(CultureInfo.InvariantCulture, $"{device.GetProperty("without_ms").GetDouble():0} ms ± {device.GetProperty("without_uncertainty_ms").GetDouble():0}"))];
        Assert.That(without, Has.Length.EqualTo(kinds.Count(kind => kind.Journey == Journey.Detached)));
        string row = string.Join(", ", kinds.Select(kind => $"{kind} {kind.Journey}"));
        TestContext.Progress.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{row,-20} blackout {downtime.GetProperty("value_ms").GetDouble():0} ms ± {downtime.GetProperty("uncertainty_ms").GetDouble():0} ({downtime.GetProperty("method").GetString()}){(without.Length > 0 ? $", without the device {string.Join(", ", without)}" : "")}"));
    }
}
