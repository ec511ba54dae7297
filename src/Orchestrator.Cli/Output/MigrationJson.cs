using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Migration;

namespace Orchestrator.Cli;

/// <summary>A running migration.</summary>
internal sealed record MigrationItem(
    string Host, string Domain, Guid Uuid, string Direction, string State, double? ElapsedMs, long? MemoryTotalBytes, long? MemoryRemainingBytes, long? BytesPerSecond,
    long? DirtyBytesPerSecond, long? Iteration, double? ExpectedDowntimeMs, string? Driver)
{
    internal static MigrationItem From(string host, RunningMigration migration) => new(
        host, migration.Domain, migration.Uuid, migration.Direction, migration.State, migration.Job?.ElapsedMs, migration.Job?.MemoryTotal, migration.Job?.MemoryRemaining,
        migration.Job?.MemoryBytesPerSecond, migration.Job is { } job ? job.DirtyPagesPerSecond * job.PageSize : null, migration.Job?.Iteration, migration.Job?.ExpectedDowntimeMs,
        migration.Holder?.ToString());
}

/// <summary>What <c>migration list --json</c> prints.</summary>
internal sealed record MigrationListDocument(IReadOnlyList<MigrationItem> Migrations);

/// <summary>What <c>migration show --json</c> prints; the destination knows no limits.</summary>
internal sealed record MigrationShowDocument(MigrationItem Migration, double? MaxDowntimeMs, long? BandwidthMibPerS);

/// <summary>What <c>migration watch --json</c> prints when the migration is over on the host.</summary>
internal sealed record MigrationEndDocument(string Domain, Guid Uuid, string Host, string State);

/// <summary>What <c>migration set --json</c> prints.</summary>
internal sealed record MigrationSetDocument(string Domain, Guid Uuid, string Host, double MaxDowntimeMs, long BandwidthMibPerS, bool PostCopy, string? Policy);

/// <summary>What <c>migration cancel --json</c> prints.</summary>
internal sealed record MigrationCancelDocument(string Domain, Guid Uuid, string Host, CancelOutcome Outcome, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(MigrationListDocument))]
[JsonSerializable(typeof(MigrationShowDocument))]
[JsonSerializable(typeof(MigrationEndDocument))]
[JsonSerializable(typeof(MigrationSetDocument))]
[JsonSerializable(typeof(MigrationCancelDocument))]
internal sealed partial class RunningMigrationJson : JsonSerializerContext
{
    internal static RunningMigrationJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
