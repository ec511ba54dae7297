using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestrator.Lab.Relays;
using Orchestrator.Tests.Regression.Store;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Plans that are really run.</summary>
public sealed partial class RegressRunTests
{
    private const string Guest = "nightly";

    private static bool IsFull => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1";

    private string _folder = "";

    private string State => Path.Combine(_folder, "state");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("onights-").FullName;

    [TearDown]
    public async Task RemoveFolder()
    {
        if (CliLab.Lab.Guests.Any(guest => guest.Name == Guest))
        {
            await CliLab.Lab.RemoveGuestAsync(Guest); // a killed night leaves it to the lab
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task A_plan_brings_its_own_lab_up_and_down_and_its_first_run_becomes_the_baseline()
    {
        string plan = Plan("""
            name: own
            lab: true
            guests: {nightly: {lab: {memory_mib: 96}}}
            scenarios:
              - {name: idle, guest: nightly, repetitions: 3, warm_ups: 1, timeout: 2m, limits: {max: 20s}}
              - {name: life, kind: lifecycle, guest: nightly, repetitions: 1, warm_ups: 0}
            """);
        string junit = Path.Combine(_folder, "junit.xml");

        CliResult result = await CliProcess.RunNightAsync("regress", "run", plan, "--baseline", "first", "--label", "build=7", "--junit", junit, "--json", "--state-dir", State);

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        JsonElement run = result.Json;
        Assert.That(run.GetProperty("verdict").GetString(), Is.EqualTo("passed"));
        Assert.That(run.GetProperty("baseline").GetProperty("is_new").GetBoolean());
        Assert.That(run.GetProperty("labels").GetProperty("build").GetString(), Is.EqualTo("7"));
        Assert.That(run.GetProperty("scenarios")[0].GetProperty("measures")[0].GetProperty("values").GetArrayLength(), Is.EqualTo(3));
        Assert.That(run.GetProperty("scenarios")[1].GetProperty("measures").EnumerateArray().Select(measure => measure.GetProperty("name").GetString()), Is.EqualTo(new[] { "start", "stop" }));
        string folder = Path.Combine(State, "regress", "own", run.GetProperty("id").GetString()!);
        Assert.That(Directory.EnumerateFiles(Path.Combine(folder, "evidence")).Count(), Is.EqualTo(4));
        Assert.That(File.ReadAllText(junit), Does.Contain("<testsuite"));
        Assert.That(CliLab.Lab.Guests.Select(guest => guest.Name), Has.None.EqualTo(Guest), "the lab of the user is another one");

        CliResult again = await CliProcess.RunAsync("regress", "show", "latest", "--json", "--state-dir", State);
        Assert.That(again.Json.GetProperty("id").GetString(), Is.EqualTo(run.GetProperty("id").GetString()));
    }

    [Test, Category("Long")]
    public async Task The_sample_plan_passes_night_after_night()
    {
        string root = typeof(RegressRunTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "RepositoryRoot").Value!;
        string plan = Path.Combine(root, "samples", "plans", "lab.yaml");
        if (!IsFull)
        {
            plan = Plan(Few().Replace((await File.ReadAllTextAsync(plan)).Replace("[rng.xml]", $"[{Path.Combine(Path.GetDirectoryName(plan)!, "rng.xml")}]", StringComparison.Ordinal), "$1: 1"));
        }

        for (int night = 0; night < (IsFull ? 2 : 1); night++)
        {
            CliResult result = await CliProcess.RunNightAsync("regress", "run", plan, "--baseline", "release", "--json", "--state-dir", State);
            Assert.That(result.ExitCode, Is.Zero, $"{result}");
        }
    }

    [Test, Category("Long")]
    public async Task A_destination_that_answers_60_ms_late_is_a_regression_with_its_scenario_phase_and_amount()
    {
        string plan = Plan("""
            name: late
            guests: {nightly: {lab: {memory_mib: 96}}}
            comparison: {minimum: 10ms, minimum_percent: 10, significance: 0.05}
            scenarios:
              - {name: idle, guest: nightly, mode: direct, policy: fixed, max_downtime: 20ms, measure_way_back: false, repetitions: 8, warm_ups: 1, timeout: 2m}
            """);
        await using SocketRelay relay = CliLab.Lab.RelayDaemon("lab-b");
        string[] command = ["regress", "run", plan, "--from", CliLab.Lab.GetHost("lab-a").Uri, "--to", relay.Uri, "--baseline", "release", "--json", "--state-dir", State];

        CliResult before = await CliProcess.RunNightAsync(command);
        relay.Delay(RelayDirection.Forth, TimeSpan.FromMilliseconds(60));
        CliResult after = await CliProcess.RunNightAsync(command);

        Assert.That(before.ExitCode, Is.Zero, $"{before}");
        Assert.That(after.ExitCode, Is.EqualTo(8), $"{after}");
        JsonElement scenario = after.Json.GetProperty("scenarios")[0];
        JsonElement change = scenario.GetProperty("measures")[0].GetProperty("change");
        Assert.That(scenario.GetProperty("verdict").GetString(), Is.EqualTo("regression"));
        Assert.That(change.GetProperty("shift_ms").GetDouble(), Is.GreaterThan(20).And.LessThan(200));
        Assert.That(change.GetProperty("phase").GetProperty("name").GetString(), Does.StartWith("blackout"));
        CliResult shown = await CliProcess.RunAsync("regress", "show", "latest", "--state-dir", State);
        Assert.That(shown.Output, Does.Contain("idle").And.Contain("regression").And.Contain(change.GetProperty("phase").GetProperty("name").GetString()));
    }

    [Test]
    public async Task A_killed_night_is_recovered_the_guest_is_at_home_settings_are_back_and_the_run_tells()
    {
        string root = Path.Combine(_folder, "root");
        string setting = Path.Combine(root, "proc", "sys", "kernel", "printk");
        Directory.CreateDirectory(Path.GetDirectoryName(setting)!);
        await File.WriteAllTextAsync(setting, "7\t4\t1\t7\n");
        string plan = Plan("""
            name: killed
            source: lab-a
            destination: lab-b
            host_settings: {kernel.printk: "4 4 1 7"}
            guests: {nightly: {lab: {memory_mib: 128}}}
            scenarios:
              - {name: idle, guest: nightly, mode: direct, bandwidth_mib_s: 24, repetitions: 9, warm_ups: 0}
            """);
        var environment = new Dictionary<string, string> { ["ORCHESTRATOR_HOST_ROOT"] = root };
        using CliProcess night = CliProcess.Start(environment, "regress", "run", plan, "--json", "--state-dir", State);
        await night.SeeAsync("\"repetition\":2,\"of\":9,\"elapsed_ms\""); // on the way back, from lab-b
        Assert.That((await File.ReadAllTextAsync(setting)).Trim(), Is.EqualTo("4 4 1 7"));
        night.Signal("KILL");
        await night.EndAsync();

        CliResult dry = await CliProcess.RunAsync(environment, "recover", "--dry-run", "--json", "--state-dir", State);
        Assert.That(JsonSchema.Load("recover.schema.json").Problems(JsonNode.Parse(dry.Output)), Is.Empty);
        CliResult result = await CliProcess.RunAsync(environment, "recover", "--json", "--state-dir", State);

        Assert.That(JsonSchema.Load("recover.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(result.Json.EnumerateArray().Select(entry => (entry.GetProperty("kind").GetString(), entry.GetProperty("finished").GetBoolean())), Is.EqualTo(new[] { ("migrate", true), ("regress", true) }), $"{result}");
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-a" }), $"{result}");
        Assert.That((await File.ReadAllTextAsync(setting)).Trim(), Is.EqualTo("7 4 1 7"));
        CliResult shown = await CliProcess.RunAsync("regress", "show", "latest", "--json", "--state-dir", State);
        Assert.That(shown.Json.GetProperty("verdict").GetString(), Is.EqualTo("environment"), $"{shown}");
        Assert.That(shown.Json.GetProperty("ended").ValueKind, Is.EqualTo(JsonValueKind.String));
        CliResult nothing = await CliProcess.RunAsync(environment, "recover", "--json", "--state-dir", State);
        Assert.That(nothing.Json.GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task A_killed_night_is_recovered_in_the_teams_store_that_it_was_begun_in_by_recover_alone()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        string store = await server.CreateDatabaseAsync();
        string plan = Plan("""
            name: team
            source: lab-a
            destination: lab-b
            guests: {nightly: {lab: {memory_mib: 96}}}
            scenarios:
              - {name: idle, guest: nightly, repetitions: 9, warm_ups: 0}
            """);
        using (CliProcess night = CliProcess.Start("regress", "run", plan, "--json", "--state-dir", State, "--store", store))
        {
            await night.SeeAsync("\"repetition\":1,\"of\":9");
            night.Signal("KILL");
            await night.EndAsync();
        }

        Assert.That(Directory.EnumerateFiles(State, "journal.db*").Select(File.ReadAllText), Has.None.Contain("hunter2"));
        CliResult refused = await CliProcess.RunAsync("recover", "--json", "--state-dir", State);
        Assert.That(refused.ExitCode, Is.EqualTo(3), $"{refused}");
        Assert.That($"{refused}", Does.Contain("PGPASSWORD").And.Not.Contain("hunter2"));

        CliResult result = await CliProcess.RunAsync(new Dictionary<string, string> { ["PGPASSWORD"] = PostgresServer.Password }, "recover", "--json", "--state-dir", State);
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        CliResult shown = await CliProcess.RunAsync("regress", "show", "latest", "--json", "--state-dir", State, "--store", store);
        Assert.That(shown.Json.GetProperty("verdict").GetString(), Is.EqualTo("environment"), $"{shown}");
        Assert.That(shown.Json.GetProperty("ended").ValueKind, Is.EqualTo(JsonValueKind.String), $"{shown}");
    }

    [Test]
    public async Task Hosts_that_cannot_be_reached_are_a_broken_environment_of_the_history()
    {
        string plan = Plan("""
            name: nowhere
            guests: {g: {domain: d}}
            scenarios: [{name: s, guest: g}]
            """);
        CliResult result = await CliProcess.RunAsync("regress", "run", plan, "--from", "qemu+unix:///session?socket=/nowhere/a", "--to", "qemu+unix:///session?socket=/nowhere/b", "--json", "--state-dir", State);
        Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
        Assert.That(result.Json.GetProperty("verdict").GetString(), Is.EqualTo("environment"));
        CliResult list = await CliProcess.RunAsync("regress", "list", "--json", "--state-dir", State);
        Assert.That(list.Json.GetProperty("runs").GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    public async Task What_a_plan_would_do_is_said_without_doing_it()
    {
        string plan = Plan("""
            name: told
            source: lab-a
            destination: lab-b
            guests: {g: {domain: d}}
            scenarios: [{name: s, guest: g, limits: {each: 200ms}}]
            """);
        foreach (string[] command in new string[][] { ["regress", "check", plan], ["regress", "run", plan, "--dry-run"] })
        {
            CliResult json = await CliProcess.RunAsync([.. command, "--json", "--state-dir", State]);
            Assert.That(json.ExitCode, Is.Zero, $"{json}");
            Assert.That(JsonSchema.Load("regress-check.schema.json").Problems(JsonNode.Parse(json.Output)), Is.Empty);
            CliResult text = await CliProcess.RunAsync([.. command, "--state-dir", State]);
            Assert.That(text.Output, Does.Contain("lab-a").And.Contain("each 200"));
        }

        Assert.That(Directory.Exists(State), Is.False);
    }

    [TestCase("name: a\nguests: {g: {domain: d}}\nscenarios: [{name: s, guest: h}]", "plan.yaml:3:30: scenarios[0].guest: the plan has no guest h")]
    [TestCase("name: a\nguests: {g: {domain: d}}\nscenarios: [{name: s, guest: g}]", "names no hosts")]
    public async Task A_plan_that_cannot_be_run_is_a_usage_error(string text, string message)
    {
        CliResult result = await CliProcess.RunAsync("regress", "run", Plan(text), "--json", "--state-dir", State);
        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain(message));
    }

    private string Plan(string text)
    {
        string path = Path.Combine(_folder, "plan.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    [GeneratedRegex("(repetitions|warm_ups): [1-9][0-9]*")]
    private static partial Regex Few();
}
