using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Definitions on a stock host: what it would drop or cannot say is refused, and leaves nothing.</summary>
public sealed class DefineTests
{
    private readonly string _file = Path.GetTempFileName();

    [TearDown]
    public void Clean() => File.Delete(_file);

    [Test]
    public async Task The_dialect_of_a_stock_host_is_told_by_its_answers()
    {
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost("lab-a").Uri));
        HostDialect dialect = await host.GetDialectAsync(CancellationToken.None);

        Assert.That(dialect.Name, Is.EqualTo(DialectName.Upstream));
        Assert.That(dialect, Is.EqualTo(dialect with
        {
            VdpaHostDevice = false,
            MigrationAttribute = false,
            IommuFdAttribute = false,
            VdpaInterface = true,
            VhostVdpaDisk = true,
            GenericVdpaDevice = true,
            VdpaNetSimulation = false,
        }));
    }

    [Test]
    public async Task A_migration_attribute_is_refused_by_name_and_leaves_no_domain()
    {
        JsonElement error = await DefineBadAsync("bad-migration", "<hostdev mode='subsystem' type='pci' migration='on'><source><address bus='0x31' slot='0x00' function='0x1'/></source></hostdev>");

        JsonElement problem = error.GetProperty("problems").EnumerateArray().Single();
        Assert.That(problem.GetProperty("path").GetString(), Does.StartWith("/domain/devices/hostdev"));
        Assert.That(problem.GetProperty("message").GetString(), Does.Contain("migration='on'"));
        Assert.That(problem.GetProperty("line").GetInt32(), Is.EqualTo(1));
        Assert.That(error.GetProperty("host").GetString(), Is.EqualTo("lab-a"));
        Assert.That(problem.GetProperty("alternatives").GetArrayLength(), Is.GreaterThan(0));
    }

    [Test]
    public async Task A_vdpa_host_device_is_refused_and_the_upstream_forms_are_named()
    {
        JsonElement error = await DefineBadAsync("bad-vdpa", "<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>");

        string alternatives = string.Join('\n', error.GetProperty("problems").EnumerateArray().Single().GetProperty("alternatives").EnumerateArray().Select(text => text.GetString()));
        Assert.That(alternatives, Does.Contain("<interface type='vdpa'>").And.Contain("<disk type='vhostvdpa'").And.Contain("vhost-vdpa-device-pci"));
    }

    [Test]
    public async Task What_libvirt_drops_elsewhere_is_found_by_reading_back()
    {
        JsonElement error = await DefineBadAsync("bad-element", "<interface type='user'><speed-of-light/></interface>");

        Assert.That(error.GetProperty("code").GetString(), Is.EqualTo("undone"));
        Assert.That(error.GetProperty("message").GetString(), Does.Contain("/domain/devices/interface/speed-of-light"));
    }

    [Test]
    public async Task A_domain_is_defined_changed_and_tried()
    {
        await File.WriteAllTextAsync(_file, Domain("define-me", "").Replace("32", "48"));
        using LibvirtConnection lab = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
        try
        {
            CliResult tried = await CliProcess.RunAsync("-c", "lab-a", "domain", "define", _file, "--dry-run");
            Assert.That(tried.ExitCode, Is.Zero, $"{tried}");
            Assert.That(lab.TryLookupByName("define-me"), Is.Null);

            CliResult made = await CliProcess.RunAsync("domain", "define", _file, "--json", "--connect", "lab-a");
            Assert.That(made.ExitCode, Is.Zero, $"{made}");
            Assert.That(JsonSchema.Load("define.schema.json").Problems(JsonNode.Parse(made.Output)), Is.Empty);
            Assert.That(made.Json.GetProperty("action").GetString(), Is.EqualTo("created"));
            Guid uuid = made.Json.GetProperty("domain").GetProperty("uuid").GetGuid();

            CliResult again = await CliProcess.RunAsync("-c", "lab-a", "domain", "define", _file);
            Assert.That(again.ExitCode, Is.EqualTo(4), "without its UUID it would be another domain of the same name");
            Assert.That(again.Error, Does.Contain($"<uuid>{uuid}</uuid>"));
        }
        finally
        {
            using LibvirtDomain? left = lab.TryLookupByName("define-me");
            left?.Undefine();
        }
    }

    [Test]
    public async Task A_device_of_a_running_guest_is_attached_or_detached_again()
    {
        await CliLab.Lab.StartGuestAsync(new() { Name = "attached", Host = "lab-a" });
        try
        {
            await File.WriteAllTextAsync(_file, "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>");
            CliResult attached = await CliProcess.RunAsync("-c", "lab-a", "device", "attach", "attached", _file, "--json");
            Assert.That(attached.ExitCode, Is.Zero, $"{attached}");
            Assert.That(JsonSchema.Load("define.schema.json").Problems(JsonNode.Parse(attached.Output)), Is.Empty);
            Assert.That(Devices("rng"), Is.EqualTo(1));

            await File.WriteAllTextAsync(_file, "<interface type='user'><model type='virtio'/><speed-of-light/></interface>");
            CliResult lost = await CliProcess.RunAsync("-c", "lab-a", "device", "attach", "attached", _file, "--json");
            Assert.That(lost.ExitCode, Is.EqualTo(1), $"{lost}");
            Assert.That(lost.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("speed-of-light").And.Contain("detached again"));
            Assert.That(lost.Json.GetProperty("error").GetProperty("operation").GetString(), Is.EqualTo("attach"));
            Assert.That(Devices("interface"), Is.Zero);
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("attached");
        }

        static int Devices(string kind)
        {
            using LibvirtConnection lab = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
            using LibvirtDomain guest = lab.LookupByName("attached");
            return System.Xml.Linq.XElement.Parse(guest.GetXml()).Element("devices")!.Elements(kind).Count();
        }
    }

    private async Task<JsonElement> DefineBadAsync(string name, string devices)
    {
        await File.WriteAllTextAsync(_file, Domain(name, devices));
        CliResult plain = await CliProcess.RunAsync("-c", "lab-a", "domain", "define", _file);
        CliResult json = await CliProcess.RunAsync("-c", "lab-a", "--json", "domain", "define", _file);
        Assert.That(plain.ExitCode, Is.AnyOf(1, 4), $"{plain}");
        Assert.That(plain.Error, Does.Contain("lab-a").And.Contain("instead: "));
        Assert.That(json.ExitCode, Is.EqualTo(plain.ExitCode), $"{json}");
        Assert.That(JsonSchema.Load("error.schema.json").Problems(JsonNode.Parse(json.Output)), Is.Empty);
        using LibvirtConnection lab = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
        Assert.That(lab.TryLookupByName(name), Is.Null, "nothing is left");
        return json.Json.GetProperty("error");
    }

    private static string Domain(string name, string devices) =>
        $"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>{devices}</devices></domain>";
}
