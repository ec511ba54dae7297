using System.Text.Json;
using System.Text.Json.Nodes;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary><c>orchestrator host check</c> and <c>host show</c> on real hosts: stock ones, without vDPA and without accelerators.</summary>
public sealed class HostCheckTests
{
    private const string NoSocket = "qemu+unix:///session?socket=/nonexistent/libvirt-sock";
    private const string RootVariable = "ORCHESTRATOR_HOST_ROOT";

    // A machine of its own: whatever the real one has in its /sys does not matter then.
    private readonly string _root = Directory.CreateTempSubdirectory("orchestrator-host-").FullName;

    [SetUp]
    public void MakeHost()
    {
        foreach (string folder in new[] { "sys/module", "sys/bus/pci/devices", "sys/kernel/iommu_groups", "proc" })
        {
            Directory.CreateDirectory(Path.Combine(_root, folder));
        }

        Environment.SetEnvironmentVariable(RootVariable, _root);
    }

    [TearDown]
    public void Clean()
    {
        Environment.SetEnvironmentVariable(RootVariable, null);
        Directory.Delete(_root, recursive: true);
    }

    [Test]
    public async Task A_host_without_vdpa_names_the_first_layer_and_what_mends_it()
    {
        CliResult result = await CliProcess.RunAsync("host", "check", "lab-a");

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(result.Output.TrimEnd().Split('\n')[^1], Does.StartWith("lab-a: the first layer that is missing is vhost-vdpa. Mend it: modprobe vhost_vdpa"));
        Assert.That(result.Output, Does.Contain("vhost-vdpa-module").And.Contain("upstream dialect"));
    }

    [Test]
    public async Task A_host_that_is_needed_for_vdpa_is_refused()
    {
        CliResult result = await CliProcess.RunAsync("host", "check", "lab-a", "--need", "vdpa", "--json");

        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That(result.Json.GetProperty("first_missing").GetString(), Is.EqualTo("vhost-vdpa"));
        Assert.That(Check(result.Json, "vhost-vdpa-module").GetProperty("severity").GetString(), Is.EqualTo("error"));
    }

    [Test]
    public async Task A_host_that_is_needed_for_accelerators_lacks_the_migration_attribute_first()
    {
        CliResult result = await CliProcess.RunAsync("host", "check", "lab-a", "--need", "kae", "--json");

        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That(result.Json.GetProperty("first_missing").GetString(), Is.EqualTo("libvirt"));
        Assert.That(Check(result.Json, "kae-hardware").GetProperty("result").GetString(), Is.EqualTo("fail"));
    }

    [Test]
    public async Task Host_check_as_json_is_as_its_schema_says()
    {
        JsonSchema schema = JsonSchema.Load("host-check.schema.json");
        foreach (string[] hosts in new string[][] { ["lab-a"], ["lab-a", "lab-b"], ["test:///default"] })
        {
            CliResult result = await CliProcess.RunAsync(["--json", "host", "check", .. hosts]);
            Assert.That(schema.Problems(JsonNode.Parse(result.Output)), Is.Empty, $"{result}");
        }
    }

    [Test]
    public async Task Two_hosts_are_compared()
    {
        CliResult result = await CliProcess.RunAsync("-c", "lab-a", "host", "check", "lab-b", "--json");

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        JsonElement peer = result.Json.GetProperty("peer");
        Assert.That(peer.GetProperty("host").GetProperty("name").GetString(), Is.EqualTo("lab-b"));
        Dictionary<string, string> parity = peer.GetProperty("parity").EnumerateArray().ToDictionary(check => check.GetProperty("id").GetString()!, check => check.GetProperty("result").GetString()!);
        Assert.That(new[] { "pair-two-hosts", "pair-architecture", "pair-dialect", "pair-libvirt", "pair-qemu", "pair-answer" }.Select(id => parity[id]), Is.All.EqualTo("pass"));
        Assert.That(parity["pair-reach"], Is.EqualTo("unknown"));
    }

    [Test]
    public async Task A_host_is_no_pair_with_itself()
    {
        CliResult result = await CliProcess.RunAsync("host", "check", "lab-a", CliLab.Lab.GetHost("lab-a").Uri);

        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That(result.Output, Does.Contain("are the same host"));
    }

    [Test]
    public async Task Functions_are_seen_below_the_given_root()
    {
        string function = Path.Combine(_root, "sys/bus/pci/devices/0000:31:00.0");
        Directory.CreateDirectory(function);
        await File.WriteAllTextAsync(Path.Combine(function, "vendor"), "0x19e5\n");
        await File.WriteAllTextAsync(Path.Combine(function, "device"), "0xa250\n");
        CliResult result = await CliProcess.RunAsync("host", "check", "lab-a", "--json");

        Assert.That(Check(result.Json, "kae-hardware").GetProperty("result").GetString(), Is.EqualTo("pass"), $"{result}");
    }

    [Test]
    public async Task What_a_real_machine_shows_is_judged_too()
    {
        Environment.SetEnvironmentVariable(RootVariable, null);
        CliResult result = await CliProcess.RunAsync("host", "check", "lab-a", "--json");

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(JsonSchema.Load("host-check.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
        Assert.That(Check(result.Json, "trace-events").GetProperty("message").GetString(), Does.Contain("vm_state_notify"), "the emulator itself was asked");
        Assert.That(Check(result.Json, "memlock").GetProperty("result").GetString(), Is.Not.EqualTo("unknown"), "the daemon's limits were read");
        Assert.That(Check(result.Json, "migration-ports").GetProperty("result").GetString(), Is.EqualTo("pass"), "its qemu.conf was read");
        Assert.That(Check(result.Json, "clock").GetProperty("result").GetString(), Is.Not.EqualTo("unknown"));
    }

    [Test]
    public async Task A_host_shows_what_it_is()
    {
        CliResult json = await CliProcess.RunAsync("host", "show", "lab-a", "--json");
        Assert.That(JsonSchema.Load("host-show.schema.json").Problems(JsonNode.Parse(json.Output)), Is.Empty);
        CliResult plain = await CliProcess.RunAsync("-c", "lab-a", "host", "show");

        Assert.That((json.ExitCode, plain.ExitCode), Is.EqualTo((0, 0)), $"{json}{plain}");
        Assert.That(json.Json.GetProperty("dialect").GetProperty("name").GetString(), Is.EqualTo("upstream"));
        Assert.That(json.Json.GetProperty("cpu").GetProperty("count").GetInt32(), Is.GreaterThan(0));
        Assert.That(json.Json.GetProperty("memory_mib").GetInt64(), Is.GreaterThan(0));
        Assert.That(json.Json.GetProperty("kae_vfs").GetProperty("zip").GetInt32(), Is.Zero);
        Assert.That(plain.Output, Does.Contain("lab-a").And.Contain("<hostdev type='vdpa'>").And.Contain("upstream"));
    }

    private static IEnumerable<TestCaseData> BadInput()
    {
        yield return Row(3, "cannot be reached", "host", "check", NoSocket).SetName("host check of a socket that is not there");
        yield return Row(3, "cannot be reached", "host", "check", "lab-a", NoSocket).SetName("host check with a peer that is not there");
        yield return Row(3, "cannot be reached", "host", "show", NoSocket).SetName("host show of a socket that is not there");
        yield return Row(2, "nonsense", "host", "check", "lab-a", "--need", "nonsense").SetName("host check for an unknown need");
        yield return Row(2, "one host too many", "-c", "lab-a", "host", "check", "lab-a", "lab-b").SetName("host check of three hosts");
        yield return Row(2, "lab-c", "host", "check", "lab-a", "lab-b", "lab-c").SetName("host check with a third argument");

        static TestCaseData Row(int code, string message, params string[] arguments) => new(code, message, arguments);
    }

    [TestCaseSource(nameof(BadInput))]
    public async Task Bad_input_is_explained(int code, string message, string[] arguments)
    {
        CliResult plain = await CliProcess.RunAsync(arguments);
        CliResult json = await CliProcess.RunAsync(["--json", .. arguments]);

        Assert.That((plain.ExitCode, json.ExitCode), Is.EqualTo((code, code)), $"{plain}{json}");
        Assert.That(plain.Error, Does.Contain(message));
        Assert.That(plain.Output, Is.Empty);
        Assert.That(json.Json.GetProperty("error").GetProperty("code").GetString(), Is.Not.Empty);
    }

    [Test]
    public async Task A_root_that_is_no_folder_is_refused()
    {
        Environment.SetEnvironmentVariable(RootVariable, "/nonexistent/root");
        CliResult result = await CliProcess.RunAsync("host", "check", "lab-a");

        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
        Assert.That(result.Error, Does.Contain("/nonexistent/root"));
    }

    private static JsonElement Check(JsonElement document, string id) => document.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("id").GetString() == id);
}
