namespace Orchestrator.Regression.Store;

/// <summary>
/// The tables, as the scripts that lead from each version to the next, for both databases: a script that was ever handed out is never changed. Times are texts, always of UTC,
/// so that their order is that of the times.
/// </summary>
internal static class StoreSchema
{
    /// <summary>What stands for the type of a number that counts up by itself.</summary>
    internal const string Counter = "{counter}";

    internal static readonly IReadOnlyList<string> Scripts =
    [
        $$"""
        CREATE TABLE regress_run (
          id TEXT NOT NULL PRIMARY KEY,
          plan TEXT NOT NULL,
          started TEXT NOT NULL,
          ended TEXT,
          verdict TEXT NOT NULL,
          exit_code INTEGER NOT NULL,
          labels TEXT NOT NULL,
          owner TEXT NOT NULL,
          run TEXT NOT NULL
        );
        CREATE INDEX regress_run_of_plan ON regress_run (plan, started);
        CREATE TABLE regress_baseline (
          id {{Counter}},
          plan TEXT NOT NULL,
          name TEXT NOT NULL,
          run TEXT NOT NULL REFERENCES regress_run (id),
          reason TEXT NOT NULL,
          accepted_by TEXT NOT NULL,
          accepted TEXT NOT NULL
        );
        CREATE INDEX regress_baseline_of_plan ON regress_baseline (plan, name);
        """,
    ];
}
