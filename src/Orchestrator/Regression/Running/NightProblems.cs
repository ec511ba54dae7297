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
    /// <summary>The problem that an exception tells of, also one that nobody expects.</summary>
    internal static RunProblem OfAny(Exception e) => Of(e) ?? new(OutcomeCode.Failed, $"{e.GetType().Name}: {e.Message}", "This is a defect: please report it.");

    /// <summary>The problem that an exception tells of; <see langword="null"/> for one that nobody expects.</summary>
    internal static RunProblem? Of(Exception e) => e switch
    {
        NightException night => night.Problem,
        HostUnreachableException lost => new(OutcomeCode.Unreachable, lost.Message),
        OperationException operation => new(OutcomeCode.Of(operation.Stage), operation.Message, operation.Remedy),
        DefinitionException definition => new(OutcomeCode.Of(definition.Stage), definition.Message),
        HostDeviceException device => new(OutcomeCode.Of(device.Problem), device.Message, device.Remedy),
        DomainNotFoundException or DomainDocumentException => new(OutcomeCode.Failed, e.Message),
        DomainAmbiguousException => new(OutcomeCode.Refused, e.Message),
        LibvirtException libvirt => new(
            libvirt.Code is LibvirtErrorCode.AccessDenied or LibvirtErrorCode.AuthFailed or LibvirtErrorCode.OperationDenied ? OutcomeCode.Unreachable : OutcomeCode.Failed, HostAddress.Redact(libvirt.Message)),
        StoreException store => new(OutcomeCode.Of(store.Problem), store.Message, store.Remedy),
        JournalException journal => new(OutcomeCode.Failed, journal.Message, journal.Remedy),
        IOException or UnauthorizedAccessException => new(OutcomeCode.Failed, e.Message),
        _ => null,
    };
}

/// <summary>A problem that the night itself found.</summary>
internal sealed class NightException(int code, string message, string? remedy = null) : Exception(message)
{
    internal RunProblem Problem { get; } = new(code, message, remedy);
}
