using System.Text.Json.Serialization;

namespace Orchestrator.Regression.Runs;

/// <summary>The JSON of runs: snake_case, generated at build time (no reflection). Its schema is <c>schemas/regression-run.schema.json</c>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(RegressionRun))]
[JsonSerializable(typeof(IReadOnlyList<RegressionRun>))]
public sealed partial class RunJson : JsonSerializerContext;
