using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The lab's acceptance plan, as its users run it.</summary>
public sealed partial class AcceptanceTests
{
    private static readonly string Plan = Path.Combine(
        typeof(AcceptanceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!, "samples", "plans", "lab-acceptance.yaml");

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("oacceptance-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Cases_are_listed_as_the_schema_says_and_a_dry_run_changes_nothing()
    {
        JsonSchema schema = JsonSchema.Load("acceptance-list.schema.json");
        CliResult list = await CliProcess.RunAsync("acceptance", "list", Plan, "--json");
        Assert.That(list.ExitCode, Is.Zero, $"{list}");
        Assert.That(schema.Problems(JsonNode.Parse(list.Output)), Is.Empty);

        CliResult dry = await CliProcess.RunAsync("acceptance", "run", Plan, "--hosts", "lab-a,lab-b", "--only", "hotplug-running", "--dry-run", "--json");
        Assert.That(schema.Problems(JsonNode.Parse(dry.Output)), Is.Empty);
        Assert.That(dry.Json.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("case").GetString()), Is.Not.Empty.And.All.EqualTo("hotplug-running"));
        Assert.That(await LeftAsync(), Is.Empty);
    }

    [TestCase("has no case nonsense", "--hosts", "lab-a,lab-b", "--only", "nonsense")]
    [TestCase("two different hosts", "--hosts", "lab-a")]
    [TestCase("FORMAT=FILE", "--hosts", "lab-a,lab-b", "--report", "pdf=x")]
    public async Task What_cannot_be_meant_is_refused_with_what_is_wanted(string says, params string[] arguments)
    {
        CliResult result = await CliProcess.RunAsync(["acceptance", "run", Plan, .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
        Assert.That(result.Error, Does.Contain(says));
    }

    [Test]
    public async Task A_run_judges_its_cases_writes_the_same_numbers_to_each_report_and_leaves_nothing()
    {
        string[] formats = ["junit", "json", "html", "openeuler-zh"];
        CliResult result = await CliProcess.RunNightAsync(
            ["acceptance", "run", Plan, "--hosts", "lab-a,lab-b", "--only", "lifecycle-define", "--only", "migration-there-and-back.rng1", "--only", "vdpa-create-twice", "--json", .. formats.SelectMany(format => new[] { "--report", $"{format}={FileOf(format)}" })]);

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(JsonSchema.Load("acceptance-run.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
        Assert.That(File.ReadAllText(FileOf("json")), Is.EqualTo(result.Output));
        JsonElement[] cases = [.. result.Json.GetProperty("cases").EnumerateArray()];
        Assert.That(cases.Select(one => $"{one.GetProperty("id").GetString()} {one.GetProperty("verdict").GetString()}"), Is.EqualTo(new[]
        {
            "lifecycle-define.rng1 pass", "lifecycle-define.rng2 pass", "lifecycle-define.rng3 pass", "migration-there-and-back.rng1 pass", "vdpa-create-twice.net1 not_applicable",
        }));
        double[] downtimes = [.. cases[3].GetProperty("downtimes").EnumerateArray().Select(downtime => downtime.GetProperty("value_ms").GetDouble())];
        Assert.That(downtimes, Has.Length.EqualTo(2).And.All.GreaterThan(0));

        XElement junit = XDocument.Load(FileOf("junit")).Root!;
        Assert.That(new[] { "tests", "failures", "errors", "skipped" }.Select(name => (string?)junit.Attribute(name)), Is.EqualTo(new[] { "5", "0", "0", "1" }));
        foreach (string format in (string[])["html", "openeuler-zh"])
        {
            double[] told = [.. Measured().Matches(File.ReadAllText(FileOf(format))).Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];
            foreach (double downtime in downtimes)
            {
                Assert.That(told, Has.Some.EqualTo(downtime).Within(0.5).Percent, format);
            }
        }

        Assert.That(await LeftAsync(), Is.Empty);
    }

    [Test]
    public async Task A_run_that_is_ended_cleans_up_and_says_what_it_did_not_come_to()
    {
        using CliProcess run = CliProcess.Start("acceptance", "run", Plan, "--hosts", "lab-a,lab-b", "--only", "migration-there-and-back.rng1", "--only", "migration-paused", "--json");
        await run.SeeAsync("migrate acc");
        run.Signal("INT");
        CliResult result = await run.EndAsync();
        Assert.That(result.ExitCode, Is.EqualTo(130), $"{result}");
        Assert.That(result.Json.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("verdict").GetString()), Is.EqualTo(new[] { "inconclusive", "inconclusive" }));
        Assert.That(await LeftAsync(), Is.Empty);
    }

    [TestCase("none/junit.xml")]
    [TestCase("")]
    public async Task A_report_that_could_not_be_written_is_refused_before_anything_is_done(string file)
    {
        CliResult result = await CliProcess.RunAsync("acceptance", "run", Plan, "--hosts", "lab-a,lab-b", "--only", "lifecycle-define.rng1", "--report", $"junit={_folder}/{file}");
        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
        Assert.That(result.Error, Does.Contain("could not be written").And.Not.Contain("define acc"));
        Assert.That(result.Output, Is.Empty);
        Assert.That(Directory.EnumerateFileSystemEntries(_folder), Is.Empty);
    }

    /// <summary>A number with its doubt, as either report writes it.</summary>
    [GeneratedRegex(@"([0-9]+(?:\.[0-9]+)?)(?:ms)? ± ")]
    private static partial Regex Measured();

    private string FileOf(string format) => Path.Combine(_folder, format);

    /// <summary>The guests of a run that are on either host.</summary>
    private static async Task<IReadOnlyList<string>> LeftAsync()
    {
        var left = new List<string>();
        foreach (string host in (string[])["lab-a", "lab-b"])
        {
            CliResult list = await CliProcess.RunAsync("-c", host, "domain", "list", "--json");
            left.AddRange(list.Json.GetProperty("domains").EnumerateArray().Select(domain => domain.GetProperty("name").GetString()!).Where(name => name.StartsWith("acc", StringComparison.Ordinal)));
        }

        return left;
    }
}
