using System.Text.Json.Serialization;

namespace Orchestrator.Downtime;

/// <summary>The JSON of evidence files and downtime reports: snake_case, generated at build time (no reflection).</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(MigrationEvidence))]
[JsonSerializable(typeof(DowntimeReport))]
public sealed partial class DowntimeJson : JsonSerializerContext;
