using Orchestrator.Migration;

namespace Orchestrator;

/// <summary>The exit codes that outcomes stand for, and which of several counts. Scripts depend on them.</summary>
public static class OutcomeCode
{
    /// <summary>A regression: a limit was exceeded, or a value is longer than the baseline's.</summary>
    public const int Regression = 8;

    /// <summary>Measured, but not well enough to tell.</summary>
    public const int Inconclusive = 9;

    // Needs a person, degraded, regression, unreachable, timed out, failed, refused, inconclusive, cancelled, done.
    private static readonly int[] FromWorst = [7, 6, Regression, 3, 5, 1, 4, Inconclusive, 130, 0];

    /// <summary>The worst of several; 0 of none. A code that is not among the known ones is worse than they.</summary>
    /// <param name="codes">The codes.</param>
    public static int Worst(IEnumerable<int> codes) => codes.DefaultIfEmpty(0).MinBy(code => Array.IndexOf(FromWorst, code) is >= 0 and var rank ? rank : -1);

    /// <summary>The code of a migration's outcome.</summary>
    /// <param name="outcome">The outcome.</param>
    public static int Of(MigrationOutcome outcome) => outcome switch
    {
        MigrationOutcome.Completed => 0,
        MigrationOutcome.Cancelled => 130,
        MigrationOutcome.Refused => 4,
        MigrationOutcome.Unreachable => 3,
        MigrationOutcome.TimedOut => 5,
        MigrationOutcome.Degraded => 6,
        MigrationOutcome.NeedsPerson => 7,
        _ => 1,
    };
}
