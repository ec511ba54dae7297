using Microsoft.Data.Sqlite;
using Orchestrator.Recovery;

namespace Orchestrator.Tests.Recovery;

public sealed class JournalTests
{
    // What version 1 wrote: a file of that time has to be read for ever. Never changed.
    private const string FileOfVersion1 = """
        CREATE TABLE operation (id TEXT NOT NULL PRIMARY KEY, domain TEXT NOT NULL, intent TEXT NOT NULL, owner TEXT NOT NULL, policy TEXT, phase TEXT NOT NULL,
          started TEXT NOT NULL, ended TEXT, outcome TEXT, message TEXT);
        CREATE TABLE step (id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL REFERENCES operation (id) ON DELETE CASCADE, kind TEXT NOT NULL,
          detail TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, undone INTEGER NOT NULL DEFAULT 0);
        INSERT INTO operation (id, domain, intent, owner, policy, phase, started) VALUES (
          '01938c5e-7a10-7d33-8d0e-5a1b2c3d4e5f', 'd4b5a1c2-3f60-4e8b-9a51-0c1de2f3a4b5',
          '{"kind":"migrate","domain_uuid":"d4b5a1c2-3f60-4e8b-9a51-0c1de2f3a4b5","domain_name":"web1","source_name":"lab-a","source_uri":"qemu:///system","destination_name":"lab-b","destination_uri":"qemu+ssh://b/system","mode":"p2p","was_running":true,"persistent_on_destination":true,"undefines_source":false,"max_downtime_before":"00:00:00.3000000"}',
          '{"machine_id":"0123456789abcdef0123456789abcdef","host_name":"ops1","pid":4242,"process_started":"2026-01-02T03:04:00+00:00","user":"root"}',
          NULL, 'post_copy', '2026-01-02T03:04:05.0000000Z');
        INSERT INTO step (operation, kind, detail, started) VALUES ('01938c5e-7a10-7d33-8d0e-5a1b2c3d4e5f', 'vdpa-create', '{"name":"vdpa0"}', '2026-01-02T03:04:06.0000000Z');
        PRAGMA application_id = 1869767528;
        PRAGMA user_version = 1;
        """;

    private string _folder = "";

    private string File => Path.Combine(_folder, Journal.FileName);

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("ojournal-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void What_is_begun_is_read_by_another_connection_as_it_was_written()
    {
        using Journal journal = Journal.Open(_folder);
        JournalOperation begun = journal.Begin(JournalSamples.Intent);

        using Journal other = Journal.Open(_folder);
        JournalOperation read = other.Unfinished().Single();

        Assert.Multiple(() =>
        {
            Assert.That(read with { Steps = begun.Steps }, Is.EqualTo(begun));
            Assert.That(read.Steps, Is.Empty);
            Assert.That(read.Intent, Is.EqualTo(JournalSamples.Intent));
            Assert.That(read.Owner.Pid, Is.EqualTo(Environment.ProcessId));
            Assert.That(read.Owner.IsOfThisMachine);
            Assert.That(read.Id.Version, Is.EqualTo(7));
        });
    }

    [Test]
    public void An_operation_goes_through_its_life()
    {
        using Journal journal = Journal.Open(_folder);
        Guid id = journal.Begin(JournalSamples.Intent).Id;
        journal.SetPhase(id, OperationPhase.Preparing);
        long kept = journal.BeginStep(id, "vdpa-create", """{"name":"vdpa0"}""");
        long undone = journal.BeginStep(id, "vdpa-create", """{"name":"vdpa1"}""");
        long left = journal.BeginStep(id, "vdpa-create", """{"name":"vdpa2"}""");
        journal.EndStep(kept, undone: false);
        journal.EndStep(undone, undone: true);
        journal.EndStep(undone, undone: false);
        journal.SetPhase(id, OperationPhase.PostCopy);
        journal.SetPolicy(id, """{"name":"fixed"}""");

        JournalOperation operation = journal.Get(id)!;
        Assert.Multiple(() =>
        {
            Assert.That(operation.Phase, Is.EqualTo(OperationPhase.PostCopy));
            Assert.That(operation.Policy, Is.EqualTo("""{"name":"fixed"}"""));
            Assert.That(journal.GetPolicy(id), Is.EqualTo("""{"name":"fixed"}"""));
            Assert.That(operation.Intent.Policy, Is.EqualTo(JournalSamples.Intent.Policy), "what it began with");
            Assert.That(operation.Steps.Select(step => (step.Id, Settled: step.Ended is not null, step.IsUndone)), Is.EqualTo(new[] { (kept, true, false), (undone, true, true), (left, false, false) }));
        });

        journal.End(id, "completed", "web1 is on lab-b");
        journal.End(id, "failed", "said too late");

        Assert.Multiple(() =>
        {
            Assert.That(journal.Unfinished(), Is.Empty);
            Assert.That(journal.Find(JournalSamples.Domain).Single(), Has.Property("Outcome").EqualTo("completed").And.Property("Message").EqualTo("web1 is on lab-b"));
            Assert.That(() => journal.SetPhase(id, OperationPhase.Settling), Throws.InvalidOperationException);
            Assert.That(() => journal.SetPolicy(id, "{}"), Throws.InvalidOperationException);
            Assert.That(() => journal.BeginStep(id, "vdpa-create", "{}"), Throws.InvalidOperationException);
        });
    }

    [Test]
    public void A_password_in_a_URI_is_never_written()
    {
        using (Journal journal = Journal.Open(_folder))
        {
            journal.Begin(JournalSamples.Intent with { SourceName = "qemu+tcp://ops:hunter2@node1/system", SourceUri = "qemu+tcp://ops:hunter2@node1/system" });
        }

        Assert.That(Directory.GetFiles(_folder).Select(file => System.Text.Encoding.Latin1.GetString(System.IO.File.ReadAllBytes(file))), Has.None.Contains("hunter2").And.Some.Contains("node1"));
    }

    [Test]
    public void Only_what_ended_long_ago_is_forgotten()
    {
        using Journal journal = Journal.Open(_folder);
        Guid open = journal.Begin(JournalSamples.Intent).Id;
        Guid ended = journal.Begin(JournalSamples.Intent).Id;
        journal.BeginStep(ended, "vdpa-create", "{}");
        journal.End(ended, "completed", "");

        Assert.That(journal.Prune(TimeSpan.FromDays(1)), Is.Zero);
        Assert.That(journal.Prune(TimeSpan.FromDays(-1)), Is.EqualTo(1), "from the day after tomorrow it is long ago");
        Assert.That(journal.Find(JournalSamples.Domain).Select(operation => operation.Id), Is.EqualTo(new[] { open }));
    }

    [Test]
    public void Its_folder_is_its_owners_alone()
    {
        string folder = Path.Combine(_folder, "a", "b");
        Journal.Open(folder).Dispose();

        Assert.That(System.IO.File.GetUnixFileMode(folder), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
    }

    [Test]
    public void Where_nothing_was_written_nothing_is_made()
    {
        Assert.That(Journal.OpenExisting(Path.Combine(_folder, "none")), Is.Null);
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    [Test]
    public void A_killed_writer_leaves_what_it_said_it_had_written()
    {
        for (int round = 0; round < 3; round++)
        {
            var said = new Dictionary<Guid, string>();
            using (JournalWriter writer = JournalWriter.Start(_folder))
            {
                for (int line = 0; line < 20 + round; line++)
                {
                    (string what, Guid id) = writer.Next()!.Value;
                    said[id] = what;
                }

                writer.Kill();
                while (writer.Next() is { } late)
                {
                    said[late.Id] = late.What;
                }
            }

            using Journal journal = Journal.Open(_folder);
            foreach ((Guid id, string what) in said)
            {
                JournalOperation operation = journal.Get(id)!;
                Assert.That(Progress(operation), Is.GreaterThanOrEqualTo(Array.IndexOf(["begun", "migrating", "ended"], what)), what);
            }

            Assert.That(journal.Unfinished(), Has.Count.LessThanOrEqualTo(round + 1), "one for each that was killed");
        }

        static int Progress(JournalOperation operation) => operation.Ended is not null ? 2 : operation.Phase == OperationPhase.Migrating ? 1 : 0;
    }

    [Test]
    public void Two_processes_write_at_once_and_lose_nothing()
    {
        using JournalWriter one = JournalWriter.Start(_folder);
        using JournalWriter two = JournalWriter.Start(_folder);
        var written = new HashSet<Guid>();
        for (int line = 0; line < 60; line++)
        {
            written.Add(one.Next()!.Value.Id);
            written.Add(two.Next()!.Value.Id);
        }

        one.TellToEnd();
        two.TellToEnd();
        Task<List<Guid>> rest = Task.Run(() => Drain(one));
        written.UnionWith(Drain(two));
        written.UnionWith(rest.Result);

        using Journal journal = Journal.Open(_folder);
        Assert.That(journal.Find(JournalSamples.Domain).Select(operation => operation.Id), Is.EquivalentTo(written));
        Assert.That(journal.Unfinished(), Is.Empty);

        static List<Guid> Drain(JournalWriter writer)
        {
            var ids = new List<Guid>();
            while (writer.Next() is { } next)
            {
                ids.Add(next.Id);
            }

            return ids;
        }
    }

    [Test]
    public void A_file_of_version_1_is_read()
    {
        Write(FileOfVersion1);

        using Journal journal = Journal.Open(_folder);
        JournalOperation operation = journal.Unfinished().Single();

        Assert.Multiple(() =>
        {
            Assert.That(operation.Id, Is.EqualTo(Guid.Parse("01938c5e-7a10-7d33-8d0e-5a1b2c3d4e5f")));
            Assert.That(operation.Phase, Is.EqualTo(OperationPhase.PostCopy));
            Assert.That(operation.Owner, Is.EqualTo(new OperationOwner("0123456789abcdef0123456789abcdef", "ops1", 4242, "root")));
            Assert.That(operation.Owner.IsOfThisMachine, Is.False);
            Assert.That(operation.Started, Is.EqualTo(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)));
            Assert.That(operation.Intent, Is.EqualTo(new JournalIntent
            {
                DomainUuid = JournalSamples.Domain,
                DomainName = "web1",
                SourceName = "lab-a",
                SourceUri = "qemu:///system",
                DestinationName = "lab-b",
                DestinationUri = "qemu+ssh://b/system",
                Mode = "p2p",
                WasRunning = true,
                PersistentOnDestination = true,
                MaxDowntimeBefore = TimeSpan.FromMilliseconds(300),
            }));
            Assert.That(operation.Steps.Single().Kind, Is.EqualTo("vdpa-create"));
        });
    }

    [Test]
    public void A_newer_version_finishes_what_an_older_one_began_and_the_older_one_then_refuses()
    {
        Write(FileOfVersion1);
        IReadOnlyList<string> newer = [.. JournalSchema.Scripts, "ALTER TABLE operation ADD COLUMN priority INTEGER NOT NULL DEFAULT 3"];

        using (Journal journal = Journal.Open(_folder, null, newer))
        {
            journal.End(journal.Unfinished().Single().Id, "completed", "");
        }

        byte[] before = System.IO.File.ReadAllBytes(File);
        JournalException refused = Assert.Throws<JournalException>(() => Journal.Open(_folder).Dispose())!;
        Assert.That(refused.Problem, Is.EqualTo(JournalProblem.TooNew));
        Assert.That(refused.Message, Does.Contain(File).And.Contain($"its version is {newer.Count}"));
        Assert.That(System.IO.File.ReadAllBytes(File), Is.EqualTo(before), "it was not touched");
        using Journal again = Journal.Open(_folder, null, newer);
        Assert.That(again.Unfinished(), Is.Empty);
    }

    [Test]
    public void An_upgrade_that_fails_changes_nothing()
    {
        Write(FileOfVersion1);
        IReadOnlyList<string> broken = [.. JournalSchema.Scripts, "ALTER TABLE operation ADD COLUMN priority INTEGER", "CREATE TABLE step (id)"];

        Assert.That(() => Journal.Open(_folder, null, broken).Dispose(), Throws.TypeOf<JournalException>());

        using Journal journal = Journal.Open(_folder);
        Assert.That(journal.Unfinished(), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_damaged_file_is_named_and_left_as_it_is()
    {
        byte[] noise = [.. Enumerable.Range(0, 9000).Select(n => (byte)(n * 31))];
        System.IO.File.WriteAllBytes(File, noise);

        JournalException refused = Assert.Throws<JournalException>(() => Journal.Open(_folder).Dispose())!;
        Assert.That(refused.Problem, Is.EqualTo(JournalProblem.Damaged));
        Assert.That(refused.Message, Does.Contain(File));
        Assert.That(refused.Remedy, Does.Contain($"mv {File}"));
        Assert.That(System.IO.File.ReadAllBytes(File), Is.EqualTo(noise));
    }

    [Test]
    public void A_file_that_is_damaged_within_is_named_when_that_is_met()
    {
        using (Journal journal = Journal.Open(_folder))
        {
            for (int i = 0; i < 40; i++)
            {
                journal.Begin(JournalSamples.Intent);
            }
        }

        // All but the first page, which has the tables' names.
        using (FileStream file = System.IO.File.OpenWrite(File))
        {
            Assert.That(file.Length, Is.GreaterThan(3 * 4096));
            file.Position = 4096;
            file.Write(new byte[file.Length - 4096]);
        }

        using Journal damaged = Journal.Open(_folder);
        Assert.That(() => damaged.Unfinished(), Throws.TypeOf<JournalException>().With.Property("Problem").EqualTo(JournalProblem.Damaged));
    }

    [Test]
    public void An_entry_that_makes_no_sense_is_damage_too()
    {
        using (Journal journal = Journal.Open(_folder))
        {
            journal.Begin(JournalSamples.Intent);
        }

        Write("UPDATE operation SET intent = '{\"kind\":'");
        using Journal damaged = Journal.Open(_folder);
        Assert.That(() => damaged.Unfinished(), Throws.TypeOf<JournalException>().With.Property("Problem").EqualTo(JournalProblem.Damaged));
    }

    [Test]
    public void The_database_of_another_program_is_left_alone()
    {
        Write("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')");

        JournalException refused = Assert.Throws<JournalException>(() => Journal.Open(_folder).Dispose())!;
        Assert.That(refused.Message, Does.Contain("another program"));
    }

    [Test]
    public void A_place_that_is_no_folder_is_an_error_that_names_the_way_out()
    {
        System.IO.File.WriteAllText(Path.Combine(_folder, "file"), "");

        JournalException refused = Assert.Throws<JournalException>(() => Journal.Open(Path.Combine(_folder, "file", "state")).Dispose())!;
        Assert.That(refused.Problem, Is.EqualTo(JournalProblem.Unusable));
        Assert.That(refused.Remedy, Does.Contain("--state-dir"));
    }

    private void Write(string sql)
    {
        SqliteLibrary.Load();
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
