using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Hosts;
using Orchestrator.Recovery;

namespace Orchestrator.Cli;

/// <summary>One of the results that <c>recover --json</c> prints.</summary>
internal sealed record RecoveryDocument(
    Guid? Operation, string Kind, RecoveryDocument.DomainName Domain, RecoveryDocument.HostName Source, RecoveryDocument.HostName Destination, string Outcome, string Message, string? Remedy,
    string? Finding, IReadOnlyList<string> Done, bool Finished, bool Adopted, bool DryRun, string? Owner, DateTimeOffset? Started)
{
    internal static RecoveryDocument From(RecoveryResult result)
    {
        UnfinishedOperation operation = result.Operation;
        return new(
            operation.Id, operation.Kind, new(operation.DomainName, operation.DomainUuid), From(operation.Source), From(operation.Destination), ErrorDocument.CodeOf(result.Outcome), result.Message,
            result.Remedy, result.Finding is { } finding ? ErrorDocument.CodeOf(finding) : null, result.Done, result.IsFinished, result.IsAdopted, result.IsDryRun,
            operation.Owner?.ToString(), operation.Started);
    }

    private static HostName From(HostAddress address) => new(address.Name, HostAddress.Redact(address.Uri));

    internal sealed record DomainName(string Name, Guid Uuid);

    internal sealed record HostName(string Name, string Uri);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(RecoveryDocument[]))]
internal sealed partial class RecoverJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: URIs and names stay readable.</summary>
    internal static RecoverJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
