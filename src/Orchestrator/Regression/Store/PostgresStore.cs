using System.Data.Common;
using Npgsql;

namespace Orchestrator.Regression.Store;

/// <summary>A database of a team's PostgreSQL server.</summary>
internal sealed class PostgresStore : StoreDatabase
{
    private readonly NpgsqlDataSource _source;

    /// <exception cref="StoreException">The connection string is none. It is not quoted: it may contain a password.</exception>
    internal PostgresStore(string connection)
    {
        try
        {
            Connection = WithoutPassword(connection);
            var text = new NpgsqlConnectionStringBuilder(connection) { ApplicationName = "orchestrator" };
            Place = $"the store postgresql://{(text.Username is { Length: > 0 } user ? $"{user}@" : "")}{text.Host}/{text.Database ?? text.Username}";
            var builder = new NpgsqlSlimDataSourceBuilder(text.ConnectionString);
            builder.EnableTransportSecurity();
            _source = builder.Build();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            throw Unreadable(e);
        }
    }

    internal override string Place { get; }

    internal override string Connection { get; }

    protected override string CounterType => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";

    protected override string PreparationLock => "SELECT pg_advisory_xact_lock(hashtext('orchestrator regress_schema'))";

    internal override bool IsDuplicate(Exception error) => error.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    internal override bool IsReferred(Exception error) => error.InnerException is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation };

    /// <exception cref="StoreException">The connection string is none.</exception>
    internal static string WithoutPassword(string connection)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connection) { Password = null, SslPassword = null }.ConnectionString;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw Unreadable(e);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override async Task<DbConnection> ConnectAsync(CancellationToken cancellationToken) => await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);

    protected override StoreException Explain(DbException error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused => new(
            StoreProblem.AccessDenied, $"{Place} refused us: {refused.MessageText}", "See user and password of --store, or of ORCHESTRATOR_REGRESS_STORE, and the server's pg_hba.conf.", error),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused => new(
            StoreProblem.AccessDenied, $"{Place} refused us: {refused.MessageText}", "The user needs the right to create tables there once: GRANT CREATE ON SCHEMA public TO …", error),
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } missing => new(
            StoreProblem.Unusable, $"{Place}: {missing.MessageText}", "Create it once: createdb.", error),
        PostgresException other => new(StoreProblem.Unusable, $"{Place} cannot be used: {other.MessageText} ({other.SqlState})", "See the server's log.", error),
        _ => new(StoreProblem.Unreachable, $"{Place} cannot be reached: {error.InnerException?.Message ?? error.Message}", "See that the server runs and can be reached from here.", error),
    };

    private static StoreException Unreadable(Exception inner) => new(
        StoreProblem.Unusable, "the store's connection string cannot be read; it is not shown, for it may contain a password",
        "Write it as PostgreSQL's .NET driver does: Host=db.example;Database=orchestrator;Username=ci;Password=….", inner);
}
