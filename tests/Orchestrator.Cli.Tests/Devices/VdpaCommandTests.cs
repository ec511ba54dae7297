using System.Text.Json.Nodes;
using Orchestrator.Cli.Tests.Real;
using Orchestrator.Tests.Devices;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Devices;

/// <summary><c>orchestrator vdpa</c> as its users run it, on a made host with a recorded tool.</summary>
public sealed class VdpaCommandTests
{
    private HostTree _host = null!;
    private RecordedVdpa _tool = null!;

    [SetUp]
    public void MakeHost()
    {
        _host = new HostTree().Vdpa("vdpa0", 3);
        _tool = RecordedVdpa.Simulators().Answers("dev show -j", VdpaRecordings.Devices).Answers("dev config show -j", VdpaRecordings.Configuration);
    }

    [TearDown]
    public void RemoveHost()
    {
        _host.Dispose();
        _tool.Dispose();
    }

    [Test]
    public async Task Management_devices_are_shown()
    {
        CliResult plain = await RunAsync("vdpa", "mgmt");
        Assert.That(plain.ExitCode, Is.Zero, $"{plain}");
        Assert.That(plain.Output, Does.Contain("vdpasim_blk").And.Contain("CTRL_MAC_ADDR"));

        CliResult json = await RunAsync("vdpa", "mgmt", "--json");
        Assert.That(Problems(json), Is.Empty);
        Assert.That(json.Json.GetProperty("management_devices")[2].GetProperty("classes")[1].GetString(), Is.EqualTo("block"));
    }

    [Test]
    public async Task Devices_are_shown_with_their_users()
    {
        _host.Process(4242, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vhost-vdpa-3");
        CliResult plain = await RunAsync("vdpa", "list");
        Assert.That(plain.ExitCode, Is.Zero, $"{plain}");
        Assert.That(plain.Output, Does.Contain("vdpa0").And.Contain("/dev/vhost-vdpa-3").And.Contain("domain web1 (qemu-kvm, pid 4242)"));

        CliResult json = await RunAsync("--json", "vdpa", "list");
        Assert.That(Problems(json), Is.Empty);
        System.Text.Json.JsonElement device = json.Json.GetProperty("devices")[0];
        Assert.That(device.GetProperty("char_device").GetString(), Is.EqualTo("/dev/vhost-vdpa-3"));
        Assert.That(device.GetProperty("users")[0].GetProperty("pid").GetInt32(), Is.EqualTo(4242));
    }

    [Test]
    public async Task A_dry_run_prints_the_command_and_runs_none()
    {
        CliResult plain = await RunAsync("vdpa", "create", "vdpa1", "--mgmtdev", "vdpasim_net", "--mac", "52:54:00:00:00:01", "--mtu", "9000", "--max-vqp", "2", "--dry-run");
        Assert.That(plain.ExitCode, Is.Zero, $"{plain}");
        Assert.That(plain.Output, Is.EqualTo("vdpa dev add name vdpa1 mgmtdev vdpasim_net mac 52:54:00:00:00:01 mtu 9000 max_vqp 2\n"));

        CliResult json = await RunAsync("vdpa", "delete", "vdpa0", "--dry-run", "--json");
        Assert.That(Problems(json), Is.Empty);
        Assert.That((json.Json.GetProperty("action").GetString(), json.Json.GetProperty("commands")[0].GetString()), Is.EqualTo(("planned", "vdpa dev del vdpa0")));
        Assert.That(_tool.Calls.Where(call => !call.EndsWith("show -j", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task A_device_that_is_there_will_do_when_asked_so()
    {
        CliResult same = await RunAsync("vdpa", "create", "vdpa0", "--mgmtdev", "vdpasim_net", "--mtu", "1500", "--if-needed", "--json");
        Assert.That(same.ExitCode, Is.Zero, $"{same}");
        Assert.That(Problems(same), Is.Empty);
        Assert.That((same.Json.GetProperty("action").GetString(), same.Json.GetProperty("device").GetProperty("char_device").GetString()), Is.EqualTo(("unchanged", "/dev/vhost-vdpa-3")));

        CliResult other = await RunAsync("vdpa", "create", "vdpa0", "--mgmtdev", "vdpasim_net", "--mtu", "9000", "--if-needed", "--json");
        Assert.That(other.ExitCode, Is.EqualTo(4), $"{other}");
        Assert.That(other.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("differs"));
        Assert.That(other.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("its MTU is 1500, not 9000"));
    }

    [Test]
    public async Task A_device_is_made_and_deleted()
    {
        string device = _host.Real("/sys/devices/vdpa0");
        string link = _host.Real("/sys/bus/vdpa/devices/vdpa0");
        _tool.Does("dev del vdpa0", $"rm {link}; rm -r {device}").Does("dev show -j", $"if [ -e {device} ]; then echo '{VdpaRecordings.Devices}'; else echo '{RecordedVdpa.NoDevices}'; fi");
        _tool.Does("dev add name vdpa0 mgmtdev vdpasim_net", $"mkdir -p {device}/vhost-vdpa-3; ln -s ../../../devices/vdpa0 {link}; ln -s /sys/bus/vdpa/drivers/vhost_vdpa {device}/driver");

        CliResult deleted = await RunAsync("vdpa", "delete", "vdpa0");
        Assert.That((deleted.ExitCode, deleted.Output), Is.EqualTo((0, "vdpa0: deleted\n")), $"{deleted}");
        CliResult again = await RunAsync("vdpa", "delete", "vdpa0");
        Assert.That(again.ExitCode, Is.EqualTo(1), $"{again}");
        CliResult needless = await RunAsync("vdpa", "delete", "vdpa0", "--if-needed");
        Assert.That((needless.ExitCode, needless.Output), Is.EqualTo((0, "vdpa0: not there\n")), $"{needless}");
        CliResult created = await RunAsync("vdpa", "create", "vdpa0", "--mgmtdev", "vdpasim_net");
        Assert.That((created.ExitCode, created.Output), Is.EqualTo((0, "vdpa0: created, /dev/vhost-vdpa-3\n")), $"{created}");
        Assert.That(created.Error, Does.Contain("A reboot loses it"));
    }

    [Test]
    public async Task A_device_in_use_is_not_deleted()
    {
        _host.Process(4242, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vhost-vdpa-3");
        CliResult result = await RunAsync("vdpa", "delete", "vdpa0", "--if-needed", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("in_use"));
        Assert.That(result.Json.GetProperty("error").GetProperty("host").GetString(), Is.EqualTo("this machine"));
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("domain web1 (qemu-kvm, pid 4242)"));
        Assert.That(_tool.Calls, Is.Empty);
    }

    [Test]
    public async Task A_deletion_that_hangs_needs_a_person()
    {
        _tool.Hangs("dev del vdpa0");
        CliResult result = await RunAsync("vdpa", "delete", "vdpa0", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(7), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("outcome_unknown"));
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("left alone"));
    }

    private static IEnumerable<TestCaseData> Errors() => VdpaRecordings.Errors
        .Select(error => (error.Error, error.Problem, Exit: error.Problem switch
        {
            "InvalidInput" => 2,
            "PermissionDenied" => 3,
            "AlreadyExists" or "NoManagementDevice" or "NotSupported" or "ToolTooOld" or "ModuleNotLoaded" => 4,
            _ => 1,
        }))
        .DistinctBy(error => error.Problem)
        .Select(error => new TestCaseData(error.Error, error.Problem, error.Exit).SetName($"the tool says {error.Error.Split('\n')[0]}"));

    [TestCaseSource(nameof(Errors))]
    public async Task An_error_of_the_tool_is_explained(string text, string problem, int exit)
    {
        _tool.Fails("dev add name vdpa1 mgmtdev vdpasim_net", text);
        CliResult result = await RunAsync("vdpa", "create", "vdpa1", "--mgmtdev", "vdpasim_net", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(exit), $"{result}");
        System.Text.Json.JsonElement error = result.Json.GetProperty("error");
        Assert.That(error.GetProperty("code").GetString()!.Replace("_", "", StringComparison.Ordinal), Is.EqualTo(problem).IgnoreCase);
        Assert.That(error.GetProperty("message").GetString(), Does.Contain(text.Split('\n')[0]));
        Assert.That(error.GetProperty("remedy").GetString(), Is.Not.Empty);
    }

    [TestCase("{\"dev\":{\"vdpa0\":{\"ty", "half a document")]
    [TestCase("vdpa0: type network", "no JSON")]
    [TestCase("", "nothing")]
    public async Task What_cannot_be_read_names_the_tool(string output, string message)
    {
        _tool.Answers("dev show -j", output);
        CliResult result = await RunAsync("vdpa", "list");
        Assert.That(result.ExitCode, Is.EqualTo(1), $"{result}");
        Assert.That(result.Error, Does.Contain(message).And.Contain("iproute2"));
        Assert.That(result.Output, Is.Empty);
    }

    [Test]
    public async Task A_machine_without_the_tool_is_told_the_package()
    {
        CliResult result = await CliProcess.RunAsync(new Dictionary<string, string> { [HostTarget.RootVariable] = _host.Root, ["PATH"] = "/nonexistent" }, "vdpa", "list");
        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That(result.Error, Does.Contain("not on the PATH").And.Contain("iproute2"));
    }

    [TestCase("create", "a/b", "--mgmtdev", "vdpasim_net")]
    [TestCase("create", "..", "--mgmtdev", "vdpasim_net")]
    [TestCase("create", "--mgmtdev", "vdpasim_net", "--", "-j")]
    [TestCase("create", "--mgmtdev", "vdpasim_net")]
    [TestCase("create", "vdpa1")]
    [TestCase("create", "vdpa1", "--mgmtdev", "pci/../x")]
    [TestCase("create", "vdpa1", "--mgmtdev", "vdpasim_net", "--mac", "00:00:00:00:00:00")]
    [TestCase("create", "vdpa1", "--mgmtdev", "vdpasim_net", "--mac", "zz")]
    [TestCase("create", "vdpa1", "--mgmtdev", "vdpasim_net", "--mtu", "12")]
    [TestCase("create", "vdpa1", "--mgmtdev", "vdpasim_net", "--max-vqp", "many")]
    [TestCase("create", "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01234", "--mgmtdev", "vdpasim_net")]
    [TestCase("delete", "../../vdpa0")]
    [TestCase("delete", "/dev/vhost-vdpa-")]
    [TestCase("delete")]
    public async Task Bad_input_is_usage_and_asks_the_tool_nothing(params string[] arguments)
    {
        CliResult result = await RunAsync(["--json", "vdpa", .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Is.Not.Empty);
        Assert.That(_tool.Calls, Is.Empty);
    }

    private static List<string> Problems(CliResult result) => JsonSchema.Load("vdpa.schema.json").Problems(JsonNode.Parse(result.Output));

    private Task<CliResult> RunAsync(params string[] arguments) =>
        CliProcess.RunAsync(new Dictionary<string, string> { [HostTarget.RootVariable] = _host.Root, ["PATH"] = _tool.SearchPath }, arguments);
}
