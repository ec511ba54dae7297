using System.Text.Json;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Regression.Running;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Loads in a real guest, by the shell on its second serial port, and what a killed night leaves of one.</summary>
public sealed class GuestLoadTests
{
    private const string Guest = "loaded";
    private const string Console = "serial1";

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("oloads-").FullName;

    [TearDown]
    public async Task RemoveFolder()
    {
        if (CliLab.Lab.Guests.Any(guest => guest.Name == Guest))
        {
            await CliLab.Lab.RemoveGuestAsync(Guest);
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task A_load_by_serial_port_goes_on_through_a_migration_and_its_end_is_told_on_the_destination()
    {
        Guid uuid = (await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", Shell = true })).Uuid;
        await using LibvirtHost source = await ConnectAsync("lab-a");
        await using LibvirtHost destination = await ConnectAsync("lab-b");
        string id = GuestJob.NewId();
        await new GuestJob(Channel(source, uuid), id).StartAsync(["/bin/sh", "-c", "echo began; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo \"it's done\"; exit 3"]);

        CliResult migrated = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--json");

        Assert.That(migrated.ExitCode, Is.Zero, $"{migrated}");
        SerialChannel channel = Channel(destination, uuid);
        Assert.That(await new GuestJob(channel, id).ExitCodeAsync(CancellationToken.None), Is.Null, "it goes on");
        Assert.That((await channel.RunAsync(["touch", "/tmp/go"], CancellationToken.None)).ExitCode, Is.Zero);
        int? code;
        while ((code = await new GuestJob(channel, id).ExitCodeAsync(CancellationToken.None)) is null)
        {
        }

        Assert.That(code, Is.EqualTo(3));
        Assert.That(await new GuestJob(channel, id).EndAsync(), Is.EqualTo("began\nit's done\n"));
        Assert.That((await channel.RunAsync(["ls", "/tmp"], CancellationToken.None)).Output, Is.EqualTo("go\n"));
    }

    [Test]
    public async Task A_console_that_another_client_holds_is_not_taken_from_him()
    {
        Guid uuid = (await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", Shell = true })).Uuid;
        await using LibvirtHost host = await ConnectAsync("lab-a");
        await using (await host.OpenConsoleAsync(uuid, Console, CancellationToken.None))
        {
            Assert.That(
                async () => await Channel(host, uuid).RunAsync(["true"], CancellationToken.None),
                Throws.TypeOf<NightException>().With.Message.Contains("Active console session exists").And.Property("Problem").Property("Remedy").Contains("virsh console"));
        }

        Assert.That((await Channel(host, uuid).RunAsync(["echo", "free"], CancellationToken.None)).Output, Is.EqualTo("free\n"));
        Assert.That(async () => await host.OpenConsoleAsync(uuid, "serial7", CancellationToken.None), Throws.TypeOf<LibvirtException>().With.Message.Contains("serial7"));
    }

    [Test]
    public async Task A_night_with_a_load_by_serial_port_keeps_what_it_printed()
    {
        string plan = Plan($$"""
            name: printed
            source: lab-a
            destination: lab-b
            guests: { {{Guest}}: {lab: {shell: true } } }
            scenarios:
              - name: busy
                guest: {{Guest}}
                repetitions: 1
                warm_ups: 0
                load: {channel: serial, console: {{Console}}, command: [/bin/sh, -c, "echo began; sleep 1000"], check: [test, -x, /bin/sh], lead: 0s}
            """);

        CliResult result = await CliProcess.RunNightAsync("regress", "run", plan, "--json", "--state-dir", State);

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        JsonElement made = result.Json.GetProperty("scenarios")[0].GetProperty("repetitions_made")[0];
        Assert.That(made.GetProperty("load").GetString(), Is.EqualTo("/bin/sh was ended"));
        string folder = Path.Combine(State, "regress", "printed", result.Json.GetProperty("id").GetString()!);
        Assert.That(await File.ReadAllTextAsync(Path.Combine(folder, "loads", "busy-01.log")), Is.EqualTo("began\n"));
    }

    [TestCase("serial")]
    [TestCase("ssh")]
    public async Task What_a_killed_night_left_running_in_a_guest_is_ended_by_recover(string channel)
    {
        Guid uuid = (await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", Shell = true })).Uuid;
        await using PrivateSshd server = await PrivateSshd.StartAsync(); // in the place of the guest's
        string[] load = ["sleep", $"1{uuid.GetHashCode() & 0xffffff:00000000}"];
        string plan = Plan($$"""
            name: killed
            source: lab-a
            destination: lab-b
            guests: { {{Guest}}: {lab: {shell: true } } }
            scenarios:
              - name: busy
                guest: {{Guest}}
                mode: direct
                bandwidth_mib_s: 24
                warm_ups: 0
                load: {channel: {{channel}}, {{(channel == "ssh" ? $"ssh: {PrivateSshd.Name}" : $"console: {Console}")}}, command: [{{load[0]}}, "{{load[1]}}"]}
            """);
        var environment = new Dictionary<string, string> { ["PATH"] = $"{Path.GetDirectoryName(server.Ssh)}:{Environment.GetEnvironmentVariable("PATH")}" };
        using CliProcess night = CliProcess.Start(environment, "regress", "run", plan, "--json", "--state-dir", State);
        await night.SeeAsync("\"repetition\":2,\"of\":5,\"elapsed_ms\""); // on the way back, from lab-b
        night.Signal("KILL");
        await night.EndAsync();

        CliResult result = await CliProcess.RunAsync(environment, "recover", "--json", "--state-dir", State);

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        JsonElement recovered = result.Json.EnumerateArray().Single(entry => entry.GetProperty("kind").GetString() == "regress");
        Assert.That(recovered.GetProperty("done").EnumerateArray().Select(done => done.GetString()), Does.Contain($"ended the load in {Guest}"));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-a" }));
        await using LibvirtHost home = await ConnectAsync("lab-a");
        IGuestChannel way = channel == "ssh" ? new SshChannel(server.Ssh, PrivateSshd.Name, TimeProvider.System) : Channel(home, uuid);
        GuestResult processes = await way.RunAsync(["/bin/sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"], CancellationToken.None);
        Assert.That(processes.Output, Is.Not.Empty.And.Not.Contain(string.Join(' ', load)));
    }

    private string State => Path.Combine(_folder, "state");

    private static SerialChannel Channel(LibvirtHost host, Guid uuid) => new(cancellationToken => host.OpenConsoleAsync(uuid, Console, cancellationToken), Guest, TimeProvider.System);

    private static async Task<LibvirtHost> ConnectAsync(string host) => await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost(host).Uri));

    private string Plan(string text)
    {
        string path = Path.Combine(_folder, "plan.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
