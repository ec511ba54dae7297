using System.Text.Json.Serialization;

namespace Orchestrator.Devices;

/// <summary>What kind of device a vDPA device is to its guest.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VdpaClass>))]
public enum VdpaClass
{
    /// <summary>Neither of the others, or not known.</summary>
    [JsonStringEnumMemberName("other")]
    Other,

    /// <summary>A network card.</summary>
    [JsonStringEnumMemberName("net")]
    Net,

    /// <summary>A disk.</summary>
    [JsonStringEnumMemberName("block")]
    Block,
}

/// <summary>A management device: what vDPA devices are made on. What the host does not tell is <see langword="null"/>.</summary>
public sealed record VdpaManagementDevice
{
    /// <summary>Its name: <c>pci/0000:08:01.1</c>, <c>auxiliary/mlx5_core.sf.2</c>, <c>vdpasim_net</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it can make.</summary>
    public IReadOnlyList<VdpaClass> Classes { get; init; } = [];

    /// <summary>How many virtqueues a device can have; 0 when the driver does not tell.</summary>
    public int? MaxVirtqueues { get; init; }

    /// <summary>The features it can offer, by name, or <c>bit_40</c> for one without.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>The driver of the parent, such as <c>vp-vdpa</c> or <c>mlx5_core</c>.</summary>
    public string? Driver { get; init; }

    /// <summary>The parent's NUMA node.</summary>
    public int? NumaNode { get; init; }

    /// <summary>The scalable function it is (<c>mlx5_core.sf.2</c>).</summary>
    public string? ScalableFunction => ScalableFunctionOf(Name);

    /// <summary>The scalable function that a management device is, by its name.</summary>
    internal static string? ScalableFunctionOf(string? name) =>
        name is not null && name.StartsWith("auxiliary/", StringComparison.Ordinal) && name.Contains(".sf.", StringComparison.Ordinal) ? name["auxiliary/".Length..] : null;
}

/// <summary>A vDPA device of a host. What the host does not tell is <see langword="null"/>.</summary>
public sealed record VdpaDevice
{
    /// <summary>Its name, by which it is found again: the number of its character device is given to another when it goes.</summary>
    public required string Name { get; init; }

    /// <summary>What kind of device it is.</summary>
    public VdpaClass Class { get; init; }

    /// <summary>What it was made on.</summary>
    public string? ManagementDevice { get; init; }

    /// <summary>The vendor's id; 6900 (0x1af4) for virtio.</summary>
    public long? VendorId { get; init; }

    /// <summary>How many virtqueues it has at most.</summary>
    public int? MaxVirtqueues { get; init; }

    /// <summary>How many entries a virtqueue has at most.</summary>
    public int? MaxVirtqueueSize { get; init; }

    /// <summary>The MAC address of a network card.</summary>
    public string? Mac { get; init; }

    /// <summary>The MTU of a network card, in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>How many pairs of virtqueues a network card has at most.</summary>
    public int? MaxVirtqueuePairs { get; init; }

    /// <summary>The features its driver negotiated; empty while no driver is up.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>Whether the host told the configuration: MAC, MTU and pairs of virtqueues, of which a network card has one when none is named. Linux 5.17 to 6.0 does not before a driver is up.</summary>
    public bool ConfigurationTold { get; init; }

    /// <summary>The bound driver: <c>vhost_vdpa</c> (for guests), <c>virtio_vdpa</c> (for the host itself), or none.</summary>
    public string? Driver { get; init; }

    /// <summary>The character device, while vhost_vdpa has it: <c>/dev/vhost-vdpa-N</c>.</summary>
    public string? CharDevice { get; init; }

    /// <summary>The address of the PCI device it belongs to.</summary>
    public string? PciParent { get; init; }

    /// <summary>The parent's NUMA node.</summary>
    public int? NumaNode { get; init; }

    /// <summary>The scalable function it belongs to.</summary>
    public string? ScalableFunction { get; init; }

    /// <summary>Who uses it.</summary>
    public IReadOnlyList<DeviceUser> Users { get; init; } = [];

    /// <summary>
    /// Whether the users are known: every process could be looked into, or libvirt told which domains use it. Where not, a device without users may have some.
    /// </summary>
    public bool UsersKnown { get; init; } = true;
}
