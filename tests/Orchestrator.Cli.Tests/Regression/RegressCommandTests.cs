using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Cli.Tests.Real;
using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;
using Orchestrator.Tests.Regression.Store;
using Tests.Shared;
using static Orchestrator.Tests.Regression.Judging.RunSamples;

namespace Orchestrator.Cli.Tests.Regression;

/// <summary>The commands about runs that were made, on a store with some; no host is asked.</summary>
public sealed class RegressCommandTests
{
    private const string Monday = "20261116T020000Z-aaaa";
    private const string Tuesday = "20261117T020000Z-bbbb";
    private const string Wednesday = "20261118T020000Z-cccc";

    private static readonly double[] Ordinary = [30, 31, 29, 32, 30, 28, 33, 31, 30, 29];

    private string _state = "";
    private RegressionStore _store = null!;

    [SetUp]
    public async Task MakeStore()
    {
        _state = Directory.CreateTempSubdirectory("oregress-cli-").FullName;
        _store = await RegressionStore.OpenAsync(_state);
        await AddAsync(Monday, Ordinary);
        await AddAsync(Tuesday, [.. Ordinary.Select(ms => ms + 2)]);
        await AddAsync(Wednesday, [.. Ordinary.Select(ms => ms + 60)]);
        await _store.AcceptAsync(Monday, "main", "the first");
    }

    [TearDown]
    public async Task RemoveStore()
    {
        await _store.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Test]
    public async Task List_shows_the_latest_first()
    {
        CliResult json = await RunAsync("list", "nightly", "--json");
        Assert.That(Problems("regress-list", json), Is.Empty, $"{json}");
        Assert.That(json.Json.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("id").GetString()), Is.EqualTo(new[] { Wednesday, Tuesday, Monday }));
        Assert.That(json.Json.GetProperty("runs")[2].GetProperty("baselines")[0].GetString(), Is.EqualTo("main"));

        CliResult text = await RunAsync("list", "--limit", "1");
        Assert.That(text.Output.Trim().Split('\n'), Has.Length.EqualTo(2), $"{text}");
        Assert.That(text.Output, Does.Contain(Wednesday).And.Contain("passed"));
        Assert.That((await RunAsync("list", "another", "--json")).Json.GetProperty("runs").GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task Show_prints_the_run_as_it_is_kept_and_its_tables()
    {
        CliResult json = await RunAsync("show", "latest", "--json");
        Assert.That(json.ExitCode, Is.Zero, $"{json}");
        Assert.That(Problems("regression-run", json), Is.Empty);
        Assert.That(json.Output.Trim(), Is.EqualTo(Json((await _store.GetAsync(Wednesday))!)));

        CliResult text = await RunAsync("show", "20261118");
        Assert.That(text.Output, Does.StartWith($"{Wednesday} of nightly: passed (exit code 0)"), $"{text}");
        Assert.That(text.Output, Does.Contain("each 100").And.Contain("90.0±0.2").And.Contain("88.0±0.2"));
    }

    [Test]
    public async Task Compare_judges_again_and_answers_with_the_verdicts_code()
    {
        CliResult worse = await RunAsync("compare", Wednesday, "--baseline", "main", "--json");
        Assert.That(worse.ExitCode, Is.EqualTo(8), $"{worse}");
        Assert.That(Problems("regression-run", worse), Is.Empty);
        RegressionRun judged = JsonSerializer.Deserialize(worse.Output, RunJson.Default.RegressionRun)!;
        Assert.That(judged.Verdict, Is.EqualTo(Verdict.Regression));
        Assert.That(judged.Baseline, Has.Property("Name").EqualTo("main").And.Property("RunId").EqualTo(Monday));
        Assert.That(judged.Downtime().Change!.ShiftMs, Is.EqualTo(60));

        CliResult same = await RunAsync("compare", Tuesday, Monday);
        Assert.That(same.ExitCode, Is.Zero, $"{same}");
        Assert.That(same.Output, Does.Contain($"compared with {Monday}").And.Contain("+2.0"));
        Assert.That((await RunAsync("compare", Wednesday, Tuesday)).Output, Does.Contain("regression").And.Contain("longer than the baseline by 58.0 ms"));
        Assert.That(Json((await _store.GetAsync(Wednesday))!), Does.Not.Contain("\"regression\""), "nothing was changed");
    }

    [Test]
    public async Task Accept_needs_a_reason_and_keeps_the_history()
    {
        Assert.That((await RunAsync("accept", Tuesday, "--baseline", "main")).ExitCode, Is.EqualTo(2));
        Assert.That((await RunAsync("accept", Tuesday, "--baseline", "main", "--reason", " ")).ExitCode, Is.EqualTo(2));

        CliResult accepted = await RunAsync("accept", "20261117", "--baseline", "main", "--reason", "QEMU 8.2.4 is known to take 2 ms more", "--json");
        Assert.That(accepted.ExitCode, Is.Zero, $"{accepted}");
        Assert.That(Problems("regress-accept", accepted), Is.Empty);
        Assert.That(accepted.Json.GetProperty("before").GetString(), Is.EqualTo(Monday));

        CliResult baselines = await RunAsync("baselines", "--json");
        Assert.That(Problems("regress-baselines", baselines), Is.Empty, $"{baselines}");
        Assert.That(
            baselines.Json.GetProperty("baselines").EnumerateArray().Select(item => (item.GetProperty("run").GetString(), item.GetProperty("holds").GetBoolean())),
            Is.EqualTo(new[] { (Tuesday, true), (Monday, false) }));
        Assert.That((await RunAsync("baselines", "nightly")).Output, Does.Contain("QEMU 8.2.4").And.Contain("the first"));
        Assert.That((await RunAsync("accept", Wednesday, "--baseline", "release", "--reason", "first")).Output, Does.Contain($"the baseline release is {Wednesday} now."));
    }

    [Test]
    public async Task Gc_removes_folders_with_their_runs_but_no_baseline()
    {
        foreach (string id in new[] { Monday, Tuesday, Wednesday })
        {
            RunFolder.Write(_state, (await _store.GetAsync(id))!);
        }

        Assert.That((await RunAsync("gc")).ExitCode, Is.EqualTo(2));
        CliResult dry = await RunAsync("gc", "--keep", "1", "--dry-run", "--json");
        Assert.That(Problems("regress-gc", dry), Is.Empty, $"{dry}");
        Assert.That(dry.Json.GetProperty("removed").EnumerateArray().Single().GetProperty("id").GetString(), Is.EqualTo(Tuesday));
        Assert.That(await _store.ListAsync(), Has.Count.EqualTo(3));

        CliResult gone = await RunAsync("gc", "--keep", "1");
        Assert.That(gone.ExitCode, Is.Zero, $"{gone}");
        Assert.That(gone.Output, Does.Contain($"removed {Tuesday} of nightly").And.Contain("1 removed."));
        Assert.That((await _store.ListAsync()).Select(run => run.Id), Is.EqualTo(new[] { Wednesday, Monday }));
        Assert.That(Directory.GetDirectories(Path.Combine(_state, "regress", "nightly")).Select(Path.GetFileName), Is.EquivalentTo(new[] { Wednesday, Monday }));
        Assert.That((await RunAsync("gc", "--older-than", "36500d")).Output, Does.Contain("0 removed."));
    }

    [TestCase(1, "store_not_found", "show", "2025")]
    [TestCase(4, "store_ambiguous", "show", "202611")]
    [TestCase(1, "store_not_found", "compare", Monday, "--baseline", "none")]
    [TestCase(2, "usage", "compare", Monday)]
    [TestCase(2, "usage", "compare", Monday, Tuesday, "--baseline", "main")]
    [TestCase(2, "usage", "gc", "--older-than", "90")]
    [TestCase(3, "store_unreachable", "list", "--store", "Host=/nonexistent;Username=ci;Password=hunter2")]
    [TestCase(1, "store_unusable", "list", "--store", "hunter2")]
    public async Task What_is_wrong_is_said_with_a_code_and_without_a_password(int exitCode, string code, params string[] arguments)
    {
        CliResult result = await RunAsync([.. arguments, "--json"]);
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{result}");
        Assert.That(Problems("error", result), Is.Empty);
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo(code));
        Assert.That($"{result}", Does.Not.Contain("hunter2"));
    }

    [Test]
    public async Task A_team_keeps_its_runs_in_PostgreSQL()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        string connection = await server.CreateDatabaseAsync();
        await using (RegressionStore store = await RegressionStore.OpenAsync(_state, connection))
        {
            await store.BeginAsync(Run(30, 31) with { Id = "20261119T020000Z-dddd" });
        }

        var environment = new Dictionary<string, string> { [RegressionStore.Variable] = connection };
        CliResult list = await CliProcess.RunAsync(environment, "regress", "list", "--json", "--state-dir", _state, "--log-level", "verbose");
        Assert.That(Problems("regress-list", list), Is.Empty, $"{list}");
        Assert.That(list.Json.GetProperty("runs").EnumerateArray().Single().GetProperty("id").GetString(), Is.EqualTo("20261119T020000Z-dddd"));
        Assert.That(list.Json.GetProperty("store").GetString(), Does.StartWith("the store postgresql://"));
        Assert.That($"{list}", Does.Not.Contain("hunter2"));
    }

    private static List<string> Problems(string schema, CliResult result) => JsonSchema.Load($"{schema}.schema.json").Problems(JsonNode.Parse(result.Output));

    private static string Json(RegressionRun run) => JsonSerializer.Serialize(run, RunJson.Default.RegressionRun);

    private Task<CliResult> RunAsync(params string[] arguments) => CliProcess.RunAsync(["regress", .. arguments, "--state-dir", _state]);

    private async Task AddAsync(string id, double[] values)
    {
        DateTimeOffset started = DateTimeOffset.ParseExact(id[..15], "yyyyMMdd'T'HHmmss", null, System.Globalization.DateTimeStyles.AssumeUniversal);
        RegressionRun run = RunJudge.Judge(Plan(new() { EachMs = 100 }, repetitions: values.Length), Run(values) with { Id = id, Started = started, Ended = started.AddMinutes(5) }, null);
        await _store.BeginAsync(run with { Ended = null });
        await _store.SaveAsync(run);
    }
}
