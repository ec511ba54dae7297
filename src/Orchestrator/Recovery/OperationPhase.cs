using System.Text.Json.Serialization;

namespace Orchestrator.Recovery;

/// <summary>How far an operation has come, as its journal was told before the next effect.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OperationPhase>))]
public enum OperationPhase
{
    /// <summary>Nothing was touched yet.</summary>
    [JsonStringEnumMemberName("planned")]
    Planned,

    /// <summary>Devices are made and detached, and limits are set; the migration was not asked for yet.</summary>
    [JsonStringEnumMemberName("preparing")]
    Preparing,

    /// <summary>libvirt was asked to migrate.</summary>
    [JsonStringEnumMemberName("migrating")]
    Migrating,

    /// <summary>The switch to post-copy was asked for: the guest may run on the destination with part of its memory on the source.</summary>
    [JsonStringEnumMemberName("post_copy")]
    PostCopy,

    /// <summary>The source has sent all of the guest: the destination may run it.</summary>
    [JsonStringEnumMemberName("sent")]
    Sent,

    /// <summary>The migration has ended; what it left is being put in order.</summary>
    [JsonStringEnumMemberName("settling")]
    Settling,
}
