using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;

namespace Orchestrator.Observability;

/// <summary>The attributes of spans and measures, and their values. Pure.</summary>
internal static class MigrationTags
{
    internal const string OperationId = "orchestrator.operation.id";
    internal const string DomainName = "orchestrator.domain.name";
    internal const string DomainUuid = "orchestrator.domain.uuid";
    internal const string Source = "orchestrator.source";
    internal const string Destination = "orchestrator.destination";
    internal const string Mode = "orchestrator.migration.mode";
    internal const string Policy = "orchestrator.migration.policy";
    internal const string Outcome = "orchestrator.migration.outcome";
    internal const string Transferred = "orchestrator.migration.transferred";
    internal const string Downtime = "orchestrator.migration.downtime";
    internal const string DowntimeUncertainty = "orchestrator.migration.downtime.uncertainty";
    internal const string DowntimeMethod = "orchestrator.migration.downtime.method";
    internal const string WithoutDevice = "orchestrator.migration.without_device";
    internal const string PolicyAction = "orchestrator.policy.action";
    internal const string ErrorType = "error.type";

    internal static string Of(MigrationMode mode) => mode switch
    {
        MigrationMode.P2P => "p2p",
        MigrationMode.Direct => "direct",
        _ => "auto",
    };

    internal static string Of(MigrationOutcome outcome) => ErrorDocument.CodeOf(outcome);

    /// <summary>The outcome of a migration that ended with an exception, before anything was begun.</summary>
    internal static MigrationOutcome OutcomeOf(Exception exception) => exception switch
    {
        OperationCanceledException or OperationException { Stage: OperationStage.Cancelled } => MigrationOutcome.Cancelled,
        OperationException { Stage: OperationStage.TimedOut } => MigrationOutcome.TimedOut,
        OperationException { Stage: OperationStage.Refused } => MigrationOutcome.Refused,
        HostUnreachableException => MigrationOutcome.Unreachable,
        _ => MigrationOutcome.Failed,
    };

    /// <summary>A word for what went wrong, of a set that stays small.</summary>
    internal static string ErrorTypeOf(Exception exception) => exception is LibvirtException libvirt ? ErrorDocument.CodeOf(libvirt.Code) : exception.GetType().FullName!;

    /// <summary>The same of a result; <see langword="null"/> of one that is no error.</summary>
    internal static string? ErrorTypeOf(MigrationResult result) => result.Verdict.Outcome switch
    {
        MigrationOutcome.Completed or MigrationOutcome.Cancelled => null,
        var outcome => result.Error is { } error ? ErrorDocument.CodeOf(error.Code) : Of(outcome),
    };
}
