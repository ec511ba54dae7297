using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli;

/// <summary>What the commands that change a domain's life print with <c>--json</c>.</summary>
internal sealed record LifecycleDocument(
    string Operation, LifecycleDocument.DomainName Domain, LifecycleDocument.HostName Host, bool DryRun, bool Changed, string Before, IReadOnlyList<string> Notes)
{
    /// <summary>Of a result: the state afterwards, as the host told it.</summary>
    public string? After { get; init; }

    /// <summary>Of a result: how long others were waited for.</summary>
    public double? WaitedMs { get; init; }

    /// <summary>Of a result: how often the host was asked.</summary>
    public int? Attempts { get; init; }

    /// <summary>Of a dry run: what the matrix says.</summary>
    public string? Decision { get; init; }

    /// <summary>Of a dry run: who works on the domain.</summary>
    public string? Holder { get; init; }

    /// <summary>Of a dry run: what would be asked of the host.</summary>
    public IReadOnlyList<string>? Steps { get; init; }

    /// <summary>Of a dry run: what stands in the way.</summary>
    public IReadOnlyList<Problem>? Problems { get; init; }

    internal static LifecycleDocument From(LifecycleResult result) => new(
        ErrorDocument.CodeOf(result.Operation), new(result.Domain, result.Uuid), new(result.Host.Name, result.Host.Uri), false, result.Changed, result.Before, result.Notes)
    {
        After = result.After,
        WaitedMs = Math.Round(result.Waited.TotalMilliseconds, 1),
        Attempts = result.Attempts,
    };

    internal static LifecycleDocument From(LifecyclePlan plan) => new(
        ErrorDocument.CodeOf(plan.Operation), new(plan.Domain, plan.Uuid), new(plan.Host.Name, plan.Host.Uri), true, false, plan.State, plan.Notes)
    {
        Decision = ErrorDocument.CodeOf(plan.Decision.Action),
        Holder = plan.Holder?.ToString(),
        Steps = plan.Steps,
        Problems = [.. plan.Problems.Select(problem => new Problem(problem.Message, problem.Remedy))],
    };

    internal sealed record DomainName(string Name, Guid? Uuid);

    internal sealed record HostName(string Name, string Uri);

    internal sealed record Problem(string Message, string? Remedy);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(LifecycleDocument))]
internal sealed partial class LifecycleJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: names stay readable.</summary>
    internal static LifecycleJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
