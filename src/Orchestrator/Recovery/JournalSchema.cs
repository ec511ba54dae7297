namespace Orchestrator.Recovery;

/// <summary>
/// The tables, as the scripts that lead from each version to the next: a script that was ever handed out is never changed. The file's <c>user_version</c> is the number
/// of scripts that it has seen.
/// </summary>
internal static class JournalSchema
{
    /// <summary>"orch": tells a journal from any other database.</summary>
    internal const int ApplicationId = 0x6f726368;

    internal static readonly IReadOnlyList<string> Scripts =
    [
        """
        CREATE TABLE operation (
          id TEXT NOT NULL PRIMARY KEY,
          domain TEXT NOT NULL,
          intent TEXT NOT NULL,
          owner TEXT NOT NULL,
          policy TEXT,
          phase TEXT NOT NULL,
          started TEXT NOT NULL,
          ended TEXT,
          outcome TEXT,
          message TEXT
        );
        CREATE INDEX operation_of_domain ON operation (domain);
        CREATE INDEX operation_unfinished ON operation (started) WHERE ended IS NULL;
        CREATE TABLE step (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          operation TEXT NOT NULL REFERENCES operation (id) ON DELETE CASCADE,
          kind TEXT NOT NULL,
          detail TEXT NOT NULL,
          started TEXT NOT NULL,
          ended TEXT,
          undone INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX step_of_operation ON step (operation);
        """,
    ];
}
