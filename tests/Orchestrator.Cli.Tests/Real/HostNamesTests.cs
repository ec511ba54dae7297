using System.Text.Json;
using System.Text.Json.Nodes;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The hosts' names as a user writes them down and uses them.</summary>
public sealed class HostNamesTests
{
    private string _folder = "";

    private static string UriOf(string host) => CliLab.Lab.GetHost(host).Uri;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("ohosts-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_name_of_hosts_yaml_works_wherever_a_host_is_asked_for()
    {
        Write($"hosts:\n  first: {{uri: '{UriOf("lab-a")}'}}\n  second: {{uri: '{UriOf("lab-b")}', migration_address: 127.0.0.1}}\n");
        await CliLab.Lab.StartGuestAsync(new() { Name = "named" });
        try
        {
            foreach (string[] arguments in new[] { ["host", "show", "first"], ["host", "check", "first", "second"], ["-c", "first", "domain", "list"], new[] { "domain", "list", "--host", "first,second" } })
            {
                CliResult result = await RunAsync([.. arguments, "--json"]);
                Assert.That(result.ExitCode, Is.Zero, $"{string.Join(' ', arguments)}: {result}");
                Assert.That(result.Output, Does.Contain("\"name\": \"first\""), string.Join(' ', arguments));
            }

            // Whether this machine's kernel has such devices or not: the host was found.
            foreach (string devices in new[] { "vdpa", "vf" })
            {
                Assert.That((await RunAsync("-c", "first", devices, "list", "--json")).Output, Does.Contain("\"host\": \"first\""), devices);
            }

            CliResult plan = await RunAsync("migrate", "named", "-c", "first", "--to", "second", "--dry-run", "--json");
            Assert.That(plan.ExitCode, Is.Zero, $"{plan}");
            Assert.That(plan.Json.GetProperty("parameters").GetProperty("listen_address").GetString(), Is.EqualTo("127.0.0.1"));

            CliResult there = await RunAsync("migrate", "named", "--from", "first", "--to", "second", "--json");
            Assert.That(there.ExitCode, Is.Zero, $"{there}");
            Assert.That(await CliLab.RunsOnAsync("named"), Is.EqualTo(new[] { "lab-b" }));
            Assert.That(there.Json.GetProperty("downtime").GetProperty("sources").GetProperty("guest").GetProperty("value_ms").ValueKind, Is.EqualTo(JsonValueKind.Number), "a lab's guest ticks, whatever its host is called");
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("named");
        }
    }

    [Test]
    public async Task The_source_of_a_migration_defaults_to_what_libvirt_itself_would_choose()
    {
        CliResult result = await CliProcess.RunAsync(
            new Dictionary<string, string> { ["LIBVIRT_DEFAULT_URI"] = UriOf("lab-a") }, "migrate", "no-such-guest", "--to", "lab-b");
        Assert.That(result.ExitCode, Is.EqualTo(1), $"{result}");
        Assert.That(result.Error, Does.Contain("has no domain named no-such-guest"));
    }

    [Test]
    public async Task A_slip_of_the_fingers_is_answered_with_the_name_that_is_near()
    {
        Write("hosts: {storage1: {uri: 'qemu:///system'}}\n");
        CliResult result = await RunAsync("host", "show", "stroage1");
        Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
        Assert.That(result.Error, Does.Contain("Did you mean storage1?"));
    }

    [Test]
    public async Task A_name_of_the_lab_that_no_lab_has_is_said_to_be_none()
    {
        CliResult result = await RunAsync("host", "show", "lab-z");
        Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
        Assert.That(result.Error, Does.Contain("lab-z is no host of the running lab").And.Contain("lab-a, lab-b"));
    }

    [Test]
    public async Task What_is_wrong_with_hosts_yaml_is_a_usage_error_with_its_place()
    {
        string file = Write("hosts:\n  a:\n    uri: qemu+tcp://root:geheim@a/system\n");
        foreach (string[] arguments in new[] { ["config", "show"], new[] { "host", "show", "a" } })
        {
            CliResult result = await RunAsync([.. arguments, "--json"]);
            Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
            Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Is.EqualTo($"{file}:3:10: hosts.a.uri: the URI carries a password"));
            Assert.That(JsonSchema.Load("error.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
            Assert.That(result.Output + result.Error, Does.Not.Contain("geheim"));
        }

        // What asks for no name is not stopped by it.
        Assert.That((await RunAsync("-c", UriOf("lab-a"), "domain", "list")).ExitCode, Is.Zero);
    }

    [Test]
    public async Task Config_show_says_where_each_setting_comes_from_and_what_it_overrides()
    {
        string file = Write("hosts:\n  a: {uri: 'qemu+ssh://a/system', side_channel: {ssh: ops@a, sudo: true}}\n");
        var environment = Variables();
        environment["ORCHESTRATOR_HOSTS"] = "{a: {uri: 'qemu+tcp://a/system'}}";

        CliResult json = await CliProcess.RunAsync(environment, "config", "show", "--origin", "--json");
        Assert.That(json.ExitCode, Is.Zero, $"{json}");
        Assert.That(JsonSchema.Load("config-show.schema.json").Problems(JsonNode.Parse(json.Output)), Is.Empty);
        JsonElement uri = json.Json.GetProperty("hosts")[0].GetProperty("settings").EnumerateArray().Single(setting => setting.GetProperty("key").GetString() == "uri");
        Assert.That(uri.GetProperty("from").GetProperty("source").GetString(), Is.EqualTo("ORCHESTRATOR_HOSTS"));
        Assert.That(uri.GetProperty("overrides")[0].GetProperty("from").GetProperty("source").GetString(), Is.EqualTo(file));

        CliResult text = await CliProcess.RunAsync(environment, "config", "show", "--origin");
        Assert.That(text.Output, Does.Match(@"a +uri +qemu\+tcp://a/system +ORCHESTRATOR_HOSTS:1:11"));
        Assert.That(text.Output, Does.Match($@"a +uri +qemu\+ssh://a/system +{file}:2:12 \(overridden\)"));
        Assert.That((await CliProcess.RunAsync(environment, "config", "show", "--json")).Json.GetProperty("hosts")[0].TryGetProperty("settings", out _), Is.False);
    }

    private Dictionary<string, string> Variables() => new() { ["XDG_CONFIG_HOME"] = _folder };

    private Task<CliResult> RunAsync(params string[] arguments) => CliProcess.RunAsync(Variables(), arguments);

    private string Write(string text)
    {
        string file = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "orchestrator")).FullName, "hosts.yaml");
        File.WriteAllText(file, text);
        return file;
    }
}
