using Orchestrator.Devices;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;

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
    internal const int Inconclusive = 9;
    internal const int Cancelled = 130;

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

    internal static int Of(MigrationOutcome outcome) => outcome switch
    {
        MigrationOutcome.Completed => Done,
        MigrationOutcome.Cancelled => Cancelled,
        MigrationOutcome.Refused => Refused,
        MigrationOutcome.Unreachable => Unreachable,
        MigrationOutcome.TimedOut => TimedOut,
        MigrationOutcome.Degraded => Degraded,
        MigrationOutcome.NeedsPerson => NeedsPerson,
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
