using System.Diagnostics;
using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Observability;

/// <summary>One migration as it is traced and counted: begun, then ended or failed.</summary>
internal sealed class MigrationObservation : IDisposable
{
    private readonly ObserverClock _clock;
    private readonly MigrationRequest _request;
    private readonly DateTimeOffset _started;
    private readonly Activity? _root;

    private MigrationObservation(MigrationRequest request, HostAddress source, HostAddress destination, ObserverClock clock)
    {
        _clock = clock;
        _request = request;
        _started = clock.Now;
        MigrationMeasures.Begin();
        _root = OrchestratorTelemetry.Source.StartActivity(MigrationSpans.Root, ActivityKind.Internal, default(ActivityContext), startTime: _started);
        _root?.SetTag(MigrationTags.OperationId, $"{request.OperationId}")
            .SetTag(MigrationTags.Source, HostAddress.Redact(source.Name))
            .SetTag(MigrationTags.Destination, HostAddress.Redact(destination.Name))
            .SetTag(MigrationTags.Mode, MigrationTags.Of(request.Mode))
            .SetTag(MigrationTags.Policy, request.Policy.Name);
    }

    internal static MigrationObservation Begin(MigrationRequest request, HostAddress source, HostAddress destination, ObserverClock clock) => new(request, source, destination, clock);

    internal void End(MigrationResult result)
    {
        DateTimeOffset ended = _clock.Now;
        MigrationMeasures.Record(result, ended - _started);
        if (_root is null)
        {
            return;
        }

        foreach (MigrationSpan span in MigrationSpans.Of(result, _started, ended))
        {
            using Activity? child = OrchestratorTelemetry.Source.StartActivity(span.Name, ActivityKind.Internal, _root.Context, startTime: span.Start);
            child?.SetEndTime(span.End.UtcDateTime);
        }

        MigrationPlan plan = result.Plan;
        _root.SetTag(MigrationTags.OperationId, $"{result.OperationId}") // of the leg that counts: after a fallback it is another
            .SetTag(MigrationTags.DomainName, plan.Domain.Name)
            .SetTag(MigrationTags.DomainUuid, $"{plan.Domain.Uuid}")
            .SetTag(MigrationTags.Mode, MigrationTags.Of(plan.Mode))
            .SetTag(MigrationTags.Outcome, MigrationTags.Of(result.Verdict.Outcome))
            .SetTag(MigrationTags.Transferred, MigrationMeasures.TransferredBytes(result))
            .SetTag(MigrationTags.Downtime, result.Downtime?.ValueMs / 1000)
            .SetTag(MigrationTags.DowntimeUncertainty, result.Downtime?.UncertaintyMs / 1000)
            .SetTag(MigrationTags.DowntimeMethod, result.Downtime?.Method)
            .SetTag(MigrationTags.WithoutDevice, result.Absences.Max(absence => absence.ValueMs) / 1000);
        if (MigrationTags.ErrorTypeOf(result) is { } error)
        {
            _root.SetTag(MigrationTags.ErrorType, error).SetStatus(ActivityStatusCode.Error, HostAddress.Redact(result.Verdict.Message));
        }

        _root.SetEndTime(ended.UtcDateTime);
    }

    internal void Fail(Exception exception)
    {
        DateTimeOffset ended = _clock.Now;
        MigrationOutcome outcome = MigrationTags.OutcomeOf(exception);
        MigrationMeasures.RecordEnd(outcome, _request.Mode, ended - _started);
        _root?.SetTag(MigrationTags.DomainName, _request.Domain).SetTag(MigrationTags.Outcome, MigrationTags.Of(outcome)).SetEndTime(ended.UtcDateTime);
        if (outcome != MigrationOutcome.Cancelled)
        {
            _root?.SetTag(MigrationTags.ErrorType, MigrationTags.ErrorTypeOf(exception)).SetStatus(ActivityStatusCode.Error, HostAddress.Redact(exception.Message));
        }
    }

    public void Dispose()
    {
        _root?.Dispose();
        MigrationMeasures.End();
    }
}
