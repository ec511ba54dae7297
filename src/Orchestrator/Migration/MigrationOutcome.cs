using System.Text.Json.Serialization;

namespace Orchestrator.Migration;

/// <summary>How a migration ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MigrationOutcome>))]
public enum MigrationOutcome
{
    /// <summary>The guest is on the destination.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>Cancelled; the guest is on the source as before.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>Refused by a check, ours or libvirt's, before anything was touched.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>A host could not be reached or refused us. The guest is on the source as far as can be told.</summary>
    [JsonStringEnumMemberName("unreachable")]
    Unreachable,

    /// <summary>It took longer than allowed; the guest is on the source as before.</summary>
    [JsonStringEnumMemberName("timed_out")]
    TimedOut,

    /// <summary>It failed; the guest is on the source as before.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>The guest is on one host, but something about it is not as it should be.</summary>
    [JsonStringEnumMemberName("degraded")]
    Degraded,

    /// <summary>Two copies, none, or nobody knows: a person must look.</summary>
    [JsonStringEnumMemberName("needs_person")]
    NeedsPerson,
}

/// <summary>Why a running migration was asked to end.</summary>
public enum StopReason
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The user cancelled it.</summary>
    Cancelled,

    /// <summary>It took longer than allowed.</summary>
    TimedOut,

    /// <summary>We drive it ourselves, and lost the destination: it could never be finished.</summary>
    DestinationLost,
}
