using System.Text.Json.Nodes;
using System.Xml.Linq;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Reports;

public sealed class ReportCommandTests
{
    private string _state = null!;
    private string _file = null!;

    [SetUp]
    public async Task MakeAsync()
    {
        _state = Directory.CreateTempSubdirectory("render-").FullName;
        var run = new RegressionRun
        {
            Id = "20261121T020000Z-3fa9",
            Plan = "lab",
            Started = new(2026, 11, 21, 2, 0, 0, TimeSpan.Zero),
            Ended = new(2026, 11, 21, 2, 5, 0, TimeSpan.Zero),
            Environment = new(new Dictionary<string, string>(), new Dictionary<string, string>(), "orchestrator"),
            Scenarios = [new() { Name = "idle", Kind = "migrate", Verdict = Verdict.Regression, Reasons = ["too long"] }],
            Verdict = Verdict.Regression,
            ExitCode = 8,
        };
        await using RegressionStore store = await RegressionStore.OpenAsync(_state);
        run = await store.BeginAsync(run with { Ended = null }) with { Ended = run.Ended };
        await store.SaveAsync(run);
        _file = Path.Combine(RunFolder.Write(_state, run), RunFolder.FileName);
    }

    [TearDown]
    public void Remove() => Directory.Delete(_state, recursive: true);

    [Test]
    public async Task Render_writes_each_format_to_standard_output()
    {
        Assert.That((await RunAsync("regress", "render", "latest", "--format", "html")).Output, Does.StartWith("<!DOCTYPE html>").And.EndsWith("</html>\n"));
        Assert.That((await RunAsync("regress", "render", "latest", "--format", "markdown")).Output, Does.StartWith("# ▲ Regression: lab\n"));
        Assert.That((string)XDocument.Parse((await RunAsync("regress", "render", "latest", "--format", "junit")).Output).Root!.Attribute("failures")!, Is.EqualTo("1"));
        foreach (string[] arguments in new string[][] { ["regress", "render", "latest", "--format", "json"], ["--json", "regress", "render", "latest", "--format", "json"] })
        {
            Assert.That(JsonSchema.Load("regression-run.schema.json").Problems(JsonNode.Parse((await RunAsync(arguments)).Output)), Is.Empty);
        }
    }

    [Test]
    public async Task Render_takes_a_path_as_well_and_says_the_same()
    {
        string byPath = (await RunAsync("regress", "render", _file, "--format", "html")).Output;
        Assert.That(byPath, Is.EqualTo((await RunAsync("regress", "render", "latest", "--format", "html")).Output));
        Assert.That(byPath, Is.EqualTo((await RunAsync("regress", "render", Path.GetDirectoryName(_file)!, "--format", "html")).Output));
    }

    [Test]
    public async Task Render_writes_to_a_file_and_says_so()
    {
        string file = Path.Combine(_state, "report.html");
        (int code, string output, string error) = await RunAsync("regress", "render", "20261121", "--format", "html", "--output", file);
        Assert.That((code, output, error), Is.EqualTo((0, "", $"The report is in {file}.\n")));
        Assert.That(File.ReadAllText(file), Does.StartWith("<!DOCTYPE html>"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Render_prints_one_document_with_json(bool toFile)
    {
        string[] target = toFile ? ["--output", Path.Combine(_state, "report.xml")] : [];
        JsonNode document = JsonNode.Parse((await RunAsync(["--json", "regress", "render", "latest", "--format", "junit", .. target])).Output)!;
        Assert.That(JsonSchema.Load("regress-render.schema.json").Problems(document), Is.Empty);
        Assert.That(document["file"] is not null, Is.EqualTo(toFile));
        Assert.That(document["text"] is not null, Is.EqualTo(!toFile));
    }

    [TestCase(1, "has no run '1999'", "regress", "render", "1999", "--format", "html")]
    [TestCase(1, "has no run '/nonexistent/run.json'", "regress", "render", "/nonexistent/run.json", "--format", "html")]
    [TestCase(1, "is no run of a plan", "regress", "render", "/etc/hostname", "--format", "html")]
    [TestCase(2, "pdf", "regress", "render", "latest", "--format", "pdf")]
    [TestCase(2, "--format", "regress", "render", "latest")]
    [TestCase(1, "nonexistent", "support", "bundle", "--evidence", "/nonexistent/e.json", "--output", "/tmp/never-written.tar.gz")]
    public async Task Bad_input_is_explained(int code, string message, params string[] arguments)
    {
        (int got, _, string error) = await RunAsync(arguments);
        Assert.That((got, error), Is.EqualTo((code, error)));
        Assert.That(error, Does.Contain(message).And.Not.Contain("System.").And.Not.Contain("defect"));
    }

    [Test]
    public async Task A_bundle_is_written_and_what_is_in_it_is_told()
    {
        string file = Path.Combine(_state, "b.tar.gz");
        (int code, string output, _) = await RunAsync("--json", "support", "bundle", "--run", "latest", "--output", file);
        JsonNode document = JsonNode.Parse(output)!;
        Assert.That(code, Is.Zero);
        Assert.That(JsonSchema.Load("support-bundle.schema.json").Problems(document), Is.Empty);
        Assert.That(document["entries"]!.AsArray().Select(entry => (string)entry!["name"]!), Does.Contain("run/run.json").And.Contain("versions.txt"));
        Assert.That(File.Exists(file), Is.True);
    }

    [Test]
    public async Task A_bundle_of_a_run_whose_folder_is_elsewhere_says_where()
    {
        Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);
        (int code, _, string error) = await RunAsync("support", "bundle", "--run", "latest", "--output", Path.Combine(_state, "b.tar.gz"));
        Assert.That((code, error), Is.EqualTo((1, error)));
        Assert.That(error, Does.Contain("is not here").And.Contain($"pid {Environment.ProcessId}"));
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var console = new CliConsole(output, error, isTerminal: false);
        int code = await CommandLine.RunAsync([.. arguments, "--state-dir", _state], console, CancellationToken.None);
        return (code, $"{output}", $"{error}");
    }
}
