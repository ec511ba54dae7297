using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Domains as they are listed, shown and dumped.</summary>
public sealed class DomainListTests
{
    private LibvirtConnection _a = null!;

    [OneTimeSetUp]
    public async Task StartGuest()
    {
        _a = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
        await CliLab.Lab.StartGuestAsync(new() { Name = "listed" });
    }

    [OneTimeTearDown]
    public async Task RemoveGuest()
    {
        await CliLab.Lab.RemoveGuestAsync("listed");
        _a.Dispose();
    }

    [Test]
    public async Task Running_domains_and_those_that_are_off_are_listed_with_what_they_are()
    {
        using LibvirtDomain off = _a.DefineXml(Document("off-list", "<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/></metadata>"));
        try
        {
            JsonElement all = await ListAsync();
            JsonElement running = Find(all, "listed");
            Assert.That(
                (running.GetProperty("state").GetString(), running.GetProperty("reason").GetString(), running.GetProperty("memory_kib").GetInt64(), running.GetProperty("vcpus").GetInt32()),
                Is.EqualTo(("running", "booted", 128 * 1024L, 1)));
            JsonElement defined = Find(all, "off-list");
            Assert.That(
                (defined.GetProperty("state").GetString(), defined.GetProperty("memory_kib").GetInt64(), defined.GetProperty("disks").GetInt32(), defined.GetProperty("interfaces").GetInt32()),
                Is.EqualTo(("shutoff", 48 * 1024L, 1, 1)));
            Assert.That(defined.GetProperty("manager").GetString(), Is.EqualTo("OpenStack (nova)"));

            Assert.That(Names(await ListAsync("--active")), Does.Contain("listed").And.Not.Contain("off-list"));
            Assert.That(Names(await ListAsync("--inactive")), Does.Contain("off-list").And.Not.Contain("listed"));
        }
        finally
        {
            off.Undefine();
        }
    }

    [Test]
    public async Task A_host_that_cannot_be_reached_does_not_hide_the_others()
    {
        CliResult result = await CliProcess.RunAsync("domain", "list", "--host", "lab-a,qemu+tcp://127.0.0.1:1/system,lab-b", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
        Assert.That(JsonSchema.Load("domain-list.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
        Assert.That(result.Json.GetProperty("hosts")[1].GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("host_unreachable"));
        Assert.That(Names(result.Json), Does.Contain("listed"));
    }

    [TestCase("--active", "--inactive")]
    [TestCase("--all", "--active")]
    [TestCase("-c", "lab-a", "--host", "lab-b")]
    [TestCase("--host", ",")]
    public async Task What_contradicts_itself_is_a_usage_error(params string[] options)
    {
        CliResult result = await CliProcess.RunAsync(["domain", "list", .. options]);
        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
    }

    [Test]
    public async Task A_running_domain_is_shown_with_its_devices_and_with_what_its_next_start_will_change()
    {
        JsonElement before = await ShowAsync("listed");
        Assert.That(before.GetProperty("definition_differs").GetArrayLength(), Is.Zero);
        Assert.That(before.GetProperty("domain").GetProperty("persistent").GetBoolean());

        using LibvirtDomain domain = _a.LookupByName("listed");
        string definition = domain.GetXml(DomainXmlFlags.Inactive);
        _a.DefineXml(definition.Replace("<memory unit='KiB'>131072<", "<memory unit='KiB'>262144<", StringComparison.Ordinal)).Dispose();
        try
        {
            Assert.That(
                (await ShowAsync("listed")).GetProperty("definition_differs").EnumerateArray().Select(item => item.GetString()),
                Is.EqualTo(new[] { "memory: 131072 KiB in the running domain, 262144 KiB in its definition" }));
        }
        finally
        {
            _a.DefineXml(definition).Dispose();
        }
    }

    [Test]
    public async Task A_name_that_is_another_domains_uuid_is_refused_with_both()
    {
        using LibvirtDomain listed = _a.LookupByName("listed");
        using LibvirtDomain twin = _a.DefineXml(Document($"{listed.Uuid}", ""));
        try
        {
            CliResult result = await CliProcess.RunAsync("-c", "lab-a", "domain", "show", $"{listed.Uuid}", "--json");
            Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
            JsonElement error = result.Json.GetProperty("error");
            Assert.That(error.GetProperty("code").GetString(), Is.EqualTo("domain_ambiguous"));
            Assert.That(error.GetProperty("remedy").GetString(), Is.EqualTo($"Say {twin.Uuid}, or listed."));
            Assert.That((await ShowAsync($"{twin.Uuid}")).GetProperty("domain").GetProperty("name").GetString(), Is.EqualTo($"{listed.Uuid}"));
        }
        finally
        {
            twin.Undefine();
        }
    }

    [Test]
    public async Task A_document_is_dumped_just_as_libvirt_writes_it()
    {
        using LibvirtDomain domain = _a.LookupByName("listed");
        foreach ((string[] options, DomainXmlFlags flags) in new (string[], DomainXmlFlags)[]
        {
            ([], DomainXmlFlags.None), (["--inactive"], DomainXmlFlags.Inactive), (["--security-info", "--migratable"], DomainXmlFlags.Secure | DomainXmlFlags.Migratable),
        })
        {
            CliResult result = await CliProcess.RunAsync(["-c", "lab-a", "domain", "dumpxml", "listed", .. options]);
            Assert.That((result.ExitCode, result.Output), Is.EqualTo((0, domain.GetXml(flags))));
        }

        CliResult json = await CliProcess.RunAsync("-c", "lab-a", "domain", "dumpxml", "listed", "--json");
        Assert.That(JsonSchema.Load("domain-dumpxml.schema.json").Problems(JsonNode.Parse(json.Output)), Is.Empty);
        Assert.That(json.Json.GetProperty("xml").GetString(), Is.EqualTo(domain.GetXml()));
    }

    [TestCase("show")]
    [TestCase("dumpxml")]
    public async Task A_domain_that_is_not_there_is_said_not_to_be(string command)
    {
        CliResult result = await CliProcess.RunAsync("-c", "lab-a", "domain", command, "--", "-nobody");
        Assert.That(result.ExitCode, Is.EqualTo(1), $"{result}");
        Assert.That(result.Error, Does.Contain("lab-a has no domain named -nobody"));
    }

    [Test]
    public async Task A_qemu_that_does_not_answer_does_not_keep_the_others_from_being_listed()
    {
        using LibvirtDomain off = _a.DefineXml(Document("beside", ""));
        using Process qemu = Process.GetProcessById(PidOf("listed"));
        Signal(qemu, "STOP");
        try
        {
            JsonElement all = await ListAsync();
            Assert.That(Find(all, "listed").GetProperty("state").GetString(), Is.EqualTo("running"));
            Assert.That(Find(all, "beside").GetProperty("disks").GetInt32(), Is.EqualTo(1));
        }
        finally
        {
            Signal(qemu, "CONT");
            off.Undefine();
        }
    }

    private static string Document(string name, string extra) => $"""
        <domain type='qemu'>
          <name>{name}</name>{extra}<memory unit='MiB'>48</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
          <devices>
            <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/nonexistent/a.img'/><target dev='vda' bus='virtio'/></disk>
            <interface type='user'><model type='virtio'/></interface>
          </devices>
        </domain>
        """;

    private static async Task<JsonElement> ListAsync(params string[] options)
    {
        CliResult result = await CliProcess.RunAsync(["-c", "lab-a", "domain", "list", "--json", .. options]);
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(JsonSchema.Load("domain-list.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
        return result.Json;
    }

    private static async Task<JsonElement> ShowAsync(string domain)
    {
        CliResult result = await CliProcess.RunAsync("-c", "lab-a", "domain", "show", domain, "--json");
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(JsonSchema.Load("domain-show.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
        return result.Json;
    }

    private static JsonElement Find(JsonElement list, string name) => list.GetProperty("domains").EnumerateArray().Single(domain => domain.GetProperty("name").GetString() == name);

    private static string[] Names(JsonElement list) => [.. list.GetProperty("domains").EnumerateArray().Select(domain => domain.GetProperty("name").GetString()!)];

    private static int PidOf(string guest) => Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(name => int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture))
        .Single(pid => CommandLineOf(pid) is var line && line.Contains("qemu-system", StringComparison.Ordinal) && line.Contains($"guest={guest},", StringComparison.Ordinal) && line.Contains(CliLab.Folder, StringComparison.Ordinal));

    private static string CommandLineOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it ended while we looked
        }
    }

    private static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", ["-s", signal, $"{process.Id}"]);
        kill.WaitForExit();
        Assert.That(kill.ExitCode, Is.Zero);
    }
}
