using Orchestrator.Devices;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Recovery;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli;

/// <summary>The exit codes that scripts depend on.</summary>
internal static class ExitCode
{
    internal const int Done = 0;
    internal const int Failed = 1;
    internal const int Usage = 2;
    internal const int Unreachable = 3;
    internal const int Refused = 4;
    internal const int TimedOut = 5;
    internal const int Degraded = 6;
    internal const int NeedsPerson = 7;
    internal const int Regression = OutcomeCode.Regression;
    internal const int Inconclusive = OutcomeCode.Inconclusive;
    internal const int Cancelled = 130;

    /// <summary>The worst of several.</summary>
    internal static int Worst(IEnumerable<int> codes) => OutcomeCode.Worst(codes);

    internal static int Of(OperationStage stage) => stage switch
    {
        OperationStage.Refused => Refused,
        OperationStage.TimedOut => TimedOut,
        OperationStage.Degraded => Degraded,
        OperationStage.Unknown => NeedsPerson,
        OperationStage.Cancelled => Cancelled,
        _ => Failed,
    };

    internal static int Of(DefinitionStage stage) => stage switch
    {
        DefinitionStage.Refused => Refused,
        DefinitionStage.NotUndone => Degraded,
        DefinitionStage.Unknown => NeedsPerson,
        _ => Failed,
    };

    internal static int Of(MigrationOutcome outcome) => OutcomeCode.Of(outcome);

    /// <summary>
    /// Of a recovery: a guest that is where it was, with everything put back, is what was asked for, however its migration ended. A migration that was taken over and driven
    /// to its end counts as one. Of a dry run: done, when a recovery could do something about it.
    /// </summary>
    internal static int Of(RecoveryResult result) => result switch
    {
        { IsDryRun: true, Done.Count: > 0, Outcome: not MigrationOutcome.Unreachable, Finding: not (MigrationFinding.Settling or MigrationFinding.NobodyKnows or MigrationFinding.PostCopyBroken or MigrationFinding.NoCopy) } => Done,
        { IsAdopted: false, Outcome: MigrationOutcome.Failed, Finding: MigrationFinding.Stayed } => Done,
        _ => Of(result.Outcome),
    };

    internal static int Of(StoreProblem problem) => problem switch
    {
        StoreProblem.Unreachable or StoreProblem.AccessDenied => Unreachable,
        StoreProblem.Ambiguous or StoreProblem.WrongState => Refused,
        _ => Failed,
    };

    internal static int Of(HostDeviceProblem problem) => problem switch
    {
        HostDeviceProblem.InvalidInput => Usage,
        HostDeviceProblem.PermissionDenied => Unreachable,
        HostDeviceProblem.NotThisMachine or HostDeviceProblem.AlreadyExists or HostDeviceProblem.Ambiguous or HostDeviceProblem.Differs or HostDeviceProblem.InUse or HostDeviceProblem.OverTotal
            or HostDeviceProblem.NotSupported or HostDeviceProblem.NoManagementDevice or HostDeviceProblem.NothingFits => Refused,
        HostDeviceProblem.TimedOut => TimedOut,
        HostDeviceProblem.Degraded => Degraded,
        HostDeviceProblem.OutcomeUnknown => NeedsPerson,
        _ => Failed,
    };
}
