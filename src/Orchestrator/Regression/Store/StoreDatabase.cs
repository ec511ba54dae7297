using System.Data.Common;
using System.Globalization;

namespace Orchestrator.Regression.Store;

/// <summary>A database that keeps runs. All statements are common to both kinds; what differs is how one is opened, and how it says that something is wrong.</summary>
internal abstract class StoreDatabase : IAsyncDisposable
{
    /// <summary>What it is called in messages; without a password.</summary>
    internal abstract string Place { get; }

    /// <summary>What opens it again; without a password.</summary>
    internal abstract string Connection { get; }

    /// <summary>What counts up by itself, in its language.</summary>
    protected abstract string CounterType { get; }

    /// <summary>What makes others wait who prepare the tables at the same time; <see langword="null"/> where a transaction does.</summary>
    protected virtual string? PreparationLock => null;

    /// <summary>Makes the tables, or brings them up to what the scripts say.</summary>
    internal Task PrepareAsync(IReadOnlyList<string> scripts, CancellationToken cancellationToken) => TransactAsync(
        async session =>
        {
            if (PreparationLock is { } wait)
            {
                await session.RunAsync(wait).ConfigureAwait(false);
            }

            await session.RunAsync("CREATE TABLE IF NOT EXISTS regress_schema (version INTEGER NOT NULL)").ConfigureAwait(false);
            int version = (await session.ReadAsync("SELECT version FROM regress_schema", row => row.GetInt32(0)).ConfigureAwait(false)).FirstOrDefault();
            if (version > scripts.Count)
            {
                throw new StoreException(
                    StoreProblem.TooNew,
                    string.Create(CultureInfo.InvariantCulture, $"{Place} was written by a newer orchestrator (its version is {version}, this one knows {scripts.Count})"),
                    "Use the newer orchestrator. It was not touched.");
            }

            foreach (string script in scripts.Skip(version))
            {
                await session.RunAsync(script.Replace(StoreSchema.Counter, CounterType, StringComparison.Ordinal)).ConfigureAwait(false);
            }

            if (version < scripts.Count)
            {
                await session.RunAsync(version == 0 ? "INSERT INTO regress_schema (version) VALUES (@version)" : "UPDATE regress_schema SET version = @version", ("version", scripts.Count))
                    .ConfigureAwait(false);
            }

            return true;
        },
        cancellationToken);

    /// <summary>Does several things as one, as far as others and a crash are concerned.</summary>
    internal async Task<T> TransactAsync<T>(Func<StoreSession, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            DbConnection connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                DbTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    T result = await work(new(connection, transaction, cancellationToken)).ConfigureAwait(false);
                    await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                    return result;
                }
            }
        }
        catch (DbException e)
        {
            throw Explain(e);
        }
    }

    /// <summary>What was read makes no sense.</summary>
    internal StoreException Damaged(string why, Exception? inner = null) =>
        new(StoreProblem.Damaged, $"{Place} is damaged: {why}", "Nothing in it was changed or deleted. Put it aside, or restore it from a backup.", inner);

    /// <summary>Whether an error says that a row of this key is there already.</summary>
    internal abstract bool IsDuplicate(Exception error);

    /// <summary>Whether an error says that another row still refers to this one.</summary>
    internal abstract bool IsReferred(Exception error);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>An open connection.</summary>
    protected abstract Task<DbConnection> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>The database's error in our words.</summary>
    protected abstract StoreException Explain(DbException error);
}

/// <summary>A transaction.</summary>
internal sealed class StoreSession(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
{
    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    internal async Task<int> RunAsync(string sql, params (string Name, object? Value)[] parameters)
    {
        DbCommand command = Command(sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads rows.</summary>
    internal async Task<List<T>> ReadAsync<T>(string sql, Func<DbDataReader, T> row, params (string Name, object? Value)[] parameters)
    {
        DbCommand command = Command(sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            var rows = new List<T>();
            DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    rows.Add(row(reader));
                }
            }

            return rows;
        }
    }

    private DbCommand Command(string sql, (string Name, object? Value)[] parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        foreach ((string name, object? value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            if (value is null)
            {
                parameter.DbType = System.Data.DbType.String; // PostgreSQL does not guess
            }

            command.Parameters.Add(parameter);
        }

        return command;
    }
}
