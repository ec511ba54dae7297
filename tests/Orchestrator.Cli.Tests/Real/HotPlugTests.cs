using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Devices that come and go while a guest runs: the guest sees each, and nothing is left behind.</summary>
public sealed class HotPlugTests
{
    private const string Rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>";
    private const string Net = "<interface type='user'><mac address='52:54:00:aa:bb:cc'/><model type='virtio'/></interface>";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("hot-plug-").FullName;

    private static int Rounds => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1" ? 50 : 3;

    private string Socket => Path.Combine(_folder, "disk.sock");

    private string Disk => $"<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/><source type='unix' path='{Socket}'/><target dev='vdb' bus='virtio'/></disk>";

    [OneTimeTearDown]
    public void Clean() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Devices_come_and_go_live_in_the_definition_and_in_both_and_leave_nothing()
    {
        LabGuest guest = await CliLab.Lab.StartGuestAsync(new() { Name = "plugged", Host = "lab-a", SharedMemory = true });
        using Process backend = await StartBackendAsync();
        try
        {
            await using LibvirtHost host = await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost("lab-a").Uri));
            var attacher = new DeviceAttacher(host);
            var detacher = new DeviceDetacher(host);
            await SeeAsync(guest, DateTimeOffset.UnixEpoch, sights => sights.Count > 0);
            int atRest = Sights(guest, DateTimeOffset.UnixEpoch)[^1].Count;
            string live = (await host.FindDomainAsync("plugged", default))!.Xml;
            string config = (await host.GetDefinitionAsync(guest.Uuid, default))!;
            IReadOnlyList<string> inQemu = await PeripheralsAsync(host, guest.Uuid);
            for (int round = 0; round < Rounds; round++)
            {
                foreach (string xml in new[] { Rng, Net, Disk })
                {
                    var device = DeviceDocument.Parse(xml);
                    foreach (DomainModificationImpact impact in new[] { DomainModificationImpact.Live, DomainModificationImpact.Config, DomainModificationImpact.Live | DomainModificationImpact.Config })
                    {
                        bool isLive = impact.HasFlag(DomainModificationImpact.Live);
                        DateTimeOffset before = DateTimeOffset.UtcNow;
                        await attacher.AttachAsync("plugged", device, impact);
                        Assert.That((await host.FindDomainAsync("plugged", default))!.Xml == live, Is.Not.EqualTo(isLive), $"{impact} {xml}");
                        Assert.That((await host.GetDefinitionAsync(guest.Uuid, default))! == config, Is.Not.EqualTo(impact.HasFlag(DomainModificationImpact.Config)), $"{impact} {xml}");
                        if (isLive)
                        {
                            await SeeAsync(guest, before, sights => sights.Count == 1 && sights[0].Count == atRest + 1);
                        }

                        await detacher.DetachAsync("plugged", DeviceSelector.Of(device), impact);
                        Assert.That((await host.FindDomainAsync("plugged", default))!.Xml, Is.EqualTo(live), $"{impact} {xml}");
                        Assert.That(await host.GetDefinitionAsync(guest.Uuid, default), Is.EqualTo(config), $"{impact} {xml}");
                        if (isLive)
                        {
                            await SeeAsync(guest, before, sights => sights.Count == 2 && sights[1].Count == atRest);
                        }
                    }
                }
            }

            Assert.That(await PeripheralsAsync(host, guest.Uuid), Is.EquivalentTo(inQemu));
            Assert.That(backend.HasExited, Is.False, "the backend served all of them");
        }
        finally
        {
            backend.Kill();
            backend.WaitForExit();
            await CliLab.Lab.RemoveGuestAsync("plugged");
        }
    }

    [Test]
    public async Task What_is_plugged_in_past_libvirt_gets_a_free_port_is_listed_and_goes_again()
    {
        LabGuest guest = await CliLab.Lab.StartGuestAsync(new() { Name = "past", Host = "lab-a" });
        try
        {
            await using LibvirtHost host = await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost("lab-a").Uri));
            DomainSnapshot domain = (await host.FindDomainAsync("past", default))!;
            var plug = new GenericPlug(host, TimeProvider.System);
            await SeeAsync(guest, DateTimeOffset.UnixEpoch, sights => sights.Count > 0);
            DateTimeOffset before = DateTimeOffset.UtcNow;

            // No vDPA here: random number generators take the same way.
            QemuDevice one = await plug.AddAsync(domain, new() { ["driver"] = "virtio-rng-pci" }, "vd", TimeSpan.FromSeconds(30), default);
            QemuDevice two = await plug.AddAsync(domain, new() { ["driver"] = "virtio-rng-pci" }, "vd", TimeSpan.FromSeconds(30), default);
            await new DeviceAttacher(host).AttachAsync("past", DeviceDocument.Parse(Rng), DomainModificationImpact.Live);

            Assert.That((one.Id, two.Id), Is.EqualTo(("vd", "vd-2")));
            Assert.That(two.Bus, Is.Not.EqualTo(one.Bus));
            await SeeAsync(guest, before, sights => sights.Count == 3);
            CliResult list = await CliProcess.RunAsync("-c", "lab-a", "--json", "device", "list", "past");
            Assert.That(list.ExitCode, Is.Zero, $"{list}");
            Assert.That(JsonSchema.Load("device-list.schema.json").Problems(JsonNode.Parse(list.Output)), Is.Empty);
            Assert.That(
                list.Json.GetProperty("devices").EnumerateArray().Where(device => !device.GetProperty("known_to_libvirt").GetBoolean()).Select(device => device.GetProperty("alias").GetString()),
                Is.EquivalentTo(new[] { "vd", "vd-2" }));
            Assert.That(list.Json.GetProperty("qemu_asked").GetBoolean());

            HostDeviceException refused = Assert.ThrowsAsync<HostDeviceException>(() => plug.AddAsync(domain, new() { ["driver"] = "vhost-vdpa-device-pci", ["vhostdev"] = "/dev/vhost-vdpa-99" }, "vd", TimeSpan.FromSeconds(30), default))!;
            Assert.That(refused.Message, Does.Contain("Could not open '/dev/vhost-vdpa-99': No such file or directory"));

            foreach (string id in new[] { "vd", "vd-2" })
            {
                CliResult detached = await CliProcess.RunAsync("-c", "lab-a", "device", "detach", "past", "--device", id);
                Assert.That(detached.ExitCode, Is.Zero, $"{detached}");
            }

            Assert.That(await PeripheralsAsync(host, guest.Uuid), Has.None.StartsWith("vd"));
            await SeeAsync(guest, before, sights => sights.Count == 5);
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("past");
        }
    }

    [Test]
    public async Task A_guest_that_never_answers_keeps_its_device_and_may_let_go_later()
    {
        await CliLab.Lab.StartGuestAsync(new() { Name = "frozen", Host = "lab-a" });
        try
        {
            string file = Path.Combine(_folder, "rng.xml");
            await File.WriteAllTextAsync(file, Rng);
            CliResult attached = await CliProcess.RunAsync("-c", "lab-a", "--json", "device", "attach", "frozen", file, "--live");
            Assert.That(attached.ExitCode, Is.Zero, $"{attached}");
            Assert.That(JsonSchema.Load("define.schema.json").Problems(JsonNode.Parse(attached.Output)), Is.Empty);
            using LibvirtConnection lab = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
            using LibvirtDomain guest = lab.LookupByName("frozen");
            guest.Suspend();

            CliResult late = await CliProcess.RunAsync("-c", "lab-a", "--json", "device", "detach", "frozen", file, "--live", "--timeout", "3s");

            Assert.That(late.ExitCode, Is.EqualTo(5), $"{late}");
            Assert.That(JsonSchema.Load("error.schema.json").Problems(JsonNode.Parse(late.Output)), Is.Empty);
            Assert.That(late.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("did not let go").And.Contain("frozen").And.Contain("lab-a"));
            Assert.That(Generators(guest), Is.EqualTo(1));

            guest.Resume();
            await UntilAsync(() => Generators(guest) == 0, "the guest lets go once it runs");
            CliResult gone = await CliProcess.RunAsync("-c", "lab-a", "--json", "device", "detach", "frozen", file, "--live", "--if-needed");
            Assert.That(gone.ExitCode, Is.Zero, $"{gone}");
            Assert.That(JsonSchema.Load("device-detach.schema.json").Problems(JsonNode.Parse(gone.Output)), Is.Empty);
            Assert.That(gone.Json.GetProperty("changed").GetBoolean(), Is.False);
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("frozen");
        }

        static int Generators(LibvirtDomain guest) => XElement.Parse(guest.GetXml()).Element("devices")!.Elements("rng").Count();
    }

    [Test]
    public async Task Bad_requests_are_told_apart()
    {
        await CliLab.Lab.StartGuestAsync(new() { Name = "asked", Host = "lab-a" });
        try
        {
            string file = Path.Combine(_folder, "net.xml");
            await File.WriteAllTextAsync(file, Net);
            (string[] Arguments, int ExitCode, string Text)[] cases =
            [
                (["detach", "asked", file], 1, "52:54:00:aa:bb:cc"),
                (["detach", "asked", "--device"], 2, "--device"),
                (["detach", "asked", "--device", " "], 2, "--device"),
                (["detach", "asked", "--device=-x"], 1, "no device -x"),
                (["detach", "asked", file, "--device", "net0"], 2, "not by both"),
                (["detach", "asked"], 2, "--device"),
                (["detach", "nobody", file], 1, "nobody"),
                (["list", "nobody"], 1, "nobody"),
                (["attach", "asked", file, "--dry-run"], 0, "would be attached"),
                (["attach", "asked", file], 0, "attached"),
                (["attach", "asked", file], 4, "has the network card 52:54:00:aa:bb:cc already"),
                (["attach", "asked", file, "--if-needed"], 0, "already"),
                (["detach", "asked", "--device", "52:54:00:AA:BB:CC"], 0, "detached from the running domain"),
            ];
            foreach ((string[] arguments, int exitCode, string text) in cases)
            {
                CliResult result = await CliProcess.RunAsync(["-c", "lab-a", "device", .. arguments]);
                Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{string.Join(' ', arguments)}: {result}");
                Assert.That(result.Output + result.Error, Does.Contain(text));
            }
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("asked");
        }
    }

    private async Task<Process> StartBackendAsync()
    {
        // The lab's QEMU runs as another user.
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Process backend = Process.Start(new ProcessStartInfo("qemu-storage-daemon")
        {
            ArgumentList =
            {
                "--blockdev", "driver=null-co,node-name=disk,size=1048576,read-zeroes=on",
                "--export", $"type=vhost-user-blk,id=disk,node-name=disk,writable=on,addr.type=unix,addr.path={Socket}",
            },
        })!;
        await UntilAsync(() => File.Exists(Socket) || backend.HasExited, "the backend listens");
        Assert.That(backend.HasExited, Is.False);
        const UnixFileMode all = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(Socket, all);
        return backend;
    }

    private static async Task<IReadOnlyList<string>> PeripheralsAsync(LibvirtHost host, Guid uuid)
    {
        string answer = await host.QemuMonitorCommandAsync(uuid, """{"execute": "qom-list", "arguments": {"path": "/machine/peripheral"}}""", default);
        return [.. JsonDocument.Parse(answer).RootElement.GetProperty("return").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)];
    }

    private static IReadOnlyList<IReadOnlyList<string>> Sights(LabGuest guest, DateTimeOffset since) => TickLogReader.ReadDevices(guest.TickLog, since);

    private static Task SeeAsync(LabGuest guest, DateTimeOffset since, Func<IReadOnlyList<IReadOnlyList<string>>, bool> condition) =>
        UntilAsync(() => condition(Sights(guest, since)), () => $"the guest saw {string.Join(" then ", Sights(guest, since).Select(sight => sight.Count))}");

    private static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(condition, () => what);

    private static async Task UntilAsync(Func<bool> condition, Func<string> what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                Assert.Fail($"not within {Patience.TotalSeconds:0} s: {what()}");
            }

            await Task.Delay(10);
        }
    }
}
