using Orchestrator.Migration;
using Orchestrator.Recovery;

namespace Orchestrator.Cli;

/// <summary>The library's exit codes by a shorter name, and what a recovery stands for.</summary>
internal static class ExitCode
{
    internal const int Done = OutcomeCode.Done;
    internal const int Failed = OutcomeCode.Failed;
    internal const int Usage = OutcomeCode.Usage;
    internal const int Unreachable = OutcomeCode.Unreachable;
    internal const int Refused = OutcomeCode.Refused;
    internal const int TimedOut = OutcomeCode.TimedOut;
    internal const int Degraded = OutcomeCode.Degraded;
    internal const int NeedsPerson = OutcomeCode.NeedsPerson;
    internal const int Regression = OutcomeCode.Regression;
    internal const int Inconclusive = OutcomeCode.Inconclusive;
    internal const int Cancelled = OutcomeCode.Cancelled;

    /// <summary>
    /// Of a recovery: a guest that is where it was, with everything put back, is what was asked for, however its migration ended. A migration that was taken over and driven
    /// to its end counts as one. Of a dry run: done, when a recovery could do something about it.
    /// </summary>
    internal static int Of(RecoveryResult result) => result switch
    {
        { IsDryRun: true, Done.Count: > 0, Outcome: not MigrationOutcome.Unreachable, Finding: not (MigrationFinding.Settling or MigrationFinding.NobodyKnows or MigrationFinding.PostCopyBroken or MigrationFinding.NoCopy) } => Done,
        { IsAdopted: false, Outcome: MigrationOutcome.Failed, Finding: MigrationFinding.Stayed } => Done,
        _ => OutcomeCode.Of(result.Outcome),
    };
}
