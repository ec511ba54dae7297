using System.Diagnostics;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Lives of guests that really run, several processes at once, and migrations in between.</summary>
public sealed class LifecycleTests
{
    private const string Guest = "alive";
    private const string Busy = "alive-busy";

    [OneTimeSetUp]
    public async Task StartGuests()
    {
        await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a" });
        await CliLab.Lab.StartGuestAsync(new() { Name = Busy, Host = "lab-a", DirtyMiBPerSecond = 16 });
    }

    [OneTimeTearDown]
    public async Task RemoveGuests()
    {
        await CliLab.Lab.RemoveGuestAsync(Guest);
        await CliLab.Lab.RemoveGuestAsync(Busy);
    }

    [Test]
    public async Task Each_verb_of_a_life()
    {
        await RunAsync(0, "start", Guest, "--if-needed");
        Assert.That(await StateAsync("suspend", Guest), Is.EqualTo("paused/user"));
        Assert.That(await StateAsync("resume", Guest), Is.EqualTo("running/unpaused"));
        Assert.That(await StateAsync("reset", Guest), Is.EqualTo("running/unpaused"));
        Assert.That(await StateAsync("reboot", Guest), Is.EqualTo("running/unpaused"), "the guest hears its button once it has booted");
        Assert.That(await StateAsync("shutdown", Guest), Is.EqualTo("shutoff/shutdown"));
        Assert.That(await StateAsync("start", Guest, "--paused"), Is.EqualTo("paused/user"));
        Assert.That(await StateAsync("destroy", Guest), Is.EqualTo("shutoff/destroyed"));
        Assert.That(await StateAsync("start", Guest), Is.EqualTo("running/booted"));
    }

    [Test]
    public async Task A_guest_that_powers_itself_off_is_off()
    {
        await RunningOnAAsync(Guest);
        await CliLab.Lab.PowerOffFromWithinAsync(Guest);
        await BecomesAsync(Guest, DomainState.Shutoff);

        CliResult shutdown = await RunAsync(4, "shutdown", Guest);
        Assert.That(shutdown.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("is off already"));
        await RunAsync(4, "suspend", Guest);
        Assert.That(await StateAsync("start", Guest), Is.EqualTo("running/booted"));
    }

    [Test]
    public async Task A_guest_that_reboots_itself_while_it_is_migrated_arrives()
    {
        await RunningOnAAsync(Busy);
        using CliProcess migration = CliProcess.Start("migrate", Busy, "--from", "lab-a", "--to", "lab-b", "--bandwidth", "16", "--json");
        await migration.SeeAsync("\"iteration\":1");
        await CliLab.Lab.RebootFromWithinAsync(Busy);

        CliResult arrived = await migration.EndAsync();

        Assert.That(arrived.ExitCode, Is.Zero, $"{arrived}");
        Assert.That(State(Busy, "lab-b"), Is.EqualTo(DomainState.Running));
        Assert.That(State(Busy), Is.Not.EqualTo(DomainState.Running), "it is in one place");
    }

    [Test]
    public async Task A_guest_that_powers_itself_off_while_it_is_migrated_is_off_and_in_one_place()
    {
        await RunningOnAAsync(Busy);
        using CliProcess migration = CliProcess.Start("migrate", Busy, "--from", "lab-a", "--to", "lab-b", "--bandwidth", "8", "--json");
        await migration.SeeAsync("\"iteration\":1");
        await CliLab.Lab.PowerOffFromWithinAsync(Busy);

        CliResult ended = await migration.EndAsync();

        Assert.That(ended.ExitCode, Is.Not.Zero, $"{ended}");
        Assert.That(State(Busy), Is.EqualTo(DomainState.Shutoff));
        Assert.That(State(Busy, "lab-b"), Is.Null, "nothing is left of the copy");
        Assert.That(await StateAsync("start", Busy), Is.EqualTo("running/booted"), "and it is nobody's any more");
    }

    [Test]
    public async Task What_is_so_already_is_refused_or_with_if_needed_not_needed()
    {
        await RunAsync(0, "start", Guest, "--if-needed");
        CliResult refused = await RunAsync(4, "start", Guest);
        Assert.That(JsonSchema.Load("error.schema.json").Problems(JsonNode.Parse(refused.Output)), Is.Empty);
        Assert.That(refused.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("refused"));
        CliResult needless = await RunAsync(0, "start", Guest, "--if-needed");
        Assert.That(needless.Json.GetProperty("changed").GetBoolean(), Is.False);

        CliResult unknown = await RunAsync(1, "destroy", "-no such guest\n");
        Assert.That(unknown.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("domain_not_found"));
        CliResult dry = await RunAsync(0, "destroy", Guest, "--dry-run");
        Assert.That(JsonSchema.Load("lifecycle.schema.json").Problems(JsonNode.Parse(dry.Output)), Is.Empty);
        Assert.That(State(Guest), Is.EqualTo(DomainState.Running), "a dry run touches nothing");
    }

    [Test]
    public async Task Two_processes_that_want_one_guest_take_turns()
    {
        await RunAsync(0, "start", Guest, "--if-needed");
        string[] verbs = ["suspend", "resume", "suspend", "resume"];
        CliResult[] all = await Task.WhenAll(verbs.Select(verb => CliProcess.RunAsync("-c", "lab-a", "--json", "domain", verb, Guest, "--if-needed")));
        Assert.That(all.Select(result => result.ExitCode), Is.All.Zero, string.Join('\n', all.Select(result => $"{result}")));
        Assert.That(State(Guest), Is.AnyOf(DomainState.Running, DomainState.Paused));
        await RunAsync(0, "resume", Guest, "--if-needed");
    }

    [Test]
    public async Task A_holder_that_is_killed_holds_nothing()
    {
        await RunAsync(0, "start", Guest, "--if-needed");
        await RunAsync(0, "suspend", Guest, "--if-needed");
        await RunAsync(0, "resume", Guest);

        // A reset guest does not hear its power button for a second or two: the request waits, and holds the domain.
        await RunAsync(0, "reset", Guest);
        using CliProcess shutdown = CliProcess.Start("-c", "lab-a", "--json", "--log-level", "information", "domain", "shutdown", Guest);
        await HeldAsync(Guest);
        shutdown.Signal("KILL");
        await shutdown.EndAsync();

        CliResult destroyed = await RunAsync(0, "destroy", Guest, "--if-needed");
        Assert.That(destroyed.Json.GetProperty("waited_ms").GetDouble(), Is.LessThan(30_000));
        Assert.That(State(Guest), Is.EqualTo(DomainState.Shutoff));
        await RunAsync(0, "start", Guest);
    }

    [Test]
    public async Task Destroy_from_another_process_cancels_a_migration_first()
    {
        await RunningOnAAsync(Busy);
        using CliProcess migration = CliProcess.Start("migrate", Busy, "--from", "lab-a", "--to", "lab-b", "--bandwidth", "8", "--json");
        await migration.SeeAsync("\"iteration\":1");

        CliResult arriving = await CliProcess.RunAsync("-c", "lab-b", "--json", "domain", "destroy", Busy);
        Assert.That(arriving.ExitCode, Is.EqualTo(4), $"{arriving}");
        Assert.That(arriving.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("would not end the guest"));
        CliResult doubled = await RunAsync(4, "start", Busy);
        Assert.That(doubled.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("two copies"));

        CliResult destroyed = await RunAsync(0, "destroy", Busy);
        CliResult cancelled = await migration.EndAsync();

        Assert.That(cancelled.ExitCode, Is.EqualTo(130), $"{cancelled}");
        Assert.That(JsonSchema.Load("lifecycle.schema.json").Problems(JsonNode.Parse(destroyed.Output)), Is.Empty);
        Assert.That(State(Busy), Is.EqualTo(DomainState.Shutoff));
        Assert.That(State(Busy, "lab-b"), Is.Null, "nothing is left of the copy");
    }

    [Test]
    public async Task Suspend_during_a_migration_waits_and_does_not_become_a_guest_that_runs_elsewhere_unsaid()
    {
        await RunningOnAAsync(Busy);
        using CliProcess migration = CliProcess.Start("migrate", Busy, "--from", "lab-a", "--to", "lab-b", "--bandwidth", "8", "--json");
        await migration.SeeAsync("\"iteration\":1");
        using CliProcess suspend = CliProcess.Start("-c", "lab-a", "--json", "--log-level", "information", "domain", "suspend", Busy, "--wait", "100s");
        await suspend.SeeAsync("waits for");
        Assert.That(State(Busy), Is.EqualTo(DomainState.Running));

        // It stays: the guest is suspended where it is.
        migration.Signal("INT");
        Assert.That((await migration.EndAsync()).ExitCode, Is.EqualTo(130));
        CliResult stayed = await suspend.EndAsync();
        Assert.That(stayed.ExitCode, Is.Zero, $"{stayed}");
        Assert.That(State(Busy), Is.EqualTo(DomainState.Paused));
        await RunAsync(0, "resume", Busy);

        // It moves: the guest is not here any more, and that is said.
        using CliProcess moving = CliProcess.Start("migrate", Busy, "--from", "lab-a", "--to", "lab-b", "--bandwidth", "64", "--json");
        await moving.SeeAsync("\"stage\":\"migrating");
        CliResult moved = await CliProcess.RunAsync("-c", "lab-a", "--json", "domain", "suspend", Busy, "--wait", "100s");
        Assert.That((await moving.EndAsync()).ExitCode, Is.Zero);
        Assert.That(moved.ExitCode, Is.EqualTo(4), $"{moved}");
        Assert.That(moved.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("was migrated to another host"));
        Assert.That(State(Busy, "lab-b"), Is.EqualTo(DomainState.Running));
    }

    /// <summary>A guest that runs on lab-a and has booted: it answers.</summary>
    private static async Task RunningOnAAsync(string guest)
    {
        if ((await CliLab.RunsOnAsync(guest)).Contains("lab-b"))
        {
            CliResult back = await CliProcess.RunAsync("migrate", guest, "--from", "lab-b", "--to", "lab-a", "--json");
            Assert.That(back.ExitCode, Is.Zero, $"{back}");
        }

        await RunAsync(0, "start", guest, "--if-needed");
        await RunAsync(0, "resume", guest, "--if-needed");
        await CliLab.Lab.SetDirtyRateAsync(guest, guest == Busy ? 16 : 0);
    }

    private static async Task BecomesAsync(string guest, DomainState state)
    {
        long start = Stopwatch.GetTimestamp();
        while (State(guest) != state)
        {
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromMinutes(1)), $"{guest} is {State(guest)}");
            await Task.Delay(20);
        }
    }

    private static async Task HeldAsync(string guest)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            CliResult look = await RunAsync(0, "suspend", guest, "--dry-run");
            if (look.Json.TryGetProperty("holder", out _))
            {
                return;
            }

            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromMinutes(1)), "nobody ever held it");
        }
    }

    private static async Task<string> StateAsync(string verb, string guest, params string[] options)
    {
        CliResult done = await RunAsync(0, verb, guest, options);
        Assert.That(JsonSchema.Load("lifecycle.schema.json").Problems(JsonNode.Parse(done.Output)), Is.Empty);
        return done.Json.GetProperty("after").GetString()!;
    }

    private static async Task<CliResult> RunAsync(int exitCode, string verb, string guest, params string[] options)
    {
        CliResult result = await CliProcess.RunAsync(["-c", "lab-a", "--json", "domain", verb, .. options, "--", guest]);
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{verb}: {result}");
        return result;
    }

    private static DomainState? State(string guest, string host = "lab-a")
    {
        using LibvirtConnection lab = LibvirtConnection.Open(CliLab.Lab.GetHost(host).Uri);
        using LibvirtDomain? domain = lab.TryLookupByName(guest);
        return domain?.GetState().State;
    }
}
