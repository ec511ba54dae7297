using System.Text.Json.Serialization;
using Orchestrator.Downtime;
using Orchestrator.Lifecycle;

namespace Orchestrator.Migration;

/// <summary>A migration that runs, or is about to, as one of its two hosts sees it.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Direction"><c>out</c> on the source, <c>in</c> on the destination.</param>
/// <param name="State">The domain's state on this host.</param>
/// <param name="Condition">What it is doing here.</param>
/// <param name="Job">The job's statistics; the destination has none.</param>
/// <param name="Holder">Who drives it; <see langword="null"/> when nobody on this machine does.</param>
public sealed record RunningMigration(string Domain, Guid Uuid, string Direction, string State, DomainCondition Condition, JobSample? Job, ClaimHolder? Holder);

/// <summary>What may be changed of a running migration.</summary>
public sealed record MigrationSettings
{
    /// <summary>The blackout at which QEMU may switch over.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>The most bandwidth, in MiB/s.</summary>
    public long? BandwidthMiBps { get; init; }

    /// <summary>Switch to post-copy now.</summary>
    public bool PostCopyNow { get; init; }
}

/// <summary>What is in force after a change.</summary>
/// <param name="MaxDowntime">The blackout at which QEMU may switch over.</param>
/// <param name="BandwidthMiBps">The most bandwidth, in MiB/s.</param>
/// <param name="PostCopyAsked">Whether it was told to switch to post-copy.</param>
public sealed record MigrationSettingsInForce(TimeSpan MaxDowntime, long BandwidthMiBps, bool PostCopyAsked);

/// <summary>How a cancel went.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CancelOutcome>))]
public enum CancelOutcome
{
    /// <summary>The guest stays on the source.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>It came too late: the guest has moved.</summary>
    [JsonStringEnumMemberName("moved")]
    Moved,

    /// <summary>The guest runs on the destination, and its memory follows: there is no way back.</summary>
    [JsonStringEnumMemberName("post_copy")]
    PostCopy,

    /// <summary>The migration did not end in time.</summary>
    [JsonStringEnumMemberName("timed_out")]
    TimedOut,
}
