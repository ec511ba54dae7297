using System.Diagnostics;
using System.Diagnostics.Metrics;
using Orchestrator.Migration;

namespace Orchestrator.Observability;

/// <summary>The instruments, and what is recorded of each migration.</summary>
internal static class MigrationMeasures
{
    private static readonly Counter<long> Migrations = OrchestratorTelemetry.Meter.CreateCounter<long>(
        "orchestrator.migrations", "{migration}", "Migrations that have ended.");

    private static readonly UpDownCounter<long> Active = OrchestratorTelemetry.Meter.CreateUpDownCounter<long>(
        "orchestrator.migration.active", "{migration}", "Migrations that this process drives now.");

    private static readonly Histogram<double> Duration = OrchestratorTelemetry.Meter.CreateHistogram(
        "orchestrator.migration.duration", "s", "Time from the request to the result.", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200],
        });

    private static readonly Histogram<double> Downtime = OrchestratorTelemetry.Meter.CreateHistogram(
        "orchestrator.migration.downtime", "s", "Measured time in which no vCPU of the guest ran.", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
        });

    private static readonly Histogram<double> WithoutDevice = OrchestratorTelemetry.Meter.CreateHistogram(
        "orchestrator.migration.without_device", "s", "Measured time in which the guest was without a device that was detached for its migration.", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300],
        });

    private static readonly Counter<long> Transferred = OrchestratorTelemetry.Meter.CreateCounter<long>(
        "orchestrator.migration.transferred", "By", "Guest memory that was sent.");

    private static readonly Counter<long> PolicyActions = OrchestratorTelemetry.Meter.CreateCounter<long>(
        "orchestrator.policy.actions", "{action}", "What policies did to running migrations.");

    internal static void Begin() => Active.Add(1);

    internal static void End() => Active.Add(-1);

    internal static void Record(MigrationResult result, TimeSpan duration)
    {
        RecordEnd(result.Verdict.Outcome, result.Plan.Mode, duration);
        if (result.Downtime is { ValueMs: { } downtime, Method: { } method })
        {
            Downtime.Record(downtime / 1000, new KeyValuePair<string, object?>(MigrationTags.DowntimeMethod, method));
        }

        foreach (double absence in result.Absences.Select(absence => absence.ValueMs).OfType<double>())
        {
            WithoutDevice.Record(absence / 1000);
        }

        if (TransferredBytes(result) is { } bytes)
        {
            Transferred.Add(bytes, new KeyValuePair<string, object?>(MigrationTags.Mode, MigrationTags.Of(result.Plan.Mode)));
        }

        foreach (PolicyDecision decision in result.Decisions.Where(decision => decision.Problem is null))
        {
            PolicyActions.Add(1, new KeyValuePair<string, object?>(MigrationTags.PolicyAction, decision.Action));
        }
    }

    internal static void RecordEnd(MigrationOutcome outcome, MigrationMode mode, TimeSpan duration)
    {
        var tags = new TagList { { MigrationTags.Outcome, MigrationTags.Of(outcome) }, { MigrationTags.Mode, MigrationTags.Of(mode) } };
        Migrations.Add(1, tags);
        Duration.Record(duration.TotalSeconds, tags);
    }

    /// <summary>The memory that was sent; <see langword="null"/> when nobody told.</summary>
    internal static long? TransferredBytes(MigrationResult result) => result.Evidence is { } evidence ? MigrationDocument.TransferOf(evidence).MemoryProcessedBytes : null;
}
