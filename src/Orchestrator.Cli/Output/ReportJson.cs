using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Support;

namespace Orchestrator.Cli;

/// <summary>What <c>regress render --json</c> prints.</summary>
/// <param name="Run">The run.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Format">The report's format.</param>
/// <param name="File">Where the report was written to.</param>
/// <param name="Text">The report, when it was written to no file.</param>
internal sealed record RenderDocument(string Run, string Plan, string Format, string? File, string? Text);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(RenderDocument))]
[JsonSerializable(typeof(SupportContents))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs.</summary>
    internal static ReportJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
