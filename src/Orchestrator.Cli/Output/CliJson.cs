using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Cli;

/// <summary>What is printed instead of a result when there is none.</summary>
internal sealed record FailureDocument(ErrorDocument Error);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(FailureDocument))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: URIs and names stay readable.</summary>
    internal static CliJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
