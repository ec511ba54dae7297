using System.Text.Json.Serialization;

namespace Orchestrator.Checks;

/// <summary>The layers a device of a guest stands on, from the top; the first seven are those of kernel vDPA.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HostLayer>))]
public enum HostLayer
{
    /// <summary>Who manages the host: OpenStack, KubeVirt, oVirt, or we.</summary>
    [JsonStringEnumMemberName("owner")]
    Owner,

    /// <summary>libvirt.</summary>
    [JsonStringEnumMemberName("libvirt")]
    Libvirt,

    /// <summary>QEMU with its generic vDPA device.</summary>
    [JsonStringEnumMemberName("qemu")]
    Qemu,

    /// <summary>The kernel's vhost-vdpa and its character devices.</summary>
    [JsonStringEnumMemberName("vhost-vdpa")]
    VhostVdpa,

    /// <summary>The vDPA bus and the devices on it.</summary>
    [JsonStringEnumMemberName("vdpa-bus")]
    VdpaBus,

    /// <summary>The vendor's driver.</summary>
    [JsonStringEnumMemberName("driver")]
    Driver,

    /// <summary>The hardware, its firmware and the IOMMU.</summary>
    [JsonStringEnumMemberName("hardware")]
    Hardware,

    /// <summary>Not a layer: what measuring a downtime needs.</summary>
    [JsonStringEnumMemberName("measurement")]
    Measurement,

    /// <summary>Not a layer: what moving a guest to or from the host needs.</summary>
    [JsonStringEnumMemberName("migration")]
    Migration,
}

/// <summary>What a host is wanted for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HostNeed>))]
public enum HostNeed
{
    /// <summary>Kernel vDPA devices.</summary>
    [JsonStringEnumMemberName("vdpa")]
    Vdpa,

    /// <summary>Virtual functions of the Kunpeng accelerator.</summary>
    [JsonStringEnumMemberName("kae")]
    Kae,
}

/// <summary>A check of a host.</summary>
/// <param name="Layer">What it is about.</param>
/// <param name="Essential">Whether the layer is missing when it fails; others are advice.</param>
/// <param name="Check">What was found.</param>
public sealed record HostCheck(HostLayer Layer, bool Essential, Check Check);

/// <summary>Makes the checks of one layer and weight.</summary>
internal readonly record struct Judge(HostLayer Layer, CheckSeverity Severity, bool Essential = false)
{
    internal HostCheck Pass(string id, string message) => new(Layer, Essential, new(id, Severity, CheckResult.Pass, message));

    internal HostCheck Fail(string id, string message, string? remedy) => new(Layer, Essential, new(id, Severity, CheckResult.Fail, message, remedy));

    internal HostCheck Unknown(string id, string message, string? remedy = null) => new(Layer, Essential, new(id, Severity, CheckResult.Unknown, message, remedy));
}
