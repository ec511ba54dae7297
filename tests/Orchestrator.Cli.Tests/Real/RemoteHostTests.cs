using System.Text.Json;
using System.Text.Json.Nodes;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The commands against a host of which only a URI over SSH is known: a daemon of the lab behind a real server of OpenSSH's.</summary>
public sealed class RemoteHostTests
{
    private PrivateSshd _server = null!;

    [SetUp]
    public async Task Start() => _server = await PrivateSshd.StartAsync();

    [TearDown]
    public async Task End() => await _server.DisposeAsync();

    [Test]
    public async Task A_host_check_sees_over_ssh_what_it_sees_here()
    {
        CliResult here = await CliProcess.RunAsync("host", "check", "lab-a", "--json");
        CliResult there = await CliProcess.RunAsync("host", "check", Uri(), "--json");

        Assert.That(there.ExitCode, Is.EqualTo(here.ExitCode), $"{there}");
        Assert.That(JsonSchema.Load("host-check.schema.json").Problems(JsonNode.Parse(there.Output)), Is.Empty);
        Assert.That(Check(there, "side-channel").Message, Does.Contain("is looked into over SSH as guest; so a downtime is measured there by "));
        Assert.That(Check(there, "ssh-helper").Result, Is.Not.EqualTo("unknown"));

        // What is told by the machine's own files and programs.
        foreach (string id in new[] { "memlock", "migration-ports", "trace-events", "method-trace", "iommu" })
        {
            Assert.That(Check(there, id).Result, Is.EqualTo(Check(here, id).Result), id);
        }
    }

    [Test]
    public async Task Devices_are_listed_made_and_deleted_with_the_tool_of_the_other_machine()
    {
        _server.Make("vdpa", """
            case "$*" in
            "mgmtdev show -j") echo '{"mgmtdev":{"vdpasim_net":{"supported_classes":["net"],"max_supported_vqs":3,"dev_features":["MAC"]}}}';;
            "dev show -j") echo '{"dev":{}}';;
            "dev config show -j") echo '{"config":{}}';;
            *) echo 'Failed to connect to vdpa Netlink' >&2; exit 1;;
            esac
            """);
        CliResult management = await CliProcess.RunAsync("vdpa", "mgmt", "-c", Uri(), "--json");
        CliResult planned = await CliProcess.RunAsync("vdpa", "create", "vdpa0", "--mgmtdev", "vdpasim_net", "--dry-run", "-c", Uri(), "--json");
        CliResult refused = await CliProcess.RunAsync("vdpa", "create", "vdpa0", "--mgmtdev", "vdpasim_net", "-c", Uri(), "--json");

        Assert.That((management.ExitCode, planned.ExitCode), Is.EqualTo((0, 0)), $"{management}{planned}");
        Assert.That(management.Json.GetProperty("management_devices")[0].GetProperty("name").GetString(), Is.EqualTo("vdpasim_net"));
        Assert.That(planned.Json.GetProperty("commands")[0].GetString(), Is.EqualTo("vdpa dev add name vdpa0 mgmtdev vdpasim_net"));
        Assert.That(refused.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("module_not_loaded"), $"{refused}");
    }

    [Test]
    public async Task A_machine_that_lets_libvirt_in_and_not_us_is_told_of_and_libvirt_asked_alone()
    {
        // hosts.yaml sends the side channel elsewhere; the daemon is reached all the same.
        string file = Path.Combine(Path.GetDirectoryName(_server.Configuration)!, "hosts.yaml");
        await File.WriteAllTextAsync(file, $"hosts:\n  far:\n    uri: '{Uri()}'\n    side_channel: {{ssh: nobody@guest, ssh_config: {_server.Configuration}}}\n");
        var environment = new Dictionary<string, string> { ["ORCHESTRATOR_CONFIG"] = file };

        CliResult list = await CliProcess.RunAsync(environment, "vf", "list", "-c", "far", "--json");
        CliResult change = await CliProcess.RunAsync(environment, "vdpa", "delete", "vdpa0", "-c", "far", "--json");
        CliResult check = await CliProcess.RunAsync(environment, "host", "check", "far", "--json");

        Assert.That(list.ExitCode, Is.Zero, $"{list}");
        Assert.That(list.Error, Does.Contain("far: ssh to nobody@guest failed: it does not let us in"));
        Assert.That(change.ExitCode, Is.EqualTo(3), $"{change}");
        Assert.That(Check(check, "side-channel").Result, Is.EqualTo("fail"), $"{check}");
    }

    [Test]
    public async Task An_interrupt_at_the_terminal_ends_a_question_that_is_asked_over_ssh_as_ours_to_end()
    {
        _server.Make("vdpa", "echo >\"$0.begun\"; while [ -e \"$0\" ]; do sleep 0.1; done");

        // A terminal's Ctrl-C goes to every process of the group.
        using CliProcess list = CliProcess.StartGroup(FarHost(), "vdpa", "list", "-c", "far", "--json");
        await WaitAsync(() => File.Exists(_server.Program("vdpa") + ".begun"));
        list.Signal("INT", group: true);
        CliResult result = await list.EndAsync();

        Assert.That(result.ExitCode, Is.EqualTo(130), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("cancelled"));
    }

    [Test]
    public async Task An_ssh_does_not_outlive_the_tool_that_was_killed()
    {
        _server.Make("vdpa", "echo $PPID >\"$0.new\"; mv \"$0.new\" \"$0.begun\"; while ! [ -e \"$0.go\" ]; do sleep 0.01; done");
        using CliProcess list = CliProcess.StartGroup(FarHost(), "vdpa", "list", "-c", "far");
        await WaitAsync(() => File.Exists(_server.Program("vdpa") + ".begun"));
        int ssh = int.Parse(await File.ReadAllTextAsync(_server.Program("ssh") + ".pid"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(Directory.Exists($"/proc/{ssh}"), Is.True);

        list.Signal("KILL");
        await list.EndAsync();
        await File.WriteAllTextAsync(_server.Program("vdpa") + ".go", "");

        await WaitAsync(() => !Directory.Exists($"/proc/{ssh}"));
    }

    /// <summary>A name for the lab's daemon, whose machine is reached over SSH.</summary>
    private Dictionary<string, string> FarHost()
    {
        // It says which process it is, and becomes the real one.
        _server.Make("ssh", $"echo $$ >\"$0.pid\"; exec {_server.Ssh} \"$@\"");
        string file = Path.Combine(Path.GetDirectoryName(_server.Configuration)!, "hosts.yaml");
        File.WriteAllText(file, $"hosts:\n  far:\n    uri: '{Uri()}'\n    side_channel: {{ssh: {PrivateSshd.Name}}}\n");
        string path = $"{Path.GetDirectoryName(_server.Program("ssh"))}:{Environment.GetEnvironmentVariable("PATH")}";
        return new() { ["ORCHESTRATOR_CONFIG"] = file, ["PATH"] = path };
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }

    private static (string Result, string Message) Check(CliResult result, string id)
    {
        JsonElement check = result.Json.GetProperty("checks").EnumerateArray().First(check => check.GetProperty("id").GetString() == id);
        return (check.GetProperty("result").GetString()!, check.GetProperty("message").GetString()!);
    }

    private string Uri() => $"{CliLab.Lab.GetHost("lab-a").Uri.Replace("qemu+unix:///", $"qemu+ssh://{PrivateSshd.Name}/", StringComparison.Ordinal)}&proxy=native&command={_server.Ssh}";
}
