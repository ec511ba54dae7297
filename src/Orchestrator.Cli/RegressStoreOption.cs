using System.CommandLine;
using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli;

/// <summary>Where the runs of <c>regress</c> are kept: <c>--store</c>, its variable, else a file in the state folder.</summary>
internal sealed class RegressStoreOption(GlobalOptions globals)
{
    internal Option<string?> Option { get; } = new("--store")
    {
        Description = $"A PostgreSQL database instead of the file in the state folder, by its connection string: \"Host=db;Database=orchestrator;Username=ci\". Default: {RegressionStore.Variable}, which keeps a password out of the list of processes.",
        Recursive = true,
    };

    /// <summary>The folder that runs' artefacts are kept in.</summary>
    internal string Folder(ParseResult parsed) => globals.StateFolder(parsed);

    internal Task<RegressionStore> OpenAsync(ParseResult parsed, CancellationToken cancellationToken) => RegressionStore.OpenAsync(
        Folder(parsed), parsed.GetValue(Option) ?? Environment.GetEnvironmentVariable(RegressionStore.Variable), cancellationToken: cancellationToken);

    /// <summary>The store of a run whose process died, as the journal has it (<see cref="RegressionStore.Connection"/>), unless the user names another: then that one.</summary>
    internal async Task<RegressionStore> OpenAgainAsync(ParseResult parsed, string? kept)
    {
        if (kept is null || parsed.GetValue(Option) is not null)
        {
            return await OpenAsync(parsed, CancellationToken.None).ConfigureAwait(false);
        }

        // The variable may have its password.
        string? connection = Environment.GetEnvironmentVariable(RegressionStore.Variable) is { Length: > 0 } given && kept.Length > 0 && RegressionStore.WithoutPassword(given) == kept ? given : kept;
        try
        {
            return await RegressionStore.OpenAsync(Folder(parsed), connection).ConfigureAwait(false);
        }
        catch (StoreException e) when (connection == kept && e.Problem is StoreProblem.Unreachable or StoreProblem.AccessDenied)
        {
            throw new StoreException(
                e.Problem, e.Message, $"The journal keeps no password. If it needs one: orchestrator recover, again, with it in PGPASSWORD, or with the store in {RegressionStore.Variable} or --store.", e);
        }
    }

    /// <summary>A run by what the user calls it. One whose process is gone has that among its problems.</summary>
    internal static async Task<RegressionRun> ReadAsync(RegressionStore store, string name, CancellationToken cancellationToken)
    {
        RunEntry entry = await store.FindAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        RegressionRun run = await store.GetAsync(entry.Id, cancellationToken).ConfigureAwait(false)
            ?? throw new StoreException(StoreProblem.NotFound, $"The run {entry.Id} was removed just now.", "See what is there: orchestrator regress list.");
        return entry.State == RunState.Abandoned ? RunJudge.Abandoned(run, $"its process, {entry.Owner}, is gone") : run;
    }
}
