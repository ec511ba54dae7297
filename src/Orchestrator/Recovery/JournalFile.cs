using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Orchestrator.Recovery;

/// <summary>The journal's file: one connection, used by one thread at a time, whose failures name the file and are told apart.</summary>
internal sealed class JournalFile : IDisposable
{
    // Others hold it for the milliseconds of a write.
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly string _path;

    private JournalFile(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
    }

    /// <summary>Opens the file, makes it if there is none, and brings its tables up to what the scripts say.</summary>
    internal static JournalFile Open(string path, IReadOnlyList<string> scripts)
    {
        SqliteLibrary.Load();
        var text = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = (int)BusyTimeout.TotalSeconds };
        var file = new JournalFile(new(text.ConnectionString), path);
        try
        {
            file.Do(() =>
            {
                file._connection.Open();
                file.Prepare(scripts);
            });
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    internal int Run(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = Command(sql, parameters);
        return Do(command.ExecuteNonQuery);
    }

    /// <summary>Reads rows.</summary>
    internal List<T> Read<T>(string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = Command(sql, parameters);
        return Do(() =>
        {
            var rows = new List<T>();
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                rows.Add(row(reader));
            }

            return rows;
        });
    }

    /// <summary>Does several things as one, as far as other writers and a crash are concerned.</summary>
    internal T Transact<T>(Func<T> work, bool writes = true) => Do(() =>
    {
        using SqliteTransaction transaction = _connection.BeginTransaction(deferred: !writes);
        T result = work();
        transaction.Commit();
        return result;
    });

    /// <summary>What was read makes no sense: the file was not written by us, or did not stay as it was written.</summary>
    internal JournalException Damaged(string why, Exception? inner = null) => new(
        JournalProblem.Damaged, $"the journal {_path} is damaged: {why}",
        $"Nothing in it was changed or deleted. Put it aside (mv {_path} {_path}.damaged); recover DOMAIN --from A --to B works without it.", inner);

    public void Dispose() => _connection.Dispose();

    private void Prepare(IReadOnlyList<string> scripts)
    {
        Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {(int)BusyTimeout.TotalMilliseconds}"));
        if (Number("PRAGMA user_version") is var version && version != scripts.Count)
        {
            Refuse(version, scripts);

            // WAL first: it cannot be changed in a transaction. Two who open a new file at once both do this.
            Run("PRAGMA journal_mode = WAL");
            Upgrade(scripts);
        }

        if (Number("PRAGMA application_id") != JournalSchema.ApplicationId)
        {
            throw Damaged("it is the database of another program");
        }

        Run("PRAGMA synchronous = FULL"); // an intent is on the disk before the effect is made
        Run("PRAGMA foreign_keys = ON");
    }

    private void Upgrade(IReadOnlyList<string> scripts) => Transact(() =>
    {
        // Anew: another process may have done it meanwhile.
        long version = Number("PRAGMA user_version");
        Refuse(version, scripts);
        if (version == 0 && Number("SELECT count(*) FROM sqlite_master") > 0)
        {
            throw Damaged("it is the database of another program");
        }

        foreach (string script in scripts.Skip((int)version))
        {
            Run(script);
        }

        Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {JournalSchema.ApplicationId}"));
        return Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {scripts.Count}"));
    });

    private void Refuse(long version, IReadOnlyList<string> scripts)
    {
        if (version > scripts.Count)
        {
            throw new JournalException(
                JournalProblem.TooNew,
                string.Create(CultureInfo.InvariantCulture, $"the journal {_path} was written by a newer orchestrator (its version is {version}, this one knows {scripts.Count})"),
                "Use the newer orchestrator. It was not touched.");
        }
    }

    private long Number(string sql) => Read(sql, row => row.GetInt64(0))[0];

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    private void Do(Action work) => Do(() =>
    {
        work();
        return true;
    });

    private T Do<T>(Func<T> work)
    {
        lock (_gate)
        {
            try
            {
                return work();
            }
            catch (SqliteException e)
            {
                throw e.SqliteErrorCode switch
                {
                    raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => Damaged(e.Message, e),
                    raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new JournalException(
                        JournalProblem.Busy, $"the journal {_path} is kept by another process: {e.Message}", $"See who has it open: fuser {_path}.", e),
                    _ => new JournalException(
                        JournalProblem.Unusable, $"the journal {_path} cannot be used: {e.Message}", $"See that its folder can be written and its disk is not full, or name another: --state-dir, {StateFolder.Variable}.", e),
                };
            }
        }
    }
}
