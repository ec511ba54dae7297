using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Orchestrator.Recovery;
using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Store;

/// <summary>
/// Runs and baselines: a file of SQLite in the state folder, or a team's PostgreSQL. Several processes may use one store; each call is a transaction, and each that goes wrong
/// with the database throws a <see cref="StoreException"/>.
/// </summary>
public sealed class RegressionStore : IAsyncDisposable
{
    /// <summary>The variable that names a PostgreSQL database, by its connection string.</summary>
    public const string Variable = "ORCHESTRATOR_REGRESS_STORE";

    /// <summary>What means the run that began last, where a run is asked for.</summary>
    public const string Latest = "latest";

    private const string Columns = "SELECT id, plan, started, ended, verdict, exit_code, labels, owner FROM regress_run";

    private readonly StoreDatabase _database;
    private readonly StoredText _text;
    private readonly TimeProvider _time;

    private RegressionStore(StoreDatabase database, TimeProvider time)
    {
        _database = database;
        _text = new(database.Damaged);
        _time = time;
    }

    /// <summary>What it is called in messages; without a password.</summary>
    public string Place => _database.Place;

    /// <summary>What opens it again, without any password: a connection string; empty for the file in the state folder.</summary>
    public string Connection => _database.Connection;

    /// <summary>Opens a store, and makes its tables if they are not there.</summary>
    /// <param name="stateFolder">The folder of SQLite's file; see <see cref="StateFolder"/>.</param>
    /// <param name="connection">The connection string of a PostgreSQL database; <see langword="null"/> or empty for the file.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="JournalException">The state folder cannot be made.</exception>
    public static Task<RegressionStore> OpenAsync(string stateFolder, string? connection = null, TimeProvider? time = null, CancellationToken cancellationToken = default) =>
        OpenAsync(stateFolder, connection, time, StoreSchema.Scripts, cancellationToken);

    internal static async Task<RegressionStore> OpenAsync(
        string stateFolder, string? connection, TimeProvider? time, IReadOnlyList<string> scripts, CancellationToken cancellationToken)
    {
        StoreDatabase database;
        if (connection is { Length: > 0 })
        {
            database = new PostgresStore(connection);
        }
        else
        {
            string folder = Path.GetFullPath(stateFolder);
            StateFolder.Create(folder);
            database = new SqliteStore(folder);
        }

        try
        {
            await database.PrepareAsync(scripts, cancellationToken).ConfigureAwait(false);
            return new(database, time ?? TimeProvider.System);
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A connection string without its passwords.</summary>
    /// <param name="connection">The connection string of a PostgreSQL database.</param>
    /// <exception cref="StoreException">It is none.</exception>
    public static string WithoutPassword(string connection) => PostgresStore.WithoutPassword(connection);

    /// <summary>An id for a run that begins now: the time and four random digits.</summary>
    /// <param name="now">The time.</param>
    public static string NewId(DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");

    /// <summary>Writes down a run that begins. Where its id is taken it is given another one.</summary>
    /// <param name="run">The run, not ended.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The run, under the id that it has got.</returns>
    public async Task<RegressionRun> BeginAsync(RegressionRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        while (true)
        {
            try
            {
                await _database.TransactAsync(
                    session => session.RunAsync(
                        """
                        INSERT INTO regress_run (id, plan, started, ended, verdict, exit_code, labels, owner, run)
                        VALUES (@id, @plan, @started, @ended, @verdict, @code, @labels, @owner, @run)
                        """,
                        [.. Values(run), ("plan", run.Plan), ("started", StoredText.Of(run.Started)), ("owner", JsonSerializer.Serialize(OperationOwner.Here, StoreJson.Default.OperationOwner))]),
                    cancellationToken).ConfigureAwait(false);
                return run;
            }
            catch (StoreException e) when (_database.IsDuplicate(e))
            {
                run = run with { Id = NewId(run.Started) };
            }
        }
    }

    /// <summary>Writes down how far a run is, or how it ended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StoreException">There is none of its id that this process has begun, or that is open.</exception>
    public async Task SaveAsync(RegressionRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        int changed = await _database.TransactAsync(
            session => session.RunAsync(
                "UPDATE regress_run SET ended = @ended, verdict = @verdict, exit_code = @code, labels = @labels, run = @run WHERE id = @id AND (ended IS NULL OR owner = @owner)",
                [.. Values(run), ("owner", JsonSerializer.Serialize(OperationOwner.Here, StoreJson.Default.OperationOwner))]),
            cancellationToken).ConfigureAwait(false);
        if (changed == 0)
        {
            throw new StoreException(StoreProblem.WrongState, $"{Place} has no run {run.Id} that could be written: it is not there, or somebody has closed it.", "See orchestrator regress list.");
        }
    }

    /// <summary>Closes a run whose process is gone, as one that the environment broke.</summary>
    /// <param name="id">The run.</param>
    /// <param name="problem">What became of it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The run as it is now; <see langword="null"/> when there is no open one of this id.</returns>
    public Task<RegressionRun?> CloseAbandonedAsync(string id, RunProblem problem, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return _database.TransactAsync(
            async session =>
            {
                if (await GetAsync(session, id).ConfigureAwait(false) is not { Ended: null } open)
                {
                    return null;
                }

                RegressionRun closed = RunJudge.Judge(open with { Ended = _time.GetUtcNow(), Problems = [.. open.Problems, problem] }, null);
                int changed = await session.RunAsync(
                    "UPDATE regress_run SET ended = @ended, verdict = @verdict, exit_code = @code, labels = @labels, run = @run WHERE id = @id AND ended IS NULL", Values(closed)).ConfigureAwait(false);
                return changed > 0 ? closed : null;
            },
            cancellationToken);
    }

    /// <summary>Runs, the latest first.</summary>
    /// <param name="plan">Of this plan; <see langword="null"/> for all.</param>
    /// <param name="limit">At most so many; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task<IReadOnlyList<RunEntry>> ListAsync(string? plan = null, int? limit = null, CancellationToken cancellationToken = default) =>
        EntriesAsync("WHERE @plan IS NULL OR plan = @plan ORDER BY started DESC, id DESC", limit, cancellationToken, ("plan", plan));

    /// <summary>Runs that have not ended, whether their processes live or not.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task<IReadOnlyList<RunEntry>> ListOpenAsync(CancellationToken cancellationToken = default) => EntriesAsync("WHERE ended IS NULL ORDER BY started, id", null, cancellationToken);

    /// <summary>Finds a run.</summary>
    /// <param name="run">Its id, the beginning of it if no other has the same, or <see cref="Latest"/>.</param>
    /// <param name="plan">Of this plan; <see langword="null"/> for any.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StoreException">There is none, or several are meant.</exception>
    public async Task<RunEntry> FindAsync(string run, string? plan = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        IReadOnlyList<RunEntry> found = run == Latest
            ? await ListAsync(plan, 1, cancellationToken).ConfigureAwait(false)
            : await EntriesAsync("WHERE substr(id, 1, @length) = @run AND (@plan IS NULL OR plan = @plan) ORDER BY started, id", null, cancellationToken, ("run", run), ("length", run.Length), ("plan", plan))
                .ConfigureAwait(false);
        return found.FirstOrDefault(entry => entry.Id == run) ?? found.Count switch
        {
            1 => found[0],
            0 => throw new StoreException(
                StoreProblem.NotFound, run == Latest ? $"{Place} has no run{(plan is null ? "" : $" of the plan '{plan}'")}." : $"{Place} has no run '{run}'{(plan is null ? "" : $" of the plan '{plan}'")}.",
                "See what is there: orchestrator regress list."),
            var many => throw new StoreException(
                StoreProblem.Ambiguous,
                string.Create(CultureInfo.InvariantCulture, $"'{run}' is the beginning of {many} runs: {string.Join(", ", found.Take(5).Select(entry => entry.Id))}{(many > 5 ? ", …" : "")}."), "Say more of it."),
        };
    }

    /// <summary>A run; <see langword="null"/> when there is none of this id.</summary>
    /// <param name="id">The run.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task<RegressionRun?> GetAsync(string id, CancellationToken cancellationToken = default) => _database.TransactAsync(session => GetAsync(session, id), cancellationToken);

    /// <summary>Makes a run the baseline of its plan under a name. The one that was it before stays in the history.</summary>
    /// <param name="id">The run, which has ended.</param>
    /// <param name="name">The baseline's name.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StoreException">There is no such run, it has not ended, or it has no values.</exception>
    public Task<Baseline> AcceptAsync(string id, string name, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return _database.TransactAsync(
            async session =>
            {
                RegressionRun run = await GetAsync(session, id).ConfigureAwait(false) ?? throw new StoreException(StoreProblem.NotFound, $"{Place} has no run {id}.", "See what is there: orchestrator regress list.");
                if (run.Ended is null)
                {
                    throw new StoreException(StoreProblem.WrongState, $"The run {id} has not ended: it cannot be a baseline.", "Wait for its end, or close it: orchestrator recover.");
                }

                if (run.Scenarios.All(scenario => scenario.Measures.All(measure => measure.Values.Count == 0)))
                {
                    throw new StoreException(StoreProblem.WrongState, $"The run {id} has no values: nothing could be compared with it.", "Accept one that was measured: orchestrator regress list.");
                }

                var baseline = new Baseline(run.Plan, name, id, reason, $"{OperationOwner.Here.User}@{OperationOwner.Here.HostName}", _time.GetUtcNow());
                await session.RunAsync(
                    "INSERT INTO regress_baseline (plan, name, run, reason, accepted_by, accepted) VALUES (@plan, @name, @run, @reason, @by, @at)",
                    ("plan", baseline.Plan), ("name", name), ("run", id), ("reason", reason), ("by", baseline.By), ("at", StoredText.Of(baseline.At))).ConfigureAwait(false);
                return baseline;
            },
            cancellationToken);
    }

    /// <summary>The baseline of a plan that holds under a name; <see langword="null"/> when there is none.</summary>
    /// <param name="plan">The plan's name.</param>
    /// <param name="name">The baseline's name.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<Baseline?> FindBaselineAsync(string plan, string name, CancellationToken cancellationToken = default) =>
        (await ListBaselinesAsync(plan, cancellationToken).ConfigureAwait(false)).FirstOrDefault(baseline => baseline.Name == name);

    /// <summary>All that ever were baselines, the latest first: the first of a plan and a name is the one that holds.</summary>
    /// <param name="plan">Of this plan; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<IReadOnlyList<Baseline>> ListBaselinesAsync(string? plan = null, CancellationToken cancellationToken = default) => await _database.TransactAsync(
        session => session.ReadAsync(
            "SELECT plan, name, run, reason, accepted_by, accepted FROM regress_baseline WHERE @plan IS NULL OR plan = @plan ORDER BY id DESC",
            row => new Baseline(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), _text.Time(row.GetString(5))), ("plan", plan)),
        cancellationToken).ConfigureAwait(false);

    /// <summary>The ended runs that a rule would have removed: never one that is or was a baseline.</summary>
    /// <param name="keep">So many of each plan are kept, the latest ones; <see langword="null"/> for no such rule.</param>
    /// <param name="olderThan">Only those that began longer ago; <see langword="null"/> for no such rule.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<IReadOnlyList<RunEntry>> ListRemovableAsync(int? keep, TimeSpan? olderThan, CancellationToken cancellationToken = default)
    {
        if (keep is null && olderThan is null)
        {
            throw new ArgumentException("Neither how many are kept nor for how long.", nameof(keep));
        }

        HashSet<string> baselines = [.. (await ListBaselinesAsync(null, cancellationToken).ConfigureAwait(false)).Select(baseline => baseline.RunId)];
        DateTimeOffset before = _time.GetUtcNow() - (olderThan ?? TimeSpan.Zero);
        return
        [
            .. (await ListAsync(cancellationToken: cancellationToken).ConfigureAwait(false))
                .GroupBy(entry => entry.Plan)
                .SelectMany(plan => plan.Skip(keep ?? 0))
                .Where(entry => entry.State == RunState.Ended && (olderThan is null || entry.Started < before) && !baselines.Contains(entry.Id)),
        ];
    }

    /// <summary>Removes a run that is no baseline.</summary>
    /// <param name="id">The run.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Whether it was removed: not one that is not there, and not one that has become a baseline meanwhile.</returns>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _database.TransactAsync(
                session => session.RunAsync("DELETE FROM regress_run WHERE id = @id AND NOT EXISTS (SELECT 1 FROM regress_baseline WHERE run = @id)", ("id", id)), cancellationToken).ConfigureAwait(false) > 0;
        }
        catch (StoreException e) when (_database.IsReferred(e))
        {
            return false;
        }
    }

    /// <summary>Closes the store.</summary>
    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static (string Name, object? Value)[] Values(RegressionRun run) =>
    [
        ("id", run.Id),
        ("ended", run.Ended is { } ended ? StoredText.Of(ended) : null),
        ("verdict", StoredText.Of(run.Verdict, StoreJson.Default.Verdict)),
        ("code", run.ExitCode),
        ("labels", JsonSerializer.Serialize(run.Labels, StoreJson.Default.IReadOnlyDictionaryStringString)),
        ("run", JsonSerializer.Serialize(run, RunJson.Default.RegressionRun)),
    ];

    private async Task<RegressionRun?> GetAsync(StoreSession session, string id) =>
        (await session.ReadAsync("SELECT run FROM regress_run WHERE id = @id", row => _text.Parse(row.GetString(0), RunJson.Default.RegressionRun), ("id", id)).ConfigureAwait(false)).FirstOrDefault();

    private async Task<IReadOnlyList<RunEntry>> EntriesAsync(string where, int? limit, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters) =>
        await _database.TransactAsync(
            session => session.ReadAsync(
                limit is null ? $"{Columns} {where}" : $"{Columns} {where} LIMIT @limit", Entry, limit is null ? parameters : [.. parameters, ("limit", limit)]),
            cancellationToken).ConfigureAwait(false);

    private RunEntry Entry(DbDataReader row)
    {
        OperationOwner owner = _text.Parse(row.GetString(7), StoreJson.Default.OperationOwner);
        DateTimeOffset? ended = row.IsDBNull(3) ? null : _text.Time(row.GetString(3));
        RunState state = ended is not null ? RunState.Ended : owner.IsAlive() switch { true => RunState.Running, false => RunState.Abandoned, null => RunState.Elsewhere };
        return new()
        {
            Id = row.GetString(0),
            Plan = row.GetString(1),
            Started = _text.Time(row.GetString(2)),
            Ended = ended,
            State = state,
            Verdict = state == RunState.Abandoned ? Verdict.Environment : _text.Name(row.GetString(4), StoreJson.Default.Verdict),
            ExitCode = state == RunState.Abandoned ? OutcomeCode.Failed : row.GetInt32(5),
            Labels = _text.Parse(row.GetString(6), StoreJson.Default.IReadOnlyDictionaryStringString),
            Owner = owner,
        };
    }
}
