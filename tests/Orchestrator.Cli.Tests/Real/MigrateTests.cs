using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Libvirt.Interop;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary><c>orchestrator migrate</c> on real hosts with a real guest.</summary>
public sealed partial class MigrateTests
{
    private const string Guest = "web1";

    [OneTimeSetUp]
    public async Task StartGuest()
    {
        CliResult started = await CliProcess.RunAsync("lab", "guest", "--name", Guest, "--dirty-mib-s", "8");
        Assert.That(started.ExitCode, Is.Zero, $"{started}");
    }

    [OneTimeTearDown]
    public Task RemoveGuest() => CliLab.Lab.RemoveGuestAsync(Guest);

    [SetUp]
    public async Task GuestIsOnA()
    {
        IReadOnlyList<string> hosts = await CliLab.RunsOnAsync(Guest);
        Assert.That(hosts, Has.Count.EqualTo(1), "the guest runs on exactly one host");
        if (hosts[0] != "lab-a")
        {
            CliResult back = await CliProcess.RunAsync("migrate", Guest, "--from", hosts[0], "--to", "lab-a");
            Assert.That(back.ExitCode, Is.Zero, $"{back}");
        }
    }

    [Test]
    public async Task Migrate_as_json_reports_a_downtime_that_the_methods_agree_on()
    {
        CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--json");
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        JsonElement downtime = result.Json.GetProperty("downtime");
        JsonElement sources = downtime.GetProperty("sources");
        double trace = Value(sources, "trace");
        Assert.That(result.Json.GetProperty("outcome").GetString(), Is.EqualTo("completed"));
        Assert.That(downtime.GetProperty("method").GetString(), Is.EqualTo("trace"));
        Assert.That(downtime.GetProperty("value_ms").GetDouble(), Is.EqualTo(trace).And.GreaterThan(1).And.LessThan(2000));
        // QEMU says STOP after it paused the vCPUs and RESUME before it lets them run: how much later and earlier is the processors' affair, and has been 3 ms.
        Assert.That(Value(sources, "qmp"), Is.GreaterThan(0).And.LessThanOrEqualTo(trace + Doubt(sources, "trace")), $"{downtime}");
        Assert.That(Value(sources, "observer"), Is.EqualTo(Value(sources, "qmp")).Within(Doubt(sources, "observer") + Doubt(sources, "qmp")), $"{downtime}");
        Assert.That(Value(sources, "guest"), Is.GreaterThan(0));
        Assert.That(sources.GetProperty("libvirt").GetProperty("downtime_ms").GetDouble(), Is.GreaterThan(0));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-b" }));
    }

    [Test]
    public async Task Migrate_as_json_is_as_its_schema_says()
    {
        CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--json");
        Assert.That(JsonSchema.Load("migrate.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
    }

    [Test]
    public async Task Migrate_progress_as_json_is_a_document_a_line()
    {
        CliResult result = await CliProcess.RunAsync("--json", "migrate", Guest, "--from", "lab-a", "--to", "lab-b");
        string[] stages = [.. result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("stage").GetString()!).Distinct()];
        Assert.That(stages, Is.EqualTo(new[] { "checking", "preparing", "migrating", "verifying" }));
    }

    [Test]
    public async Task Migrate_for_people_ends_with_the_answer()
    {
        CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b");
        Assert.That(result.Output.TrimEnd().Split('\n')[^1], Does.Match(AnswerLine()), $"{result}");
    }

    [Test]
    public async Task Max_downtime_is_in_force_on_each_leg()
    {
        foreach ((string from, string to) in new[] { ("lab-a", "lab-b"), ("lab-b", "lab-a") })
        {
            CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", from, "--to", to, "--policy", "fixed", "--max-downtime", "150ms", "--json");
            Assert.That(result.Json.GetProperty("limit_ms").GetDouble(), Is.EqualTo(150), $"{result}");
        }
    }

    [Test]
    public async Task Direct_mode_works_and_warns()
    {
        CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--mode", "direct");
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(result.Error, Does.Contain("warning: direct: this process is part of the migration"));
    }

    [Test]
    public async Task Persistence_keep_moves_the_definition()
    {
        await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b");
        Assert.That((IsPersistent("lab-b"), IsPersistent("lab-a")), Is.EqualTo(((bool?)true, (bool?)null)));
    }

    [Test]
    public async Task Persistence_transient_leaves_the_definition_on_the_source_and_the_way_back_replaces_it()
    {
        CliResult there = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--persistence", "transient");
        Assert.That(there.ExitCode, Is.Zero, $"{there}");
        Assert.That((IsPersistent("lab-b"), IsPersistent("lab-a")), Is.EqualTo(((bool?)false, (bool?)true)));

        CliResult back = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-b", "--to", "lab-a", "--persistence", "persistent", "--json");
        JsonElement check = back.Json.GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("id").GetString() == "destination-free");
        Assert.That(check.GetProperty("message").GetString(), Does.Contain("will be replaced"));
        Assert.That((IsPersistent("lab-a"), IsPersistent("lab-b")), Is.EqualTo(((bool?)true, (bool?)null)), $"{back}");
    }

    [Test]
    public async Task Evidence_is_saved_and_judged_the_same_again()
    {
        string file = Path.Combine(Path.GetTempPath(), $"evidence-{Guid.NewGuid():N}.json");
        try
        {
            CliResult migrated = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--json", "--evidence", file);
            CliResult judged = await CliProcess.RunAsync("downtime", "analyze", "--evidence", file, "--json");
            Assert.That(judged.ExitCode, Is.Zero, $"{judged}");
            Assert.That(judged.Json.GetProperty("value_ms").GetDouble(), Is.EqualTo(migrated.Json.GetProperty("downtime").GetProperty("value_ms").GetDouble()));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public async Task A_closed_standard_output_does_not_end_a_migration()
    {
        string tool = Path.Combine(AppContext.BaseDirectory, "orchestrator.dll");
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash")
        {
            ArgumentList = { "-c", "set -o pipefail; dotnet \"$0\" migrate web1 --from lab-a --to lab-b --json 2>&1 | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}", tool },
            Environment = { [LabFolderOption.Variable] = CliLab.Folder },
            RedirectStandardOutput = true,
        })!;
        string code = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.That(code.Trim(), Is.EqualTo("0"));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-b" }));
    }

    [Test]
    public async Task Dry_run_and_check_change_nothing()
    {
        CliResult check = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--check");
        CliResult dry = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--dry-run", "--json");
        Assert.That((check.ExitCode, dry.ExitCode), Is.EqualTo((0, 0)), $"{check}\n{dry}");
        Assert.That(dry.Json.GetProperty("parameters").GetProperty("listen_address").GetString(), Is.EqualTo("127.0.0.1"));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-a" }));
    }

    [Test]
    public async Task A_name_that_another_domain_has_on_the_destination_is_refused()
    {
        using LibvirtConnection b = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-b").Uri);
        using LibvirtDomain other = b.DefineXml($"<domain type='qemu'><name>{Guest}</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>");
        try
        {
            await AssertRefused("belongs to another domain on lab-b");
        }
        finally
        {
            other.Undefine();
        }
    }

    [Test]
    public async Task A_uuid_that_another_domain_has_on_the_destination_is_refused()
    {
        Guid uuid = CliLab.Lab.GetGuest(Guest).Uuid;
        using LibvirtConnection b = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-b").Uri);
        using LibvirtDomain other = b.DefineXml($"<domain type='qemu'><name>db1</name><uuid>{uuid}</uuid><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>");
        try
        {
            await AssertRefused("named db1");
        }
        finally
        {
            other.Undefine();
        }
    }

    [Test]
    public async Task A_copy_that_is_active_on_the_destination_is_refused_and_both_live_on()
    {
        Guid uuid = CliLab.Lab.GetGuest(Guest).Uuid;
        using LibvirtConnection b = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-b").Uri);
        using LibvirtDomain copy = b.CreateXml(
            $"<domain type='qemu'><name>{Guest}</name><uuid>{uuid}</uuid><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>");
        try
        {
            await AssertRefused("already active on lab-b");
            Assert.That(copy.IsActive(), Is.True);
        }
        finally
        {
            copy.Destroy();
        }
    }

    private static async Task AssertRefused(string because)
    {
        CliResult result = await CliProcess.RunAsync("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(4), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain(because));
        Assert.That(await CliLab.RunsOnAsync(Guest), Does.Contain("lab-a"));
    }

    private static double Value(JsonElement sources, string method) => sources.GetProperty(method).GetProperty("value_ms").GetDouble();

    private static double Doubt(JsonElement sources, string method) => sources.GetProperty(method).GetProperty("uncertainty_ms").GetDouble();

    private static bool? IsPersistent(string host)
    {
        using LibvirtConnection connection = LibvirtConnection.Open(CliLab.Lab.GetHost(host).Uri);
        using LibvirtDomain? domain = connection.TryLookupByName(Guest);
        return domain?.IsPersistent();
    }

    [GeneratedRegex(@"^web1: now on lab-b, downtime \d+\.\d ms ± \d+\.\d \(trace; qmp \d+\.\d, libvirt \d+, observer \d+\.\d, guest \d+\), limit 100$")]
    private static partial Regex AnswerLine();
}
