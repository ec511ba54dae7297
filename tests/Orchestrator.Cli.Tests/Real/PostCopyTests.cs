using System.Text.Json;
using Libvirt.Interop;
using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Guests that dirty their memory faster than the link carries it move by post-copy.</summary>
public sealed class PostCopyTests
{
    private const long CrashesWhenItResumes = 11_003_000;

    private UserFaults _faults = null!;

    [OneTimeSetUp]
    public void AllowUserFaults() => _faults = UserFaults.Allow();

    [OneTimeTearDown]
    public void PutBack() => _faults?.Dispose();

    [Test]
    public async Task A_policy_switches_it_nobody_can_cancel_it_any_more_and_it_completes()
    {
        const string Guest = "copied";
        await CliLab.Lab.StartGuestAsync(new() { Name = Guest, DirtyMiBPerSecond = 64, Host = "lab-a" });
        try
        {
            using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--policy", await PolicyAsync(16), "--json");
            await migration.SeeAsync("\"stage\":\"post_copy\"");

            JsonElement cancel = await MigrationControlTests.RunAsync("migration-cancel", 4, "migration", "cancel", Guest, "-c", "lab-a");
            CliResult ended = await migration.EndAsync();

            Assert.That(cancel.GetProperty("outcome").GetString(), Is.EqualTo("post_copy"));
            Assert.That(cancel.GetProperty("message").GetString(), Does.Contain("cannot be cancelled any more"));
            Assert.That(ended.ExitCode, Is.Zero, $"{ended}");
            Assert.That(ended.Json.GetProperty("policy").GetProperty("decisions").EnumerateArray().Select(decision => decision.GetProperty("action").GetString()), Does.Contain("start_post_copy"));
            Assert.That(ended.Json.GetProperty("downtime").GetProperty("value_ms").GetDouble(), Is.Positive);
            Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-b" }));
            await TicksGoOnAsync(Guest);
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync(Guest);
        }
    }

    [Test]
    public async Task Another_process_switches_it()
    {
        const string Guest = "switched";
        await CliLab.Lab.StartGuestAsync(new() { Name = Guest, DirtyMiBPerSecond = 32, Host = "lab-a" });
        try
        {
            using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--policy", "adaptive-post-copy", "--bandwidth", "8", "--json");
            await migration.SeeAsync("\"iteration\":1");

            await MigrationControlTests.RunAsync("migration-set", 0, "migration", "set", Guest, "-c", "lab-a", "--post-copy");

            CliResult ended = await migration.EndAsync();
            Assert.That(ended.ExitCode, Is.Zero, $"{ended}");
            Assert.That(ended.Error, Does.Contain("its memory follows (post-copy)"));
            Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { "lab-b" }));
            await TicksGoOnAsync(Guest);
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync(Guest);
        }
    }

    [Test]
    public async Task One_that_breaks_is_said_and_nothing_is_destroyed_and_recover_lets_it_go_on()
    {
        const string Guest = "broken";
        await using VirtualLab lab = await VirtualLab.StartAsync(new() { Folder = CliLab.Folder });
        (string a, string b) = (lab.GetHost("lab-a").Uri, lab.GetHost("lab-b").Uri);
        await lab.StartGuestAsync(new() { Name = Guest, DirtyMiBPerSecond = 32, Host = "lab-a" });
        using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", a, "--to", b, "--policy", await PolicyAsync(2), "--json");
        await migration.SeeAsync("\"stage\":\"post_copy\"");
        using LibvirtConnection source = LibvirtConnection.Open(a);
        using LibvirtConnection destination = LibvirtConnection.Open(b);

        // Before it runs there, its end is that of any migration.
        Assert.That(() => StateOf(destination), Is.EqualTo((DomainState.Running, (int)DomainRunningReason.Postcopy)).After(20_000, 20));
        using (LibvirtDomain domain = source.TryLookupByName(Guest)!)
        {
            domain.AbortJob(postCopy: true);
        }

        CliResult broke = await migration.EndAsync();
        Assert.That(broke.ExitCode, Is.EqualTo(7), $"{broke}");
        Assert.That(broke.Json.GetProperty("error").GetProperty("remedy").GetString(), Does.Contain("Destroy neither").And.Contain($"recover {Guest}"));
        Assert.That(StateOf(source), Is.EqualTo((DomainState.Paused, (int)DomainPausedReason.PostcopyFailed)));
        Assert.That(StateOf(destination), Is.EqualTo((DomainState.Running, (int)DomainRunningReason.PostcopyFailed)));
        JsonElement list = await MigrationControlTests.RunAsync("migration-list", 0, "migration", "list", "--host", $"{a},{b}");
        Assert.That(list.GetProperty("migrations").EnumerateArray().Select(item => item.GetProperty("direction").GetString()), Is.EqualTo(new[] { "out", "in" }));

        bool crashes = destination.GetLibvirtVersion() == CrashesWhenItResumes;
        JsonElement recovered = (await MigrationControlTests.RunAsync("recover", crashes ? 7 : 0, "recover", Guest, "--from", a, "--to", b))[0];
        Assert.That(recovered.GetProperty("outcome").GetString(), Is.EqualTo(crashes ? "needs_person" : "completed"));
        if (crashes)
        {
            Assert.That(recovered.GetProperty("remedy").GetString(), Does.Contain("libvirt 11.3.0"));
            Assert.That(StateOf(destination), Is.EqualTo((DomainState.Running, (int)DomainRunningReason.PostcopyFailed)), "its daemon was spared");
        }
        else
        {
            await TicksGoOnAsync(Guest, lab);
        }

        (DomainState State, int Reason) StateOf(LibvirtConnection connection)
        {
            using LibvirtDomain domain = connection.TryLookupByName(Guest)!;
            return domain.GetState();
        }
    }

    // Switches after a second. Afterwards the rest follows at so many MiB/s: fast enough to end, slow enough to be met in it.
    private static async Task<string> PolicyAsync(int followsMiBPerSecond)
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"at-once-{followsMiBPerSecond}.yaml");
        await File.WriteAllTextAsync(file, $"""
            name: at-once
            max_downtime:
              initial: 20ms
            completion_timeout:
              after: 1s
              then: [post-copy, give-up]
            options:
              bandwidth_mib_s: 16
              post_copy_bandwidth_mib_s: {followsMiBPerSecond}
            """);
        return file;
    }

    private static async Task TicksGoOnAsync(string guest, VirtualLab? lab = null)
    {
        string log = (lab ?? CliLab.Lab).Guests.Single(known => known.Name == guest).TickLog;
        DateTimeOffset since = TimeProvider.System.GetUtcNow();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (TickLogReader.Read(log, since, DateTimeOffset.MaxValue).Count < 10)
        {
            await Task.Delay(50, deadline.Token);
        }
    }
}
