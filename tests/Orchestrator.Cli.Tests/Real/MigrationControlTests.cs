using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>A migration is looked at, changed and ended from another process than the one that began it.</summary>
public sealed class MigrationControlTests
{
    private const string Guest = "steered";

    [OneTimeSetUp]
    public Task StartGuest() => CliLab.Lab.StartGuestAsync(new() { Name = Guest, DirtyMiBPerSecond = 16 });

    [OneTimeTearDown]
    public Task RemoveGuest() => CliLab.Lab.RemoveGuestAsync(Guest);

    [Test]
    public async Task Another_process_sees_changes_and_cancels_it()
    {
        (string from, string to) = await Ends();

        // Slower than the guest dirties its memory: it cannot end by itself.
        using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", from, "--to", to, "--bandwidth", "8", "--json");
        await migration.SeeAsync("\"iteration\":1");

        JsonElement[] list = [.. (await RunAsync("migration-list", 0, "migration", "list", "--host", $"{from},{to}")).GetProperty("migrations").EnumerateArray()];
        JsonElement show = await RunAsync("migration-show", 0, "migration", "show", Guest, "-c", from);
        JsonElement arriving = await RunAsync("migration-show", 0, "migration", "show", Guest, "-c", to);
        JsonElement limits = await RunAsync("migration-set", 0, "migration", "set", Guest, "-c", from, "--bandwidth", "9", "--max-downtime", "250ms");
        JsonElement policy = await RunAsync("migration-set", 0, "migration", "set", Guest, "-c", from, "--policy", "fixed");
        await migration.SeeAsync("goes on by the policy fixed");
        JsonElement there = await RunAsync("error", 4, "migration", "set", Guest, "-c", to, "--bandwidth", "9");
        JsonElement postCopy = await RunAsync("error", 4, "migration", "set", Guest, "-c", from, "--post-copy");
        JsonElement cancel = await RunAsync("migration-cancel", 0, "migration", "cancel", Guest, "-c", from);
        CliResult ended = await migration.EndAsync();

        Assert.Multiple(() =>
        {
            Assert.That(
                list.Where(item => item.GetProperty("domain").GetString() == Guest).Select(item => (item.GetProperty("host").GetString(), item.GetProperty("direction").GetString())),
                Is.EquivalentTo(new[] { (from, "out"), (to, "in") }));
            Assert.That(show.GetProperty("bandwidth_mib_per_s").GetInt64(), Is.EqualTo(8));
            Assert.That(show.GetProperty("migration").GetProperty("driver").GetString(), Does.Contain($"pid {migration.Pid} "));
            Assert.That(arriving.TryGetProperty("bandwidth_mib_per_s", out _), Is.False, "the destination knows no limits");
            Assert.That(limits.GetProperty("bandwidth_mib_per_s").GetInt64(), Is.EqualTo(9));
            Assert.That(limits.GetProperty("max_downtime_ms").GetDouble(), Is.EqualTo(250));
            Assert.That(policy.GetProperty("policy").GetString(), Is.EqualTo("fixed"));
            Assert.That(there.GetProperty("error").GetProperty("message").GetString(), Does.Contain("the source"));
            Assert.That(postCopy.GetProperty("error").GetProperty("remedy").GetString(), Does.Contain("adaptive-post-copy"));
            Assert.That(cancel.GetProperty("outcome").GetString(), Is.EqualTo("cancelled"));
            Assert.That(ended.ExitCode, Is.EqualTo(130), $"{ended}");
            Assert.That(ended.Json.GetProperty("message").GetString(), Does.Contain("asked for by"));
        });
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { from }));
        JsonElement none = await RunAsync("error", 4, "migration", "cancel", Guest, "-c", from);
        Assert.That(none.GetProperty("error").GetProperty("message").GetString(), Does.Contain("is not being migrated"));
    }

    [Test]
    public async Task More_bandwidth_lets_it_end_and_the_watch_with_it()
    {
        (string from, string to) = await Ends();
        using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", from, "--to", to, "--bandwidth", "8", "--json");
        await migration.SeeAsync("\"iteration\":1");
        using CliProcess watch = CliProcess.Start("migration", "watch", Guest, "-c", from, "--json");
        await watch.SeeAsync("\"stage\":\"migrating\"");

        await RunAsync("migration-set", 0, "migration", "set", Guest, "-c", from, "--bandwidth", "1000");

        CliResult watched = await watch.EndAsync();
        Assert.That(watched.ExitCode, Is.Zero, $"{watched}");
        Assert.That(JsonSchema.Load("migration-watch.schema.json").Problems(JsonNode.Parse(watched.Output)), Is.Empty);
        CliResult ended = await migration.EndAsync();
        Assert.That(ended.ExitCode, Is.Zero, $"{ended}");
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { to }));
    }

    [Test]
    public async Task One_that_virsh_began_is_cancelled()
    {
        (string from, string to) = await Ends();
        using Process virsh = await BeginWithVirshAsync(from, to);
        JsonElement cancel = await RunAsync("migration-cancel", 0, "migration", "cancel", Guest, "-c", from);
        await virsh.WaitForExitAsync();
        Assert.That(cancel.GetProperty("outcome").GetString(), Is.EqualTo("cancelled"));
        Assert.That(virsh.ExitCode, Is.Not.Zero);
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { from }));
    }

    [Test]
    public async Task One_that_virsh_began_is_taken_over_with_a_policy_that_gives_up()
    {
        (string from, string to) = await Ends();
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "soon.yaml");
        await File.WriteAllTextAsync(file, "name: soon\nmax_downtime:\n  ceiling: 50ms\ncompletion_timeout:\n  after: 1s\n");
        using Process virsh = await BeginWithVirshAsync(from, to);

        JsonElement nowhere = await RunAsync("error", 2, "migration", "set", Guest, "-c", from, "--policy", file);
        JsonElement result = await RunAsync("migrate", 5, "migration", "set", Guest, "-c", from, "--to", to, "--policy", file);

        await virsh.WaitForExitAsync();
        Assert.That(nowhere.GetProperty("error").GetProperty("remedy").GetString(), Does.Contain("--to"));
        Assert.That(result.GetProperty("outcome").GetString(), Is.EqualTo("timed_out"));
        Assert.That(result.GetProperty("policy").GetProperty("decisions")[0].GetProperty("action").GetString(), Is.EqualTo("give_up"));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { from }));
    }

    [Test]
    public async Task One_that_virsh_began_is_taken_over_to_its_end_and_measured()
    {
        (string from, string to) = await Ends();
        using Process virsh = await BeginWithVirshAsync(from, to);
        JsonElement result = await RunAsync("migrate", 0, "migration", "set", Guest, "-c", from, "--to", to, "--policy", "adaptive", "--bandwidth", "48");
        await virsh.WaitForExitAsync();
        Assert.That(result.GetProperty("outcome").GetString(), Is.EqualTo("completed"));
        Assert.That(result.GetProperty("downtime").GetProperty("value_ms").GetDouble(), Is.Positive);
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { to }));
    }

    [TestCase("migration", "set", Guest)]
    [TestCase("migration", "set", Guest, "--to", "lab-b", "--bandwidth", "1")]
    public async Task A_set_that_says_nothing_is_a_usage_error(params string[] arguments) => await RunAsync("error", 2, arguments);

    /// <summary>Runs it with <c>--json</c>, and checks its exit code and its document.</summary>
    internal static async Task<JsonElement> RunAsync(string schema, int code, params string[] arguments)
    {
        CliResult result = await CliProcess.RunAsync([.. arguments, "--json"]);
        Assert.That(result.ExitCode, Is.EqualTo(code), $"{string.Join(' ', arguments)}: {result}");
        Assert.That(JsonSchema.Load($"{schema}.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty, $"{result}");
        return result.Json;
    }

    private static async Task<Process> BeginWithVirshAsync(string from, string to)
    {
        string uri = CliLab.Lab.GetHost(from).Uri;
        Process virsh = Process.Start(
            "virsh",
            [
                "-q", "-c", uri, "migrate", "--live", "--p2p", "--persistent", "--undefinesource", "--bandwidth", "8", Guest, CliLab.Lab.GetHost(to).Uri, "tcp://127.0.0.1",
                "--listen-address", "127.0.0.1",
            ]);
        using LibvirtConnection connection = LibvirtConnection.Open(uri);
        using LibvirtDomain domain = connection.TryLookupByName(Guest)!;

        // QEMU does not send yet: libvirt has still to give it virsh's bandwidth, which must not overwrite what is set meanwhile.
        while (domain.GetJobStats().Operation != DomainJobOperation.MigrationOut)
        {
            Assert.That(virsh.HasExited, Is.False, "virsh ended before it began");
            await Task.Delay(20);
        }

        return virsh;
    }

    private static async Task<(string From, string To)> Ends()
    {
        string here = (await CliLab.RunsOnAsync(Guest)).Single();
        return (here, here == "lab-a" ? "lab-b" : "lab-a");
    }
}
