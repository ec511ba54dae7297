using Orchestrator.Devices;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Regression.Store;

namespace Orchestrator;

/// <summary>The exit codes that outcomes stand for, and which of several counts. Scripts depend on them; the numbers stand here alone.</summary>
public static class OutcomeCode
{
    /// <summary>What was asked for is so.</summary>
    public const int Done = 0;

    /// <summary>It is not, and things are as they were.</summary>
    public const int Failed = 1;

    /// <summary>What was asked for makes no sense; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>A host cannot be reached, or does not let us.</summary>
    public const int Unreachable = 3;

    /// <summary>Refused before anything was done.</summary>
    public const int Refused = 4;

    /// <summary>It took too long.</summary>
    public const int TimedOut = 5;

    /// <summary>Half done, or not put back.</summary>
    public const int Degraded = 6;

    /// <summary>What is so cannot be told, or a program must not decide it.</summary>
    public const int NeedsPerson = 7;

    /// <summary>A regression: a limit was exceeded, or a value is longer than the baseline's.</summary>
    public const int Regression = 8;

    /// <summary>Measured, but not well enough to tell.</summary>
    public const int Inconclusive = 9;

    /// <summary>Somebody ended it.</summary>
    public const int Cancelled = 130;

    private static readonly int[] FromWorst = [NeedsPerson, Degraded, Regression, Unreachable, TimedOut, Failed, Usage, Refused, Inconclusive, Cancelled, Done];

    /// <summary>The worst of several; 0 of none. A code that is not among the known ones is worse than they.</summary>
    /// <param name="codes">The codes.</param>
    public static int Worst(IEnumerable<int> codes) => codes.DefaultIfEmpty(Done).MinBy(code => Array.IndexOf(FromWorst, code) is >= 0 and var rank ? rank : -1);

    /// <summary>The code of a migration's outcome.</summary>
    /// <param name="outcome">The outcome.</param>
    public static int Of(MigrationOutcome outcome) => outcome switch
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

    /// <summary>The code of how far an operation of a domain's life got that failed.</summary>
    /// <param name="stage">How far.</param>
    public static int Of(OperationStage stage) => stage switch
    {
        OperationStage.Refused => Refused,
        OperationStage.TimedOut => TimedOut,
        OperationStage.Degraded => Degraded,
        OperationStage.Unknown => NeedsPerson,
        OperationStage.Cancelled => Cancelled,
        _ => Failed,
    };

    /// <summary>The code of how far a definition got that failed.</summary>
    /// <param name="stage">How far.</param>
    public static int Of(DefinitionStage stage) => stage switch
    {
        DefinitionStage.Refused => Refused,
        DefinitionStage.NotUndone => Degraded,
        DefinitionStage.Unknown => NeedsPerson,
        _ => Failed,
    };

    /// <summary>The code of a problem with a host's devices.</summary>
    /// <param name="problem">The problem.</param>
    public static int Of(HostDeviceProblem problem) => problem switch
    {
        HostDeviceProblem.InvalidInput => Usage,
        HostDeviceProblem.PermissionDenied => Unreachable,
        HostDeviceProblem.NotThisMachine or HostDeviceProblem.AlreadyExists or HostDeviceProblem.Ambiguous or HostDeviceProblem.Differs or HostDeviceProblem.InUse or HostDeviceProblem.OverTotal
            or HostDeviceProblem.NotSupported or HostDeviceProblem.NoManagementDevice or HostDeviceProblem.NothingFits
            or HostDeviceProblem.ToolMissing or HostDeviceProblem.ToolTooOld or HostDeviceProblem.ModuleNotLoaded => Refused,
        HostDeviceProblem.TimedOut => TimedOut,
        HostDeviceProblem.Degraded => Degraded,
        HostDeviceProblem.OutcomeUnknown => NeedsPerson,
        _ => Failed,
    };

    /// <summary>The code of a problem with the store of runs.</summary>
    /// <param name="problem">The problem.</param>
    public static int Of(StoreProblem problem) => problem switch
    {
        StoreProblem.Unreachable or StoreProblem.AccessDenied => Unreachable,
        StoreProblem.Ambiguous or StoreProblem.WrongState => Refused,
        _ => Failed,
    };
}
