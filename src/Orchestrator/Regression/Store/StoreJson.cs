using System.Text.Json.Serialization;
using Orchestrator.Recovery;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Store;

/// <summary>How the store keeps what is not a run's own document.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OperationOwner))]
[JsonSerializable(typeof(Verdict))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class StoreJson : JsonSerializerContext;
