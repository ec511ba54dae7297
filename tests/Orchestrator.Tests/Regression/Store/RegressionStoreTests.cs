using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Npgsql;
using Orchestrator.Recovery;
using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;
using static Orchestrator.Tests.Regression.Judging.RunSamples;

namespace Orchestrator.Tests.Regression.Store;

/// <summary>The same for both databases, on the real ones.</summary>
[TestFixture("sqlite")]
[TestFixture("postgresql")]
public sealed class RegressionStoreTests(string kind)
{
    private PostgresServer? _server;
    private string _folder = "";
    private string? _connection;

    [OneTimeSetUp]
    public async Task StartServer() => _server = kind == "postgresql" ? await PostgresServer.StartAsync() : null;

    [OneTimeTearDown]
    public async Task StopServer()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [SetUp]
    public async Task MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("oregress-").FullName;
        _connection = _server is null ? null : await _server.CreateDatabaseAsync();
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_run_is_read_as_it_was_written()
    {
        RegressionRun judged = RunJudge.Judge(Plan(new() { EachMs = 40 }), Run(30, 31, 29, 32, 30) with { Labels = new Dictionary<string, string> { ["build"] = "1.2 „ä'" } }, Run([31, 30, 30, 29, 30], 0.2, id: "other"));
        await using (RegressionStore store = await OpenAsync())
        {
            await store.BeginAsync(judged with { Ended = null });
            Assert.That((await store.GetAsync(judged.Id))!.Ended, Is.Null);
            await store.SaveAsync(judged);
        }

        await using RegressionStore again = await OpenAsync();
        Assert.That(Json((await again.GetAsync(judged.Id))!), Is.EqualTo(Json(judged)));
        RunEntry entry = (await again.ListAsync()).Single();
        Assert.Multiple(() =>
        {
            Assert.That(entry.Id, Is.EqualTo(judged.Id));
            Assert.That(entry.Plan, Is.EqualTo("nightly"));
            Assert.That(entry.Started, Is.EqualTo(judged.Started));
            Assert.That(entry.Ended, Is.EqualTo(judged.Ended));
            Assert.That(entry.State, Is.EqualTo(RunState.Ended));
            Assert.That(entry.Verdict, Is.EqualTo(Verdict.Passed));
            Assert.That(entry.ExitCode, Is.Zero);
            Assert.That(entry.Labels, Is.EqualTo(judged.Labels));
            Assert.That(entry.Owner, Is.EqualTo(OperationOwner.Here));
        });
        Assert.That(await again.GetAsync("20261121"), Is.Null, "an id is not a prefix");
    }

    [Test]
    public async Task Runs_are_found_by_id_prefix_and_latest()
    {
        await using RegressionStore store = await OpenAsync();
        await AddAsync(store, "20261119T020000Z-aaaa", "nightly");
        await AddAsync(store, "20261120T020000Z-bbbb", "other");
        await AddAsync(store, "20261120T020000Z-bbcc", "nightly");

        Assert.That((await store.ListAsync()).Select(entry => entry.Id[9..]), Is.EqualTo(new[] { "020000Z-bbcc", "020000Z-bbbb", "020000Z-aaaa" }));
        Assert.That((await store.ListAsync("nightly", 1)).Single().Id, Does.EndWith("bbcc"));
        Assert.That((await store.FindAsync("latest")).Id, Does.EndWith("bbcc"));
        Assert.That((await store.FindAsync("latest", "other")).Id, Does.EndWith("bbbb"));
        Assert.That((await store.FindAsync("20261119")).Id, Does.EndWith("aaaa"));
        Assert.That((await store.FindAsync("2026112", "other")).Id, Does.EndWith("bbbb"));
        StoreException many = Assert.ThrowsAsync<StoreException>(() => store.FindAsync("20261120T02"))!;
        Assert.That(many.Problem, Is.EqualTo(StoreProblem.Ambiguous));
        Assert.That(many.Message, Does.Contain("bbbb").And.Contain("bbcc"));
        Assert.That(() => store.FindAsync("2025"), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.NotFound));
        Assert.That(() => store.FindAsync("latest", "none"), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.NotFound));
        Assert.That(() => store.FindAsync("%"), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.NotFound));
    }

    [Test]
    public async Task The_latest_of_a_name_is_the_baseline_and_the_history_stays()
    {
        await using RegressionStore store = await OpenAsync();
        await AddAsync(store, "20261119T020000Z-aaaa", "nightly");
        await AddAsync(store, "20261120T020000Z-bbbb", "nightly");
        await AddAsync(store, "20261120T020000Z-cccc", "other");
        await store.AcceptAsync("20261119T020000Z-aaaa", "main", "the first");
        Baseline second = await store.AcceptAsync("20261120T020000Z-bbbb", "main", "QEMU 8.2.4 waits longer: known");
        await store.AcceptAsync("20261120T020000Z-cccc", "main", "of another plan");

        Assert.That(await store.FindBaselineAsync("nightly", "main"), Is.EqualTo(second));
        Assert.That((await store.ListBaselinesAsync("nightly")).Select(baseline => baseline.Reason), Is.EqualTo(new[] { "QEMU 8.2.4 waits longer: known", "the first" }));
        Assert.That(await store.ListBaselinesAsync(), Has.Count.EqualTo(3));
        Assert.That(await store.FindBaselineAsync("nightly", "release"), Is.Null);
        Assert.That(second.By, Does.Contain("@"));
        Assert.That(() => store.AcceptAsync("none", "main", "why"), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.NotFound));
        Assert.That(() => store.AcceptAsync("20261120T020000Z-cccc", "main", " "), Throws.ArgumentException);
        RegressionRun open = await store.BeginAsync(Run(30) with { Id = "open", Ended = null });
        Assert.That(() => store.AcceptAsync(open.Id, "main", "why"), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.WrongState));
    }

    [Test]
    public async Task A_run_without_values_is_no_baseline()
    {
        await using RegressionStore store = await OpenAsync();
        RegressionRun run = await store.BeginAsync(Run());

        StoreException refused = Assert.ThrowsAsync<StoreException>(() => store.AcceptAsync(run.Id, "main", "why"))!;
        Assert.That((refused.Problem, refused.Message), Is.EqualTo((StoreProblem.WrongState, $"The run {run.Id} has no values: nothing could be compared with it.")));
        Assert.That(await store.ListBaselinesAsync(), Is.Empty);
    }

    [Test]
    public async Task What_is_removed_is_never_open_and_never_was_a_baseline()
    {
        var time = new SettableTime(new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero));
        await using RegressionStore store = await RegressionStore.OpenAsync(_folder, _connection, time);
        for (int day = 10; day <= 20; day++)
        {
            await AddAsync(store, $"202611{day}T020000Z-aaaa", "nightly", new(2026, 11, day, 2, 0, 0, TimeSpan.Zero));
        }

        await AddAsync(store, "20261101T020000Z-bbbb", "other", new(2026, 11, 1, 2, 0, 0, TimeSpan.Zero));
        await store.BeginAsync(Run(30) with { Id = "20261102T020000Z-cccc", Started = new(2026, 11, 2, 2, 0, 0, TimeSpan.Zero), Ended = null });
        await store.AcceptAsync("20261111T020000Z-aaaa", "main", "the first");
        await store.AcceptAsync("20261120T020000Z-aaaa", "main", "the second");

        Assert.That(await Days(8, null), Is.EqualTo(new[] { 12, 10 }), "each plan keeps its latest eight; 11 was a baseline");
        Assert.That(await Days(null, TimeSpan.FromDays(7)), Is.EqualTo(new[] { 14, 13, 12, 10, 1 }));
        Assert.That(await Days(8, TimeSpan.FromDays(10)), Is.EqualTo(new[] { 10 }), "both rules together");
        Assert.That(await Days(0, null), Has.No.Member(20).And.No.Member(11).And.No.Member(2));

        Assert.That(await store.RemoveAsync("20261110T020000Z-aaaa"), Is.True);
        Assert.That(await store.RemoveAsync("20261110T020000Z-aaaa"), Is.False);
        Assert.That(await store.RemoveAsync("20261111T020000Z-aaaa"), Is.False);
        Assert.That(await store.GetAsync("20261111T020000Z-aaaa"), Is.Not.Null);

        async Task<IEnumerable<int>> Days(int? keep, TimeSpan? age) => (await store.ListRemovableAsync(keep, age)).Select(entry => entry.Started.Day);
    }

    [Test]
    public async Task Two_processes_begin_runs_of_one_id_and_each_gets_its_own()
    {
        const int each = 12;
        using RunWriter one = RunWriter.Start(_folder, _connection, each);
        using RunWriter two = RunWriter.Start(_folder, _connection, each);
        var ids = new List<string>();
        for (int i = 0; i < each; i++)
        {
            ids.Add(one.Next()!);
            ids.Add(two.Next()!);
        }

        await using RegressionStore store = await OpenAsync();
        Assert.That(ids, Is.Unique);
        Assert.That((await store.ListAsync()).Select(entry => entry.Id), Is.EquivalentTo(ids));
        Assert.That((await store.ListOpenAsync()).Select(entry => (entry.State, entry.Owner.Pid)), Is.EquivalentTo(new[] { (RunState.Running, one.Pid), (RunState.Running, two.Pid) }));
    }

    [Test]
    public async Task A_run_whose_process_died_is_broken_by_the_environment_until_it_is_closed_as_such()
    {
        string id;
        using (RunWriter writer = RunWriter.Start(_folder, _connection, 1))
        {
            id = writer.Next()!;
            writer.Kill();
        }

        await using RegressionStore store = await OpenAsync();
        Assert.That(await store.FindAsync(id), Has.Property("State").EqualTo(RunState.Abandoned).And.Property("Verdict").EqualTo(Verdict.Environment).And.Property("ExitCode").EqualTo(1));

        RegressionRun closed = (await store.CloseAbandonedAsync(id, new(6, "its process died; kernel.printk was put back")))!;
        Assert.Multiple(() =>
        {
            Assert.That(closed.Ended, Is.Not.Null);
            Assert.That((closed.Verdict, closed.ExitCode), Is.EqualTo((Verdict.Environment, 6)));
            Assert.That(closed.Scenarios.Single().Measures.Single().Values, Has.Count.EqualTo(2), "what it had measured is kept");
            Assert.That(closed.Problems.Single().Message, Does.Contain("kernel.printk"));
        });
        Assert.That(Json((await store.GetAsync(id))!), Is.EqualTo(Json(closed)));
        Assert.That(await store.CloseAbandonedAsync(id, new(1, "again")), Is.Null, "once");
        Assert.That(() => store.SaveAsync(closed with { Verdict = Verdict.Passed }), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.WrongState), "it was another process's");
    }

    [Test]
    public async Task Of_a_process_of_another_machine_nothing_is_concluded()
    {
        await using RegressionStore store = await OpenAsync();
        RegressionRun run = await store.BeginAsync(Run(30) with { Ended = null });
        await SqlAsync($"UPDATE regress_run SET owner = replace(owner, '{OperationOwner.Here.MachineId}', '0123456789abcdef0123456789abcdef')");

        Assert.That(await store.FindAsync(run.Id), Has.Property("State").EqualTo(RunState.Elsewhere).And.Property("Verdict").EqualTo(Verdict.Inconclusive));
    }

    [Test]
    public async Task A_run_that_is_not_there_cannot_be_saved()
    {
        await using RegressionStore store = await OpenAsync();
        Assert.That(() => store.SaveAsync(Run(30)), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.WrongState));
    }

    [Test]
    public async Task Many_open_a_new_store_at_once()
    {
        RegressionStore[] stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(OpenAsync)));
        foreach (RegressionStore store in stores)
        {
            Assert.That(await store.ListAsync(), Is.Empty);
            await store.DisposeAsync();
        }
    }

    [Test]
    public async Task A_newer_version_upgrades_and_the_older_one_then_refuses()
    {
        await using (RegressionStore old = await OpenAsync())
        {
            await AddAsync(old, "20261119T020000Z-aaaa", "nightly");
        }

        IReadOnlyList<string> newer = [.. StoreSchema.Scripts, "ALTER TABLE regress_run ADD COLUMN note TEXT"];
        await using (RegressionStore store = await RegressionStore.OpenAsync(_folder, _connection, null, newer, default))
        {
            Assert.That(await store.ListAsync(), Has.Count.EqualTo(1));
        }

        StoreException refused = Assert.ThrowsAsync<StoreException>(OpenAsync)!;
        Assert.That(refused.Problem, Is.EqualTo(StoreProblem.TooNew));
        Assert.That(refused.Message, Does.Contain("its version is 2, this one knows 1"));
    }

    [Test]
    public async Task An_upgrade_that_fails_changes_nothing()
    {
        await using (RegressionStore old = await OpenAsync())
        {
            await AddAsync(old, "20261119T020000Z-aaaa", "nightly");
        }

        IReadOnlyList<string> broken = [.. StoreSchema.Scripts, "ALTER TABLE regress_run ADD COLUMN note TEXT", "CREATE TABLE regress_run (id TEXT)"];
        Assert.That(() => RegressionStore.OpenAsync(_folder, _connection, null, broken, default), Throws.TypeOf<StoreException>());
        await using RegressionStore store = await OpenAsync();
        Assert.That(await store.ListAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_row_that_makes_no_sense_is_named_as_damage()
    {
        await using RegressionStore store = await OpenAsync();
        await AddAsync(store, "20261119T020000Z-aaaa", "nightly");
        await SqlAsync("UPDATE regress_run SET run = '{\"id\":', labels = '['");

        Assert.That(() => store.GetAsync("20261119T020000Z-aaaa"), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.Damaged));
        Assert.That(() => store.ListAsync(), Throws.TypeOf<StoreException>().With.Property("Problem").EqualTo(StoreProblem.Damaged).And.Message.Contains(store.Place));
    }

    [Test]
    public async Task What_cannot_be_opened_is_named_without_a_password()
    {
        if (_server is null)
        {
            await File.WriteAllBytesAsync(Path.Combine(_folder, SqliteStore.FileName), [.. Enumerable.Range(0, 9000).Select(n => (byte)(n * 31))]);
            StoreException damaged = Assert.ThrowsAsync<StoreException>(OpenAsync)!;
            Assert.That(damaged.Problem, Is.EqualTo(StoreProblem.Damaged));
            Assert.That(damaged.Message, Does.Contain(Path.Combine(_folder, SqliteStore.FileName)));
            return;
        }

        (string Connection, StoreProblem Problem)[] wrong =
        [
            (_server.ConnectionString("postgres", "hunter2"), StoreProblem.AccessDenied),
            (_server.ConnectionString("absent"), StoreProblem.Unusable),
            ("Host=/nonexistent;Username=ci;Password=hunter2", StoreProblem.Unreachable),
            ("Host=db;Password=hunter2;Nonsense=hunter2", StoreProblem.Unusable),
            ("hunter2", StoreProblem.Unusable),
        ];
        foreach ((string connection, StoreProblem problem) in wrong)
        {
            StoreException refused = Assert.ThrowsAsync<StoreException>(() => RegressionStore.OpenAsync(_folder, connection))!;
            Assert.That(refused.Problem, Is.EqualTo(problem), refused.Message);
            Assert.That($"{refused.Message} {refused.Remedy}", Does.Not.Contain("hunter2"));
        }

        await using RegressionStore store = await OpenAsync();
        Assert.That(store.Connection, Is.EqualTo(RegressionStore.WithoutPassword(_connection!)).And.Not.Contain("hunter2"));
        Assert.That(RegressionStore.WithoutPassword("host=db;pwd=hunter2;ssl password=hunter2"), Is.EqualTo("Host=db"));
        Assert.That(() => RegressionStore.WithoutPassword("hunter2"), Throws.TypeOf<StoreException>().With.Message.Not.Contain("hunter2"));
        Assert.That(store.Place, Does.StartWith("the store postgresql://orchestrator@/").And.Not.Contain("hunter2"));
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty, "no file is made beside it");
    }

    private static string Json(RegressionRun run) => JsonSerializer.Serialize(run, RunJson.Default.RegressionRun);

    private static async Task AddAsync(RegressionStore store, string id, string plan, DateTimeOffset? started = null)
    {
        RegressionRun run = Run(30, 31) with { Id = id, Plan = plan, Started = started ?? DateTimeOffset.ParseExact(id[..8], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) };
        await store.BeginAsync(run with { Ended = null });
        await store.SaveAsync(run);
    }

    private Task<RegressionStore> OpenAsync() => RegressionStore.OpenAsync(_folder, _connection);

    private async Task SqlAsync(string sql)
    {
        SqliteLibrary.Load();
        await using System.Data.Common.DbConnection connection = _connection is null
            ? new SqliteConnection($"Data Source={Path.Combine(_folder, SqliteStore.FileName)};Pooling=False") : new NpgsqlConnection(_connection);
        await connection.OpenAsync();
        await using System.Data.Common.DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private sealed class SettableTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
