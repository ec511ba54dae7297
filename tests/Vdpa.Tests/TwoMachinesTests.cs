using System.Globalization;
using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>Two machines: migrations cross from one kernel to another.</summary>
public sealed class TwoMachinesTests
{
    private const string Guest = "crosses";

    [SetUp]
    public Task AddMachine() => VdpaLab.UpAsync("--machines", "2");

    // One machine is what the other tests want, and is faster.
    [TearDown]
    public async Task BackToOne()
    {
        await Tool.DoAsync("lab", "down");
        await VdpaLab.UpAsync();
    }

    [Test]
    public async Task A_guest_moves_with_its_card_from_one_kernel_to_another()
    {
        DeviceKind kind = DeviceKind.Interface;
        const string Boot = "cat /proc/sys/kernel/random/boot_id";
        Assert.That(await VdpaLab.ShellAsync(VdpaLab.C, Boot), Is.Not.EqualTo(await VdpaLab.ShellAsync(VdpaLab.A, Boot)));

        string here = await Machine.CreateAsync(kind, VdpaLab.A, "x-a"), there = await Machine.CreateAsync(kind, VdpaLab.C, "x-c");
        await Machine.DefineAsync(VdpaLab.A, Guest, new GivenDevice(kind, here));
        await Tool.DoAsync("-c", VdpaLab.A, "domain", "start", Guest);
        await Machine.BootedAsync(VdpaLab.A, Guest);

        JsonElement moved = (await Tool.DoAsync("migrate", Guest, "--from", VdpaLab.A, "--to", VdpaLab.C, "--map", $"{here}={there}", "--timeout", "8m", "--json")).Json;
        JsonElement downtime = moved.GetProperty("downtime");
        Assert.That((moved.GetProperty("outcome").GetString(), downtime.GetProperty("method").GetString()), Is.EqualTo(("completed", "trace")));
        TestContext.Progress.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"between two kernels: blackout {downtime.GetProperty("value_ms").GetDouble():0} ms ± {downtime.GetProperty("uncertainty_ms").GetDouble():0}"));

        JsonElement device = (await Tool.DoAsync("-c", VdpaLab.C, "--json", "device", "list", Guest)).Json.GetProperty("devices").EnumerateArray().Single(one => one.TryGetProperty("resource", out _));
        Assert.That(device.GetProperty("resource").GetString(), Is.EqualTo(there));
        await Machine.WorksAsync(VdpaLab.C, Guest, kind, device.GetProperty("guest_address").GetString()!);
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "pgrep -a qemu-system || true")).Trim(), Is.Empty);
    }
}
