using System.Text.Json.Serialization;

namespace Orchestrator.Migration.Policies;

/// <summary>The JSON of policies: snake_case, generated at build time (no reflection).</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MigrationPolicy))]
internal sealed partial class PolicyJson : JsonSerializerContext;
