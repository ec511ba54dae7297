using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Recovery;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Store;
using Orchestrator.Support;
using Orchestrator.Tests.Recovery;
using Orchestrator.Tests.Regression.Reports;

namespace Orchestrator.Tests.Support;

public sealed class SupportBundleTests
{
    private const string Secret = "hunter2-planted";

    private string _folder = null!;

    [SetUp]
    public void Make() => _folder = Directory.CreateTempSubdirectory("bundle-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_bundle_holds_versions_configuration_open_operations_and_the_run_with_its_evidence()
    {
        (SupportContents contents, Dictionary<string, string> files) = await BundleAsync(Everything());

        Assert.That(files.Keys, Is.EquivalentTo(new[]
        {
            "contents.txt", "versions.txt", "configuration/user-hosts.yaml", "configuration/ORCHESTRATOR_HOSTS.yaml", "configuration/environment.txt", "journal.json",
            "run/run.json", "run/evidence/idle-1.json", "run/hooks/before.log", "files/extra.log",
        }));
        Assert.That(contents.Entries.Select(entry => entry.Name), Is.EquivalentTo(files.Keys));
        Assert.That(files["versions.txt"], Does.Match("(?m)^orchestrator: \\d").And.Match("(?m)^kernel: Linux").And.Match("(?m)^libvirt library: \\d").And.Contain("source qemu: 10.0.2"));
        Assert.That((string)JsonNode.Parse(files["journal.json"])![0]!["intent"]!["domain_name"]!, Is.EqualTo("web1"));
        Assert.That(files["configuration/user-hosts.yaml"], Does.Contain("qemu+ssh://root@node1/system"), "what is no secret stays");
        Assert.That(files["contents.txt"], Does.Contain("run/evidence/idle-1.json").And.Contain("left out: run/core.bin: no text").And.Contain("left out: run/shadow: a link to /etc/shadow"));
    }

    [Test]
    public async Task A_planted_secret_is_nowhere_in_it()
    {
        (_, Dictionary<string, string> files) = await BundleAsync(Everything());
        Assert.That(files.Where(file => file.Value.Contains(Secret, StringComparison.Ordinal)).Select(file => file.Key), Is.Empty);
        Assert.That(files.Keys, Has.None.Contains(Secret));
        Assert.That(JsonNode.Parse(files["run/evidence/idle-1.json"]), Is.Not.Null, "still a document");
    }

    [Test]
    public async Task The_file_is_its_owners_alone_and_nothing_is_left_beside_it()
    {
        await BundleAsync(Everything());
        Assert.That(File.GetUnixFileMode(Path.Combine(_folder, "out", "b.tar.gz")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(Directory.GetFiles(Path.Combine(_folder, "out")), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Without_a_journal_and_a_run_it_says_what_is_missing()
    {
        (SupportContents contents, Dictionary<string, string> files) = await BundleAsync(new() { Configuration = new() { SystemFile = null }, StateFolder = _folder });
        Assert.That(files.Keys, Is.EquivalentTo(new[] { "contents.txt", "versions.txt", "configuration/environment.txt" }));
        Assert.That(contents.LeftOut, Has.Exactly(1).Contains("there is no journal"));
    }

    [Test]
    public void A_file_that_was_asked_for_and_is_not_there_is_an_error_and_no_bundle_is_left()
    {
        Assert.That(() => BundleAsync(new() { Configuration = new() { SystemFile = null }, StateFolder = _folder, Files = ["/nonexistent/e.json"] }), Throws.InstanceOf<IOException>());
        Assert.That(Directory.GetFiles(Path.Combine(_folder, "out")), Is.Empty);
    }

    [TestCase("uri: qemu+tcp://root:hunter2@node1/system", "uri: qemu+tcp://root:***@node1/system")]
    [TestCase("password: hunter2", "password: ***")]
    [TestCase("  vnc_password: \"hun ter2\"  # x", "  vnc_password: \"***\"  # x")]
    [TestCase("{uri: x, api_key: hunter2, y: 1}", "{uri: x, api_key: ***, y: 1}")]
    [TestCase("Host=db;Username=u;Password=hunter2;Port=1", "Host=db;Username=u;Password=***;Port=1")]
    [TestCase("<graphics type='vnc' passwd='hunter2' port='1'/>", "<graphics type='vnc' passwd='***' port='1'/>")]
    [TestCase("https://example.org/x?a=1&token=hunter2&b=2", "https://example.org/x?a=1&token=***&b=2")]
    [TestCase("Authorization: Bearer hunter2hunter2", "Authorization: ***")]
    [TestCase("curl -H 'Authorization: token hunter2' x", "curl -H 'Authorization: ***' x")]
    [TestCase("password: correct horse hunter2\r\nx: 1", "password: ***\r\nx: 1")]
    [TestCase("{api_key: hunter2 hunter2, y: 1}", "{api_key: ***, y: 1}")]
    [TestCase("<cookie name='session'>hunter2</cookie>", "<cookie name='session'>***</cookie>")]
    [TestCase("-vnc x,passwd=hunter2 -name web1", "-vnc x,passwd=*** -name web1")]
    [TestCase("sent Bearer hunter2hunter2 to it", "sent Bearer *** to it")]
    [TestCase("secrets: [hunter2, hunter2]\nx: 1", "secrets: ***\nx: 1")]
    [TestCase("secret:\n  one: hunter2\n  two: hunter2\nx: 1", "secret: ***\nx: 1")]
    [TestCase("token: |\n  hunter2\n\n  hunter2\nx: 1", "token: ***\nx: 1")]
    [TestCase("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\nx", "***\nx")]
    [TestCase("migration_port_min = 49152\nkernel: 6.1.0\nuri: qemu:///system", "migration_port_min = 49152\nkernel: 6.1.0\nuri: qemu:///system")]
    [TestCase("MIGRATION_PASS 3, pass 2: 0.3 ms", "MIGRATION_PASS 3, pass 2: 0.3 ms")]
    public void What_sounds_like_a_secret_is_masked_and_the_rest_stays(string text, string expected) => Assert.That(Redaction.Of(text), Is.EqualTo(expected));

    [TestCase("""{"a":{"password":"hunter2","n":1},"log":["-vnc x,passwd='hunter2'","http://u:hunter2@h/"]}""")]
    [TestCase("""[{"secret":{"value":"hunter2"}},{"tokens":["hunter2"]}]""")]
    [TestCase("""{"xml":"\u003Cgraphics passwd=\u0027hunter2\u0027/\u003E"}""")]
    public void In_JSON_a_secret_hides_neither_in_escapes_nor_below_its_key(string json)
    {
        string redacted = Redaction.Of(json);
        Assert.That(redacted, Does.Not.Contain("hunter2").And.Contain("***"));
        Assert.That(() => JsonNode.Parse(redacted), Throws.Nothing);
    }

    [Test]
    public void A_long_line_is_no_trap()
    {
        string line = new string('a', 300_000) + " " + string.Concat(Enumerable.Repeat("token_", 20_000));
        Assert.That(Redaction.Of(line), Is.EqualTo(line));
    }

    private SupportSources Everything()
    {
        string run = Path.Combine(_folder, "state", "regress", "lab", "20261121T020000Z-3fa9");
        Directory.CreateDirectory(Path.Combine(run, "evidence"));
        Directory.CreateDirectory(Path.Combine(run, "hooks"));
        RunReports.Save(Path.Combine(run, RunFolder.FileName), ReportFormat.Json, new(RunSamples.Regression().Run with { Labels = new Dictionary<string, string> { ["deploy_token"] = Secret } }));
        File.WriteAllText(Path.Combine(run, "evidence", "idle-1.json"), $$"""{"source":{"uri":"qemu+tcp://root:{{Secret}}@a/system"},"log":"-vnc passwd=\u0022{{Secret}}\u0022"}""");
        File.WriteAllText(Path.Combine(run, "hooks", "before.log"), $"export API_KEY={Secret}\n");
        File.WriteAllBytes(Path.Combine(run, "core.bin"), [1, 0, 2, .. Encoding.UTF8.GetBytes(Secret)]);
        File.CreateSymbolicLink(Path.Combine(run, "shadow"), "/etc/shadow");
        string hosts = Path.Combine(_folder, "hosts.yaml");
        File.WriteAllText(hosts, $"hosts:\n  node1:\n    uri: qemu+ssh://root@node1/system\n    password: {Secret}\n  node2:\n    uri: qemu+tcp://u:{Secret}@node2/system\n");
        string extra = Path.Combine(_folder, "extra.log");
        File.WriteAllText(extra, $"connecting with token={Secret}\n");
        string state = Path.Combine(_folder, "state");
        using (var journal = Journal.Open(state))
        {
            journal.Begin(JournalSamples.Intent);
        }

        return new()
        {
            Configuration = new() { SystemFile = null, UserFile = hosts, Hosts = $"node3: {{uri: 'qemu+tcp://u:{Secret}@node3/system'}}" },
            StateFolder = state,
            RunFile = Path.Combine(run, RunFolder.FileName),
            Files = [extra],
            Variables = new Dictionary<string, string>
            {
                ["ORCHESTRATOR_HOSTS"] = Secret,
                ["ORCHESTRATOR_REGRESS_STORE"] = $"Host=db;Password={Secret}",
                ["ORCHESTRATOR_TOKEN"] = Secret,
                ["AWS_KEY"] = Secret,
                ["HOME"] = "/root",
            },
        };
    }

    private async Task<(SupportContents Contents, Dictionary<string, string> Files)> BundleAsync(SupportSources sources)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "out")).FullName, "b.tar.gz");
        SupportContents contents = await SupportBundle.WriteAsync(path, sources, TimeProvider.System, CancellationToken.None);
        var files = new Dictionary<string, string>();
        await using var zip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        await using var tar = new TarReader(zip);
        while (await tar.GetNextEntryAsync() is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream ?? Stream.Null, Encoding.UTF8);
            files.Add(entry.Name[(entry.Name.IndexOf('/', StringComparison.Ordinal) + 1)..], await reader.ReadToEndAsync());
        }

        return (contents, files);
    }
}
