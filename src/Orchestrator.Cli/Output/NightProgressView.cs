using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Regression.Running;

namespace Orchestrator.Cli;

/// <summary>Shows how far a night is: a line for each step, NDJSON for programs.</summary>
internal sealed class NightProgressView(CliConsole console, string plan) : IProgress<NightProgress>
{
    public void Report(NightProgress value)
    {
        if (console.Json)
        {
            console.Error.WriteLine(JsonSerializer.Serialize(
                new NightProgressLine(value.Message, value.Scenario, value.Repetition == 0 ? null : value.Repetition, value.Of == 0 ? null : value.Of, value.Migration?.Job?.ElapsedMs), NightProgressJson.Default.NightProgressLine));
        }
        else if (value.Migration is null)
        {
            string repetition = value.Repetition == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {value.Repetition}/{value.Of}");
            console.Note($"{value.Scenario ?? plan}{repetition}: {value.Message}");
        }
    }
}

/// <summary>A line of progress for programs.</summary>
internal sealed record NightProgressLine(string Stage, string? Scenario, int? Repetition, int? Of, double? ElapsedMs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NightProgressLine))]
internal sealed partial class NightProgressJson : JsonSerializerContext;
