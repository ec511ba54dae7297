using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Migration;

/// <summary>A migration's result as a JSON document: what <c>orchestrator migrate --json</c> prints. Its schema is <c>schemas/migrate.schema.json</c>.</summary>
public sealed record MigrationDocument
{
    /// <summary>How it ended.</summary>
    public required MigrationOutcome Outcome { get; init; }

    /// <summary>The same in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What the journal, the log and the spans call this migration.</summary>
    public Guid? OperationId { get; init; }

    /// <summary>The domain.</summary>
    public required DomainName Domain { get; init; }

    /// <summary>The source.</summary>
    public required HostName Source { get; init; }

    /// <summary>The destination.</summary>
    public required HostName Destination { get; init; }

    /// <summary><c>p2p</c> or <c>direct</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>The limit of the blackout that was in force, in milliseconds.</summary>
    public double? LimitMs { get; init; }

    /// <summary>The measured downtime; <see langword="null"/> when the guest did not move.</summary>
    public DowntimeFigures? Downtime { get; init; }

    /// <summary>The events of both hosts.</summary>
    public IReadOnlyList<TimelineEntry> Timeline { get; init; } = [];

    /// <summary>The parts of the call.</summary>
    public IReadOnlyList<MigrationPhase> Phases { get; init; } = [];

    /// <summary>What was sent; <see langword="null"/> when nothing was.</summary>
    public TransferFigures? Transfer { get; init; }

    /// <summary>The policy, and what it did.</summary>
    public required PolicyFigures Policy { get; init; }

    /// <summary>What was mended afterwards, in words.</summary>
    public IReadOnlyList<string> Repairs { get; init; } = [];

    /// <summary>What was checked before.</summary>
    public IReadOnlyList<Check> Checks { get; init; } = [];

    /// <summary>What was allowed by a flag, and was made use of.</summary>
    public IReadOnlyList<MigrationConsent> Consents { get; init; } = [];

    /// <summary>The domain's host devices, and what they became.</summary>
    public IReadOnlyList<DeviceMove> Devices { get; init; } = [];

    /// <summary>The longest that the guest was without one of the devices that were detached, in milliseconds; <see langword="null"/> when none was, or none is back.</summary>
    public double? LongestWithoutMs { get; init; }

    /// <summary>Why it did not complete; <see langword="null"/> when it did.</summary>
    public ErrorDocument? Error { get; init; }

    /// <summary>A domain's name and UUID.</summary>
    /// <param name="Name">The name.</param>
    /// <param name="Uuid">The UUID.</param>
    public sealed record DomainName(string Name, Guid Uuid);

    /// <summary>A host's name and URI.</summary>
    /// <param name="Name">What the user calls it.</param>
    /// <param name="Uri">Its URI, without a password.</param>
    /// <param name="State">The domain's state there afterwards; <see langword="null"/> when nothing was touched.</param>
    public sealed record HostName(string Name, string Uri, string? State);

    /// <summary>The measured downtime.</summary>
    /// <param name="ValueMs">In milliseconds; <see langword="null"/> when no method is complete.</param>
    /// <param name="UncertaintyMs">How far off it may be, in milliseconds; <see langword="null"/> when unknown.</param>
    /// <param name="Method">The method of the value.</param>
    /// <param name="Problem">Why there is no value.</param>
    /// <param name="Sources">What each method says.</param>
    /// <param name="Clocks">The hosts' clocks.</param>
    /// <param name="ClockDifference">How they stand against each other.</param>
    /// <param name="DeviceState">What each device's state took.</param>
    public sealed record DowntimeFigures(
        double? ValueMs, double? UncertaintyMs, string? Method, string? Problem, DowntimeSources Sources, IReadOnlyList<HostClock> Clocks, ClockDifference? ClockDifference, DeviceStateDowntime DeviceState);

    /// <summary>What was sent.</summary>
    /// <param name="DurationMs">The length of the call, in milliseconds.</param>
    /// <param name="MemoryTotalBytes">The guest's memory.</param>
    /// <param name="MemoryProcessedBytes">What was sent of it.</param>
    /// <param name="Iterations">How often the memory was gone over.</param>
    /// <param name="BytesPerSecond">The rate at the end.</param>
    public sealed record TransferFigures(
        double DurationMs, long? MemoryTotalBytes, long? MemoryProcessedBytes, long? Iterations, long? BytesPerSecond);

    /// <summary>The policy, and what it did.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Decisions">What it did, in order.</param>
    public sealed record PolicyFigures(string Name, IReadOnlyList<PolicyDecision> Decisions);

    /// <summary>One host device.</summary>
    /// <param name="Source">The device on the source.</param>
    /// <param name="Destination">The device on the destination; <see langword="null"/> when nothing there fits.</param>
    /// <param name="Scheme">How it is virtualised.</param>
    /// <param name="GuestAddress">Its place on the guest's PCI bus, which stays; <see langword="null"/> when the document tells none.</param>
    /// <param name="Why">Why that device, or why none.</param>
    /// <param name="Detached">Whether it was to be detached before the migration, and attached again after.</param>
    /// <param name="WithoutMs">How long the guest was without it, in milliseconds; <see langword="null"/> when it was not, or still is.</param>
    /// <param name="WithoutUncertaintyMs">How far off that may be; <see langword="null"/> when unknown.</param>
    public sealed record DeviceMove(
        string Source, string? Destination, string Scheme, string? GuestAddress, string Why, bool Detached, double? WithoutMs, double? WithoutUncertaintyMs);

    /// <summary>Makes the document of a result.</summary>
    /// <param name="result">The result.</param>
    public static MigrationDocument From(MigrationResult result)
    {
        MigrationPlan plan = result.Plan;
        return new()
        {
            Outcome = result.Verdict.Outcome,
            Message = result.Verdict.Message,
            OperationId = result.OperationId,
            Domain = new(plan.Domain.Name, plan.Domain.Uuid),
            Source = HostOf(plan.Source, result.Evidence?.Source),
            Destination = HostOf(plan.Destination, result.Evidence?.Destination),
            Mode = plan.Mode == MigrationMode.P2P ? "p2p" : "direct",
            LimitMs = result.MaxDowntime?.TotalMilliseconds,
            Downtime = result.Downtime is { } report ? FiguresOf(report) : null,
            Timeline = result.Downtime?.Timeline ?? [],
            Phases = result.Downtime?.Phases ?? [],
            Transfer = result.Evidence is { } evidence ? TransferOf(evidence) : null,
            Policy = new(plan.Request.Policy.Name, result.Decisions),
            Repairs = result.Repairs,
            Checks = plan.Checks,
            Consents = plan.Consents,
            Devices = DeviceMoves.Of(plan, result.Absences),
            LongestWithoutMs = result.Absences.Max(absence => absence.ValueMs),
            Error = result.Verdict.Outcome == MigrationOutcome.Completed ? null : new(
                result.Error is { } error ? ErrorDocument.CodeOf(error.Code) : ErrorDocument.CodeOf(result.Verdict.Outcome),
                result.Verdict.Message,
                plan.Source.Name,
                result.Error?.Operation ?? "migrate",
                result.Verdict.Remedy),
        };
    }

    /// <summary>Makes the document of a migration that another process had begun.</summary>
    /// <param name="result">What its recovery came to.</param>
    /// <param name="policy">The policy by which it went on.</param>
    public static MigrationDocument From(RecoveryResult result, MigrationPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(policy);
        UnfinishedOperation operation = result.Operation;
        FollowedMigration? followed = result.Followed;
        DowntimeReport? report = followed?.Downtime;
        return new()
        {
            Outcome = result.Outcome,
            Message = result.Message,
            Domain = new(operation.DomainName, operation.DomainUuid),
            Source = HostOf(operation.Source, followed?.Evidence.Source),
            Destination = HostOf(operation.Destination, followed?.Evidence.Destination),
            Mode = followed?.Evidence.Call.Mode ?? "p2p",
            Downtime = report is null ? null : FiguresOf(report),
            Timeline = report?.Timeline ?? [],
            Phases = report?.Phases ?? [],
            Transfer = followed is null ? null : TransferOf(followed.Evidence),
            Policy = new(policy.Name, followed?.Decisions ?? []),
            Repairs = result.Done,
            Consents = operation.Consents,
            Error = result.Outcome == MigrationOutcome.Completed ? null : new(ErrorDocument.CodeOf(result.Outcome), result.Message, operation.Source.Name, "migrate", result.Remedy),
        };
    }

    /// <summary>The document as JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, MigrationJson.Readable.MigrationDocument);

    private static HostName HostOf(HostIdentity host, HostEvidence? evidence) => new(host.Name, host.Uri, evidence?.StateAfter);

    private static HostName HostOf(HostAddress host, HostEvidence? evidence) => new(host.Name, HostAddress.Redact(host.Uri), evidence?.StateAfter);

    private static DowntimeFigures FiguresOf(DowntimeReport report) => new(report.ValueMs, report.UncertaintyMs, report.Method, report.Problem, report.Sources, report.Clocks, report.ClockDifference, report.DeviceState);

    internal static TransferFigures TransferOf(MigrationEvidence evidence)
    {
        IReadOnlyDictionary<string, string> completed =
            evidence.Source.CompletedJob.Count > 0 ? evidence.Source.CompletedJob : evidence.Destination.CompletedJob;
        JobSample? last = evidence.JobSamples.Count > 0 ? evidence.JobSamples[^1] : null;
        return new(
            (evidence.Call.Ended - evidence.Call.Started).TotalMilliseconds,
            Number("memory_total") ?? last?.MemoryTotal,
            Number("memory_processed") ?? last?.MemoryProcessed,
            Number("memory_iteration") ?? last?.Iteration,
            Number("memory_bps") ?? last?.MemoryBytesPerSecond);

        long? Number(string name) => completed.TryGetValue(name, out string? text) && long.TryParse(text, out long value) ? value : null;
    }
}

/// <summary>JSON of the documents of this folder.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(MigrationDocument))]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(IReadOnlyList<Check>))]
public sealed partial class MigrationJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: URIs and names stay readable.</summary>
    public static MigrationJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
