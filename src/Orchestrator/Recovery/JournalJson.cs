using System.Text.Json.Serialization;

namespace Orchestrator.Recovery;

/// <summary>How the journal keeps what it is told.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JournalIntent))]
[JsonSerializable(typeof(OperationOwner))]
[JsonSerializable(typeof(OperationPhase))]
[JsonSerializable(typeof(Migration.Mapping.DeviceCreation))]
[JsonSerializable(typeof(DetachedDevice))]
internal sealed partial class JournalJson : JsonSerializerContext;
