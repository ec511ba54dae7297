using System.Text.Json.Serialization;

namespace Orchestrator.Devices;

/// <summary>Whether a vDPA device works for its guest.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VdpaHealth>))]
public enum VdpaHealth
{
    /// <summary>It was not asked, or does not tell.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    /// <summary>QEMU has started its vhost backend.</summary>
    [JsonStringEnumMemberName("works")]
    Works,

    /// <summary>The guest's driver is not up (yet): firmware, a guest that boots, or one without a driver.</summary>
    [JsonStringEnumMemberName("driver_not_up")]
    DriverNotUp,

    /// <summary>It stands still, as it should: the guest is paused, or its link is down.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>The guest's driver is up, and nothing moves behind it.</summary>
    [JsonStringEnumMemberName("dead")]
    Dead,
}

/// <summary>Whether one vDPA device of a domain works.</summary>
/// <param name="Kind">A short text for people, such as <c>&lt;interface type='vdpa'&gt;</c>.</param>
/// <param name="Resource">The node that it uses of the host.</param>
/// <param name="Alias">libvirt's or QEMU's name of it.</param>
/// <param name="Health">Whether it works.</param>
/// <param name="Why">Why that is believed.</param>
public sealed record VdpaDeviceHealth(string Kind, string? Resource, string? Alias, VdpaHealth Health, string Why);
