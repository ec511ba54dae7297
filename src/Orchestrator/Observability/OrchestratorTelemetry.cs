using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Orchestrator.Observability;

/// <summary>The names under which migrations are traced and counted; <c>docs/observability.md</c> lists the spans and instruments.</summary>
public static class OrchestratorTelemetry
{
    /// <summary>The name of the activity source: <c>AddSource(OrchestratorTelemetry.SourceName)</c>.</summary>
    public const string SourceName = "Orchestrator";

    /// <summary>The name of the meter: <c>AddMeter(OrchestratorTelemetry.MeterName)</c>.</summary>
    public const string MeterName = "Orchestrator";

    internal static ActivitySource Source { get; } = new(SourceName, Version);

    internal static Meter Meter { get; } = new(MeterName, Version);

    private static string? Version => typeof(OrchestratorTelemetry).Assembly.GetName().Version?.ToString(3);
}
