using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Recovery;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Regression.Running;

/// <summary>What went wrong, as a run keeps it: with the exit code that a command of its own would have had. Pure.</summary>
internal static class NightProblems
{
    internal const int Failed = 1;
    internal const int Unreachable = 3;
    internal const int Refused = 4;
    internal const int TimedOut = 5;
    internal const int Degraded = 6;
    internal const int NeedsPerson = 7;
    internal const int Cancelled = 130;

    /// <summary>The problem that an exception tells of, also one that nobody expects.</summary>
    internal static RunProblem OfAny(Exception e) => Of(e) ?? new(Failed, $"{e.GetType().Name}: {e.Message}", "This is a defect: please report it.");

    /// <summary>The problem that an exception tells of; <see langword="null"/> for one that nobody expects.</summary>
    internal static RunProblem? Of(Exception e) => e switch
    {
        NightException night => night.Problem,
        HostUnreachableException lost => new(Unreachable, lost.Message),
        OperationException operation => new(CodeOf(operation.Stage), operation.Message, operation.Remedy),
        DefinitionException definition => new(CodeOf(definition.Stage), definition.Message),
        HostDeviceException device => new(CodeOf(device.Problem), device.Message, device.Remedy),
        DomainNotFoundException or DomainDocumentException => new(Failed, e.Message),
        DomainAmbiguousException => new(Refused, e.Message),
        LibvirtException libvirt => new(
            libvirt.Code is LibvirtErrorCode.AccessDenied or LibvirtErrorCode.AuthFailed or LibvirtErrorCode.OperationDenied ? Unreachable : Failed, HostAddress.Redact(libvirt.Message)),
        StoreException store => new(Failed, store.Message, store.Remedy),
        JournalException journal => new(Failed, journal.Message, journal.Remedy),
        IOException or UnauthorizedAccessException => new(Failed, e.Message),
        _ => null,
    };

    private static int CodeOf(OperationStage stage) => stage switch
    {
        OperationStage.Refused => Refused,
        OperationStage.TimedOut => TimedOut,
        OperationStage.Degraded => Degraded,
        OperationStage.Unknown => NeedsPerson,
        OperationStage.Cancelled => Cancelled,
        _ => Failed,
    };

    private static int CodeOf(DefinitionStage stage) => stage switch
    {
        DefinitionStage.Refused => Refused,
        DefinitionStage.NotUndone => Degraded,
        DefinitionStage.Unknown => NeedsPerson,
        _ => Failed,
    };

    private static int CodeOf(HostDeviceProblem problem) => problem switch
    {
        HostDeviceProblem.PermissionDenied => Unreachable,
        HostDeviceProblem.TimedOut => TimedOut,
        HostDeviceProblem.Degraded => Degraded,
        HostDeviceProblem.OutcomeUnknown => NeedsPerson,
        HostDeviceProblem.Ambiguous or HostDeviceProblem.InUse or HostDeviceProblem.NotSupported => Refused,
        _ => Failed,
    };
}

/// <summary>A problem that the night itself found.</summary>
internal sealed class NightException(int code, string message, string? remedy = null) : Exception(message)
{
    internal RunProblem Problem { get; } = new(code, message, remedy);
}
