using System.Text.Json.Serialization;

namespace Orchestrator.Migration.Policies;

/// <summary>What a policy may do, always in this order: the cheapest for the guest first.</summary>
[Flags]
[JsonConverter(typeof(JsonStringEnumConverter<PolicyMeasures>))]
public enum PolicyMeasures
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Raise the downtime limit as far as is needed, up to the ceiling.</summary>
    Raise = 1,

    /// <summary>Let the guest run on the destination and fetch the rest of its memory from there, where that is allowed.</summary>
    PostCopy = 2,

    /// <summary>End the migration; the guest runs on where it is.</summary>
    GiveUp = 4,
}
