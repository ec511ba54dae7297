using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>What a migration says before it begins, and a device that becomes another one on the way.</summary>
public sealed class PlanTests
{
    private const string Guest = "planned";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("plan-").FullName;

    [OneTimeSetUp]
    public async Task StartGuest()
    {
        // The lab's QEMU runs as another user.
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", SharedMemory = true });
    }

    [OneTimeTearDown]
    public async Task RemoveGuest()
    {
        await CliLab.Lab.RemoveGuestAsync(Guest);
        Directory.Delete(_folder, recursive: true);
    }

    [Test, Order(1)]
    public async Task Check_and_dry_run_say_what_would_be_done_and_change_nothing()
    {
        foreach (string option in new[] { "--check", "--dry-run" })
        {
            CliResult json = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", option, "--json");
            Assert.That(json.ExitCode, Is.Zero, $"{json}");
            Assert.That(JsonSchema.Load("migrate-plan.schema.json").Problems(JsonNode.Parse(json.Output)), Is.Empty);
            Dictionary<string, string> results = json.Json.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("id").GetString()!, check => check.GetProperty("result").GetString()!);
            foreach (string id in new[] { "machine-type", "memory", "storage", "snapshots", "block-jobs", "qemu-devices", "pair-reach", "pair-clock" })
            {
                Assert.That(results[id], Is.EqualTo("pass"), $"{id}: {json}");
            }
        }

        CliResult text = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--dry-run");
        Assert.That(text.Output, Does.Contain("flags:      Live").And.Contain("migrate_uri=tcp://127.0.0.1").And.Contain("Nothing was changed."));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-a" }));
    }

    [Test, Order(2)]
    public async Task A_vhost_user_disk_gets_the_destinations_own_backend()
    {
        string here = Path.Combine(_folder, "a.sock");
        string there = Path.Combine(_folder, "b.sock");
        using Process first = await StartBackendAsync(here);
        using Process second = await StartBackendAsync(there);
        try
        {
            await using LibvirtHost a = await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost("lab-a").Uri));
            await using LibvirtHost b = await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost("lab-b").Uri));
            var disk = DeviceDocument.Parse($"<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/><source type='unix' path='{here}'/><target dev='vdb' bus='virtio'/></disk>");
            await new DeviceAttacher(a).AttachAsync(Guest, disk, DomainModificationImpact.Live | DomainModificationImpact.Config);
            string place = PlaceOf((await a.FindDomainAsync(Guest, default))!.Xml, here);

            CliResult refused = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--json");
            Assert.That(refused.ExitCode, Is.EqualTo(4), $"{refused}");
            Assert.That(refused.Output, Does.Contain("libvirt hangs when two QEMUs share one"));

            CliResult plan = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--map", $"{here}={there}", "--dry-run", "--json");
            Assert.That(plan.ExitCode, Is.Zero, $"{plan}");
            Assert.That(JsonSchema.Load("migrate-plan.schema.json").Problems(JsonNode.Parse(plan.Output)), Is.Empty);
            string[] diff = [.. plan.Json.GetProperty("diff").EnumerateArray().Select(line => line.GetString()!).Where(line => line.StartsWith("+ ", StringComparison.Ordinal))];
            Assert.That(diff, Has.Length.EqualTo(2).And.All.Contain(there), "the running domain's document, and the definition");

            CliResult moved = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--map", $"{here}={there}", "--json");
            Assert.That(moved.ExitCode, Is.Zero, $"{moved}");
            JsonElement device = moved.Json.GetProperty("devices")[0];
            Assert.That((device.GetProperty("source").GetString(), device.GetProperty("destination").GetString()), Is.EqualTo((here, there)));
            DomainSnapshot arrived = (await b.FindDomainAsync(Guest, default))!;
            Assert.That(PlaceOf(arrived.Xml, there), Is.EqualTo(place), "in the guest it is where it was");
            Assert.That(PlaceOf((await b.GetDefinitionAsync(arrived.Uuid, default))!, there), Is.EqualTo(place));
            Assert.That(second.HasExited, Is.False);
            await new DeviceDetacher(b).DetachAsync(Guest, DeviceSelector.Parse(there), DomainModificationImpact.Live | DomainModificationImpact.Config);
        }
        finally
        {
            first.Kill();
            second.Kill();
            await first.WaitForExitAsync();
            await second.WaitForExitAsync();
        }
    }

    [TestCase("cpu", 0, "virConnectCompareHypervisorCPU")]
    [TestCase("iommu", 0, "looks at:")]
    [TestCase("device-mappin", 2, "There is no check device-mappin.")]
    public async Task Explain_says_what_a_check_is(string id, int exitCode, string text)
    {
        CliResult result = await CliProcess.RunAsync("explain", id);
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{result}");
        Assert.That(result.Output + result.Error, Does.Contain(text));
    }

    [Test]
    public async Task Explain_alone_lists_all_checks()
    {
        CliResult result = await CliProcess.RunAsync("explain", "--json");
        JsonElement[] checks = [.. result.Json.GetProperty("checks").EnumerateArray()];
        Assert.That(checks.Select(check => check.GetProperty("id").GetString()), Does.Contain("two-hosts").And.Contain("pair-bios").And.Contain("vdpa-bus"));
    }

    [TestCase("--map", "a", "is no mapping")]
    [TestCase("--allow", "everything", "cross-vendor")]
    public async Task What_is_no_mapping_or_consent_is_a_usage_error(string option, string value, string text)
    {
        CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", option, value);
        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
        Assert.That(result.Error, Does.Contain(text));
    }

    private static string PlaceOf(string xml, string socket) => $"{DomainDocument.Parse(xml).Devices.Single(device => device.HostResource == socket).GuestAddress}";

    private static async Task<Process> StartBackendAsync(string socket)
    {
        Process backend = Process.Start(new ProcessStartInfo("qemu-storage-daemon")
        {
            ArgumentList =
            {
                "--blockdev", "driver=null-co,node-name=disk,size=1048576,read-zeroes=on",
                "--export", $"type=vhost-user-blk,id=disk,node-name=disk,writable=on,addr.type=unix,addr.path={socket}",
            },
        })!;
        for (long start = Stopwatch.GetTimestamp(); !File.Exists(socket) && !backend.HasExited && Stopwatch.GetElapsedTime(start) < Patience;)
        {
            await Task.Delay(10);
        }

        Assert.That(backend.HasExited, Is.False);
        const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(socket, All);
        return backend;
    }
}
