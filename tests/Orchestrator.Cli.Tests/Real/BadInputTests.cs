using System.Text.Json.Nodes;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>What cannot work gets a clear error, promptly, with the exit code that scripts depend on.</summary>
public sealed class BadInputTests
{
    private const string NoSocket = "qemu+unix:///session?socket=/nonexistent/libvirt-sock";

    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Row(3, "No such file or directory", "migrate", "x", "--from", "lab-a", "--to", NoSocket).SetName("a socket that is not there");
        yield return Row(3, "cannot be reached", "migrate", "x", "--from", "qemu+tcp://127.0.0.1:1/system", "--to", "lab-a").SetName("a dead URI");
        yield return Row(3, "cannot be reached", "migrate", "x", "--from", "nonsense://", "--to", "lab-a").SetName("a URI of no driver");
        yield return Row(1, "has no domain named nope", "migrate", "nope", "--from", "lab-a", "--to", "lab-b").SetName("no such domain");
        yield return Row(1, "has no domain named -x", "migrate", "--from", "lab-a", "--to", "lab-b", "--", "-x").SetName("a name that begins with a dash");
        yield return Row(1, "has no domain named a'b\"<c>&\\x0ad", "migrate", "a'b\"<c>&\nd", "--from", "lab-a", "--to", "lab-b").SetName("quotes, a newline and XML in a name");
        yield return Row(2, "--to", "migrate", "x", "--from", "lab-a").SetName("a missing option");
        yield return Row(2, "is not a duration", "migrate", "x", "--from", "lab-a", "--to", "lab-b", "--max-downtime", "100").SetName("a limit without a unit");
        yield return Row(2, "--bandwidth", "migrate", "x", "--from", "lab-a", "--to", "lab-b", "--bandwidth", "0").SetName("no bandwidth");
        yield return Row(2, "--bandwidth", "migrate", "x", "--from", "lab-a", "--to", "lab-b", "--bandwidth", "x").SetName("a bandwidth that is no number");
        yield return Row(2, "--bandwidth", "migrate", "x", "--from", "lab-a", "--to", "lab-b", "--bandwidth", "99999999999999999999").SetName("a bandwidth that no number holds");
        yield return Row(2, "--count wants", "-c", "lab-a", "domain", "watch", "--count", "x").SetName("a count of events that is no number");
        yield return Row(2, "--count wants", "-c", "lab-a", "domain", "watch", "--count", "99999999999").SetName("a count of events that no number holds");
        yield return Row(2, "--memory-mib wants", "lab", "guest", "--memory-mib", "x").SetName("a memory that is no number");
        yield return Row(2, "--dirty-mib-s wants", "lab", "guest", "--dirty-mib-s", "NaN").SetName("a rate that is not a number");
        yield return Row(2, "--hosts wants", "lab", "up", "--hosts", "two").SetName("hosts that are no number");
        yield return Row(2, "--numa wants", "vf", "list", "--numa", "99999999999").SetName("a NUMA node that no number holds");
        yield return Row(2, "--mtu wants", "vdpa", "create", "vdpa0", "--mgmtdev", "vdpasim_net", "--mtu", "x").SetName("an MTU that is no number");
        yield return Row(2, "The name of a host is empty", "-c", "", "domain", "destroy", "x").SetName("an empty host");
        yield return Row(2, "The name of a host is empty", "-c", " ", "host", "show").SetName("a blank host");
        yield return Row(2, "The name of a host is empty", "migrate", "x", "--from", "", "--to", "lab-b").SetName("an empty source");
        yield return Row(2, "The name of a host is empty", "migrate", "x", "--from", "lab-a", "--to", "").SetName("an empty destination");
        yield return Row(2, "--host names no host", "domain", "list", "--host", "").SetName("an empty list of hosts");
        yield return Row(2, "--host names no host", "domain", "watch", "--host", "lab-a", "--host", ",").SetName("an empty host among those to watch");
        yield return Row(2, "destroy", "-c", "lab-a", "domain", "shutdown", "x", "--then", "1").SetName("a number instead of what to do then");
        yield return Row(2, "p2p", "migrate", "x", "--from", "lab-a", "--to", "lab-b", "--mode", "5").SetName("a number instead of a mode");
        yield return Row(2, "transient", "migrate", "x", "--from", "lab-a", "--to", "lab-b", "--persistence", "77").SetName("a number instead of a persistence");
        yield return Row(2, "never", "-c", "lab-a", "device", "list", "x", "--ask-qemu", "9").SetName("a number instead of whether to ask QEMU");
        yield return Row(2, "verbose", "-c", "lab-a", "domain", "list", "--log-level", "99").SetName("a number instead of a log level");
        yield return Row(2, "--log-file cannot be written", "-c", "lab-a", "domain", "list", "--log-file", "/proc/nowhere/x").SetName("a log file that cannot be made");
        yield return Row(2, "--log-file cannot be written", "-c", "lab-a", "domain", "list", "--log-file", "/tmp").SetName("a folder instead of a log file");
        yield return Row(1, "/nonexistent/d.xml is not there", "-c", "lab-a", "domain", "define", "/nonexistent/d.xml").SetName("a document that is not there");
        yield return Row(1, "is a folder", "-c", "lab-a", "domain", "define", "/tmp").SetName("a folder instead of a document");
        yield return Row(2, "FILE is empty", "-c", "lab-a", "domain", "define", "").SetName("an empty name of a document");
        yield return Row(3, "no host of a lab", "host", "show", "nobody").SetName("a host that nobody knows");
        yield return Row(2, "frobnicate", "frobnicate").SetName("an unknown command");
        yield return Row(1, "/nonexistent/evidence.json", "downtime", "analyze", "--evidence", "/nonexistent/evidence.json").SetName("evidence that is not there");

        static TestCaseData Row(int code, string message, params string[] arguments) => new(code, message, arguments);
    }

    [TestCaseSource(nameof(Cases))]
    public async Task Bad_input_is_explained(int code, string message, string[] arguments)
    {
        CliResult plain = await CliProcess.RunAsync(arguments);
        Assert.That(plain.ExitCode, Is.EqualTo(code), $"{plain}");
        Assert.That(plain.Error, Does.Contain(message));
        Assert.That(plain.Error, Does.Not.Contain("System.").And.Not.Contain("Orchestrator."), "no type's name");
        Assert.That(plain.Output, Is.Empty);

        CliResult json = await CliProcess.RunAsync(["--json", .. arguments]);
        Assert.That(json.ExitCode, Is.EqualTo(code), $"{json}");
        Assert.That(json.Json.GetProperty("error").GetProperty("code").GetString(), Is.Not.Empty);
        Assert.That(JsonSchema.Load("error.schema.json").Problems(JsonNode.Parse(json.Output)), Is.Empty);
    }

    [Test]
    public async Task The_same_host_twice_is_refused()
    {
        await CliLab.Lab.StartGuestAsync(new() { Name = "same" });
        try
        {
            CliResult result = await CliProcess.RunAsync("migrate", "same", "--from", "lab-a", "--to", CliLab.Lab.GetHost("lab-a").Uri);
            Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
            Assert.That(result.Output, Does.Contain("same host"));
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("same");
        }
    }

    [Test]
    public async Task A_domain_that_is_off_is_refused()
    {
        using var a = Libvirt.Interop.LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
        using Libvirt.Interop.LibvirtDomain off = a.DefineXml("<domain type='qemu'><name>off</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>");
        try
        {
            CliResult result = await CliProcess.RunAsync("migrate", "off", "--from", "lab-a", "--to", "lab-b");
            Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
            Assert.That(result.Output, Does.Contain("only a running domain can be live-migrated"));
        }
        finally
        {
            off.Undefine();
        }
    }

    [Test]
    public async Task A_password_in_a_uri_is_shown_nowhere()
    {
        string log = Path.GetTempFileName();
        try
        {
            CliResult result = await CliProcess.RunAsync("migrate", "x", "--from", "qemu+tcp://user:geheim@127.0.0.1:1/system", "--to", "lab-a", "--log-level", "debug", "--log-file", log);
            Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
            Assert.That(result.Output + result.Error + await File.ReadAllTextAsync(log), Does.Not.Contain("geheim"));
        }
        finally
        {
            File.Delete(log);
        }
    }
}
