using System.Data.Common;
using Microsoft.Data.Sqlite;
using Orchestrator.Recovery;
using SQLitePCL;

namespace Orchestrator.Regression.Store;

/// <summary>A file in the state folder.</summary>
internal sealed class SqliteStore : StoreDatabase
{
    internal const string FileName = "regress.db";

    // Others hold it for the milliseconds of a write.
    private const int BusySeconds = 10;

    private readonly string _path;
    private readonly string _connection;

    internal SqliteStore(string folder)
    {
        _path = Path.Combine(folder, FileName);
        _connection = new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false, DefaultTimeout = BusySeconds, ForeignKeys = true }.ConnectionString;
    }

    internal override string Place => $"the store {_path}";

    internal override string Connection => "";

    protected override string CounterType => "INTEGER PRIMARY KEY AUTOINCREMENT";

    internal override bool IsDuplicate(Exception error) => error.InnerException is SqliteException { SqliteExtendedErrorCode: raw.SQLITE_CONSTRAINT_PRIMARYKEY };

    internal override bool IsReferred(Exception error) => error.InnerException is SqliteException { SqliteExtendedErrorCode: raw.SQLITE_CONSTRAINT_FOREIGNKEY };

    protected override async Task<DbConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            SqliteLibrary.Load();
        }
        catch (JournalException e)
        {
            throw new StoreException(StoreProblem.Unusable, $"{Place} needs SQLite's library: {e.Message}", e.Remedy, e);
        }

        var connection = new SqliteConnection(_connection);
        try
        {
            bool isNew = !File.Exists(_path);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            if (isNew)
            {
                // It cannot be changed in a transaction, and stays with the file.
                using SqliteCommand mode = connection.CreateCommand();
                mode.CommandText = "PRAGMA journal_mode = WAL";
                await mode.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    protected override StoreException Explain(DbException error) => ((SqliteException)error).SqliteErrorCode switch
    {
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => Damaged(error.Message, error),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new(StoreProblem.Busy, $"{Place} is kept by another process: {error.Message}", $"See who has it open: fuser {_path}.", error),
        _ => new(
            StoreProblem.Unusable, $"{Place} cannot be used: {error.Message}",
            $"See that its folder can be written and its disk is not full, or name another: --state-dir, {StateFolder.Variable}.", error),
    };
}
