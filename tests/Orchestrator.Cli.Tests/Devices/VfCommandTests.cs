using System.Text.Json.Nodes;
using Orchestrator.Cli.Tests.Real;
using Orchestrator.Tests.Devices;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Devices;

/// <summary><c>orchestrator vf</c> as its users run it, on a made Kunpeng host.</summary>
public sealed class VfCommandTests
{
    [Test]
    public async Task Functions_are_listed_and_filtered()
    {
        using HostTree host = HostTree.Kunpeng().Process(100, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vfio/10");
        host.Physical("0000:41:00.0", "8086:10c9", 7, 1, 1, null).Virtual("0000:41:10.0", "0000:41:00.0", "8086:10ca", 30, 1, null);
        CliResult plain = await RunAsync(host, "vf", "list");
        Assert.That(plain.ExitCode, Is.Zero, $"{plain}");
        Assert.That(plain.Output, Does.Contain("hisi_zip-0").And.Contain("domain web1 (qemu-kvm, pid 100)").And.Not.Contain("0000:41:10.0"));

        CliResult all = await RunAsync(host, "vf", "list", "--all", "--json");
        Assert.That(Problems(all), Is.Empty);
        Assert.That(all.Json.GetProperty("virtual_functions").GetArrayLength(), Is.EqualTo(8));

        CliResult free = await RunAsync(host, "vf", "list", "--engine", "zip", "--free", "--numa", "0", "--json");
        Assert.That(free.Json.GetProperty("virtual_functions").EnumerateArray().Select(function => function.GetProperty("address").GetString()), Is.EqualTo(new[] { "0000:31:00.2" }));
    }

    [Test]
    public async Task A_number_is_planned_then_written_then_there()
    {
        using HostTree host = HostTree.Kunpeng();
        CliResult plan = await RunAsync(host, "vf", "enable", "zip", "--numa", "0", "--count", "3", "--dry-run");
        Assert.That(
            (plan.ExitCode, plan.Output),
            Is.EqualTo((0, "echo 0 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs\necho 3 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs\n")), $"{plan}");
        Assert.That(host.Read("/sys/devices/0000:31:00.0/sriov_numvfs"), Is.EqualTo("2"));

        CliResult done = await RunAsync(host, "vf", "enable", "0000:31:00.0", "--count", "3");
        Assert.That((done.ExitCode, done.Output), Is.EqualTo((0, "0000:31:00.0: 3 virtual functions\n")), $"{done}");
        Assert.That(done.Error, Does.Contain("--print-unit").And.Contain("pf_q_num"));
        Assert.That(host.Read("/sys/devices/0000:31:00.0/sriov_numvfs"), Is.EqualTo("3"));

        CliResult again = await RunAsync(host, "vf", "enable", "0000:31:00.0", "--count", "3", "--json");
        Assert.That((again.ExitCode, again.Json.GetProperty("error").GetProperty("code").GetString()), Is.EqualTo((4, "already_exists")));
        CliResult needless = await RunAsync(host, "vf", "enable", "0000:31:00.0", "--count", "3", "--if-needed", "--json");
        Assert.That(Problems(needless), Is.Empty);
        Assert.That((needless.ExitCode, needless.Json.GetProperty("action").GetString()), Is.EqualTo((0, "unchanged")));
    }

    [Test]
    public async Task A_number_is_refused_while_a_function_is_in_use()
    {
        using HostTree host = HostTree.Kunpeng().Process(100, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vfio/10");
        CliResult result = await RunAsync(host, "vf", "enable", "0000:31:00.0", "--count", "0", "--json");
        Assert.That((result.ExitCode, result.Json.GetProperty("error").GetProperty("code").GetString()), Is.EqualTo((4, "in_use")));
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("0000:31:00.1 is in use by domain web1"));
        Assert.That(host.Read("/sys/devices/0000:31:00.0/sriov_numvfs"), Is.EqualTo("2"));
    }

    [Test]
    public async Task Functions_are_planned_then_bound()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        using var kernel = new KernelDouble(host);
        CliResult plan = await RunAsync(host, "vf", "bind", "0000:31:00.1", "--dry-run");
        Assert.That(plan.Output, Is.EqualTo(
            "echo 0000:31:00.1 > /sys/bus/pci/drivers/hisi_zip/unbind\necho hisi_acc_vfio_pci > /sys/bus/pci/devices/0000:31:00.1/driver_override\necho 0000:31:00.1 > /sys/bus/pci/drivers_probe\n"), $"{plan}");
        Assert.That(host.Read("/sys/bus/pci/drivers_probe"), Is.Empty);

        CliResult done = await RunAsync(host, "vf", "bind", "0000:31:00.1", "31:00.2", "--driver", "vfio-pci", "--json");
        Assert.That(done.ExitCode, Is.Zero, $"{done}");
        Assert.That(Problems(done), Is.Empty);
        Assert.That(
            done.Json.GetProperty("functions").EnumerateArray().Select(function => (function.GetProperty("address").GetString(), function.GetProperty("driver_before").GetString())),
            Is.EqualTo(new[] { ("0000:31:00.1", "hisi_zip"), ("0000:31:00.2", "hisi_zip") }));
        Assert.That(done.Json.GetProperty("notes")[0].GetString(), Does.Contain("hisi_migration is not loaded"));
        Assert.That(host.Read("/sys/devices/0000:31:00.2/driver_override"), Is.EqualTo("vfio-pci"));
        Assert.That(host.Files.Resolve("/sys/devices/0000:31:00.2/driver"), Is.EqualTo("/sys/bus/pci/drivers/vfio-pci"));
    }

    [Test]
    public async Task A_unit_is_printed_and_nothing_written()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        CliResult bind = await RunAsync(host, "vf", "bind", "0000:31:00.1", "--print-unit");
        Assert.That(bind.ExitCode, Is.Zero, $"{bind}");
        Assert.That(bind.Output, Does.StartWith("# Save as /etc/systemd/system/vf-bind-0000-31-00.1.service").And.Contain("echo 0000:31:00.1 > /sys/bus/pci/drivers_probe"));
        CliResult count = await RunAsync(host, "vf", "enable", "0000:31:00.0", "--count", "2", "--print-unit", "--json");
        Assert.That(Problems(count), Is.Empty);
        Assert.That(count.Json.GetProperty("unit").GetString(), Does.Contain("echo 2 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs"));
        Assert.That((host.Read("/sys/bus/pci/drivers_probe"), host.Read("/sys/devices/0000:31:00.0/sriov_numvfs")), Is.EqualTo(("", "2")));
    }

    [Test]
    public async Task One_of_each_engine_is_picked_with_its_element()
    {
        using HostTree host = HostTree.Kunpeng().Process(100, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vfio/10");
        CliResult plain = await RunAsync(host, "vf", "pick", "--engine", "zip,hpre,sec", "--numa", "0");
        Assert.That(plain.ExitCode, Is.Zero, $"{plain}");
        var elements = System.Xml.Linq.XElement.Parse($"<devices>{plain.Output}</devices>");
        Assert.That(
            elements.Descendants("address").Select(address => $"{address.Attribute("bus")!.Value} {address.Attribute("function")!.Value}"),
            Is.EqualTo(new[] { "0x31 0x2", "0x39 0x1", "0x35 0x1" }));
        Assert.That(elements.Elements("hostdev").Select(element => element.Attribute("migration")!.Value), Is.EqualTo(new[] { "on", "on", "on" }));
        Assert.That(plain.Error, Does.Contain("0000:31:00.1 was passed over: in use by domain web1").And.Contain("The elements are for openEuler's libvirt"));

        CliResult json = await RunAsync(host, "vf", "pick", "--engine", "zip,hpre,sec", "--json");
        Assert.That(Problems(json), Is.Empty);
        Assert.That(json.Json.GetProperty("numa_node").GetInt32(), Is.Zero);

        CliResult none = await RunAsync(host, "vf", "pick", "--engine", "zip,sec", "--numa", "1", "--json");
        Assert.That((none.ExitCode, none.Json.GetProperty("error").GetProperty("code").GetString()), Is.EqualTo((4, "nothing_fits")));
    }

    [Test]
    public async Task Functions_that_may_be_in_use_are_told()
    {
        using HostTree host = HostTree.Kunpeng().Closed("/proc/9/fd");
        CliResult result = await RunAsync(host, "vf", "list", "--numa", "1", "--json");
        Assert.That(Problems(result), Is.Empty);

        // Root looks into all processes.
        Assert.That(result.Json.GetProperty("virtual_functions")[0].GetProperty("users_known").GetBoolean(), Is.EqualTo(Environment.IsPrivilegedProcess));
        CliResult plain = await RunAsync(host, "vf", "list", "--numa", "1");
        Assert.That(plain.Error.Contains("Whether somebody uses 0000:b1:00.1 cannot be told", StringComparison.Ordinal), Is.Not.EqualTo(Environment.IsPrivilegedProcess));
    }

    [TestCase(2, "list", "--engine", "rde")]
    [TestCase(2, "list", "--engine", "1")]
    [TestCase(2, "list", "--numa", "-1")]
    [TestCase(2, "pick")]
    [TestCase(2, "pick", "--engine", "zip,zip")]
    [TestCase(2, "enable", "zip")]
    [TestCase(2, "enable", "zip", "--count", "3")]
    [TestCase(2, "enable", "0000:31:20.0", "--count", "3")]
    [TestCase(2, "enable", "../../etc", "--count", "3")]
    [TestCase(2, "enable", "0000:31:00.0", "--count", "-3")]
    [TestCase(4, "enable", "0000:31:00.0", "--count", "64")]
    [TestCase(1, "enable", "0000:77:00.0", "--count", "1")]
    [TestCase(2, "bind", "0000:31:00.9")]
    [TestCase(2, "bind", "10000:31:00.1")]
    [TestCase(2, "bind", "--", "-1")]
    [TestCase(2, "bind", "0000:31:00.1", "--driver", "igb")]
    [TestCase(1, "bind", "0000:31:00.0")]
    [TestCase(2, "bind")]
    public async Task Bad_input_is_explained_and_changes_nothing(int code, params string[] arguments)
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        CliResult result = await RunAsync(host, ["--json", "vf", .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(code), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Is.Not.Empty);
        Assert.That((host.Read("/sys/bus/pci/drivers_probe"), host.Read("/sys/devices/0000:31:00.0/sriov_numvfs")), Is.EqualTo(("", "2")));
    }

    private static List<string> Problems(CliResult result) => JsonSchema.Load("vf.schema.json").Problems(JsonNode.Parse(result.Output));

    private static Task<CliResult> RunAsync(HostTree host, params string[] arguments) =>
        CliProcess.RunAsync(new Dictionary<string, string> { [HostTarget.RootVariable] = host.Root }, arguments);
}
