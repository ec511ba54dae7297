using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Orchestrator.Recovery;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>A process that migrated is killed; recover brings its guest back.</summary>
public sealed class RecoverTests
{
    private const string Guest = "recovered";

    // Its own: what other tests' killed processes left open is not this one's.
    private static readonly string State = Path.Combine(Path.GetTempPath(), $"orchestrator-recover-{Guid.NewGuid().ToString()[..8]}");

    private Journal _journal = null!;

    [OneTimeSetUp]
    public async Task StartGuest()
    {
        await CliLab.Lab.StartGuestAsync(new() { Name = Guest, DirtyMiBPerSecond = 16 });
        _journal = Journal.Open(State);
    }

    [OneTimeTearDown]
    public async Task RemoveGuest()
    {
        _journal.Dispose();
        Directory.Delete(State, recursive: true);
        await CliLab.Lab.RemoveGuestAsync(Guest);
    }

    [Test, Order(1)]
    public async Task Where_nothing_is_open_it_says_so()
    {
        CliResult plain = await CliProcess.RunAsync("recover", "--state-dir", State);
        Assert.That(plain.ExitCode, Is.Zero, $"{plain}");
        Assert.That(plain.Output, Does.StartWith("Nothing to recover"));
        CliResult json = await CliProcess.RunAsync("recover", Guest, "-c", "lab-a", "--json", "--state-dir", State);
        Assert.That(json.ExitCode, Is.Zero, $"{json}");
        Assert.That(json.Json.GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task A_usage_that_decides_half_is_refused([Values("--from", "--to")] string only)
    {
        CliResult half = await CliProcess.RunAsync("recover", Guest, only, "lab-a");
        Assert.That(half.ExitCode, Is.EqualTo(2), $"{half}");
    }

    [Test]
    public async Task A_guest_that_a_person_paused_is_not_resumed([Values] bool withJournal)
    {
        (string from, string to) = await Ends();
        JournalOperation? operation = withJournal ? Begin(from, to, "direct") : null;

        using (LibvirtConnection connection = LibvirtConnection.Open(CliLab.Lab.GetHost(from).Uri))
        {
            using LibvirtDomain domain = connection.TryLookupByName(Guest)!;
            Mark(domain, operation);
            domain.Suspend();
        }

        CliResult dry = await CliProcess.RunAsync([.. Command(withJournal, from, to), "--dry-run", "--json", "--state-dir", State]);
        Assert.That(JsonSchema.Load("recover.schema.json").Problems(JsonNode.Parse(dry.Output)), Is.Empty);
        CliResult result = await CliProcess.RunAsync([.. Command(withJournal, from, to), "--json", "--state-dir", State]);
        Assert.That(JsonSchema.Load("recover.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);

        Assert.That(result.ExitCode, Is.EqualTo(7), $"{result}");
        using (LibvirtConnection connection = LibvirtConnection.Open(CliLab.Lab.GetHost(from).Uri))
        {
            using LibvirtDomain domain = connection.TryLookupByName(Guest)!;
            domain.Resume();
        }
    }

    [Test]
    public async Task Killed_in_direct_mode_the_guest_ends_up_running_on_one_host([Values(0, 400, 1500)] int delay)
    {
        (string from, string to) = await Ends();
        using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", from, "--to", to, "--mode", "direct", "--bandwidth", "64", "--json", "--state-dir", State);
        await migration.SeeAsync("\"stage\":\"migrating");
        JournalOperation operation = Open();
        await Task.Delay(delay);
        migration.Signal("KILL");

        CliResult result = await CliProcess.RunAsync("recover", Guest, "--from", from, "--to", to, "--json", "--state-dir", State);

        JsonElement only = result.Json.EnumerateArray().Single();
        Assert.That(result.ExitCode, Is.Zero.Or.EqualTo(1), $"{result}");
        Assert.That(only.GetProperty("finished").GetBoolean(), $"{result}");
        Assert.That(await CliLab.RunsOnAsync(Guest), Has.Count.EqualTo(1), $"{result}");
        Assert.That(_journal.Get(operation.Id)!.Ended, Is.Not.Null);
    }

    [Test]
    public async Task Killed_in_p2p_mode_the_migration_is_adopted_and_completed()
    {
        (string from, string to) = await Ends();
        using CliProcess migration = CliProcess.Start("migrate", Guest, "--from", from, "--to", to, "--mode", "p2p", "--bandwidth", "32", "--json", "--state-dir", State);
        await migration.SeeAsync("\"iteration\":1");
        JournalOperation operation = Open();
        migration.Signal("KILL");

        CliResult result = await CliProcess.RunAsync("recover", "--json", "--state-dir", State);

        JsonElement only = result.Json.EnumerateArray().Single();
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(only.GetProperty("adopted").GetBoolean(), $"{result}");
        Assert.That(only.GetProperty("outcome").GetString(), Is.EqualTo("completed"));
        Assert.That(await CliLab.RunsOnAsync(Guest), Is.EqualTo(new[] { to }));
        Assert.That(_journal.Get(operation.Id)!.Outcome, Is.EqualTo("completed"));
    }

    [Test]
    public async Task The_next_command_settles_first_and_takes_the_mark_off()
    {
        (string from, string to) = await Ends();
        JournalOperation operation = Begin(from, to, "p2p");
        using LibvirtConnection connection = LibvirtConnection.Open(CliLab.Lab.GetHost(from).Uri);
        using LibvirtDomain domain = connection.TryLookupByName(Guest)!;
        Mark(domain, operation);
        Assert.That(domain.GetMetadata(DomainMetadataType.Element, OperationMarker.Namespace, DomainModificationImpact.Live), Does.Contain($"{operation.Id}"));
        Assert.That(OperationMarker.Read(domain.GetXml()), Is.EqualTo(OperationMarker.Of(operation)), "as libvirt gives it back");

        CliResult reset = await CliProcess.RunAsync("domain", "reset", Guest, "-c", from, "--json", "--state-dir", State);

        Assert.That(reset.ExitCode, Is.Zero, $"{reset}");
        Assert.That(reset.Json.GetProperty("notes")[0].GetString(), Does.Contain("first settled the migration"));
        Assert.That(domain.GetMetadata(DomainMetadataType.Element, OperationMarker.Namespace, DomainModificationImpact.Live), Is.Null);
        Assert.That(_journal.Get(operation.Id)!.Ended, Is.Not.Null);
    }

    /// <summary>What the killed process wrote down.</summary>
    private JournalOperation Open() => _journal.Unfinished().Single(operation => operation.Intent.DomainName == Guest);

    private static void Mark(LibvirtDomain domain, JournalOperation? operation)
    {
        if (operation is not null)
        {
            domain.SetMetadata(DomainMetadataType.Element, OperationMarker.Of(operation).Write(), OperationMarker.Prefix, OperationMarker.Namespace, DomainModificationImpact.Live);
        }
    }

    private static string[] Command(bool withJournal, string from, string to) => withJournal ? ["recover", Guest] : ["recover", Guest, "--from", from, "--to", to];

    private JournalOperation Begin(string from, string to, string mode)
    {
        Guid uuid = CliLab.Lab.Guests.Single(guest => guest.Name == Guest).Uuid;
        JournalOperation operation = _journal.Begin(new()
        {
            DomainUuid = uuid,
            DomainName = Guest,
            SourceName = from,
            SourceUri = CliLab.Lab.GetHost(from).Uri,
            DestinationName = to,
            DestinationUri = CliLab.Lab.GetHost(to).Uri,
            Mode = mode,
            WasRunning = true,
        });
        _journal.SetPhase(operation.Id, OperationPhase.Migrating);
        return operation;
    }

    private static async Task<(string From, string To)> Ends()
    {
        string here = (await CliLab.RunsOnAsync(Guest)).Single();
        return (here, here == "lab-a" ? "lab-b" : "lab-a");
    }
}
