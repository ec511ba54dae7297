using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Checks;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Migration;

/// <summary>What one host told for a plan. Only what the domain's devices make worth asking for was asked; what is <see langword="null"/> was not, or could not be told.</summary>
public sealed record PlanningFacts
{
    /// <summary>The host.</summary>
    public required HostIdentity Host { get; init; }

    /// <summary>Whether its daemon runs on this machine, so that its files could be looked at.</summary>
    public bool IsThisMachine { get; init; }

    /// <summary>What its libvirt and QEMU understand.</summary>
    public HostDialect? Dialect { get; init; }

    /// <summary>All that can be observed of the host: for domains with vDPA devices or PCI functions.</summary>
    public HostFacts? Layers { get; init; }

    /// <summary>Its devices of the kinds that the domain uses.</summary>
    public DeviceInventory Inventory { get; init; } = new();

    /// <summary>What it tells about the drivers of its devices, by what documents name them.</summary>
    public IReadOnlyDictionary<string, DeviceHostFacts> Devices { get; init; } = new Dictionary<string, DeviceHostFacts>();

    /// <summary>Of the source: what of the domain could stand in the way.</summary>
    public DomainObstacles? Obstacles { get; init; }

    /// <summary>Of the source: the devices that QEMU has and the document lacks.</summary>
    public IReadOnlyList<QemuDevice>? UnknownDevices { get; init; }

    /// <summary>Of the source: why QEMU would not migrate the domain now.</summary>
    public IReadOnlyList<string>? BlockedReasons { get; init; }

    /// <summary>Of the source: the running domain's document as it is sent.</summary>
    public string? MigratableXml { get; init; }

    /// <summary>Of the source: the domain's definition.</summary>
    public string? DefinitionXml { get; init; }

    /// <summary>Of the destination: what it can offer.</summary>
    public GuestOffer? Offer { get; init; }

    /// <summary>Of the destination: of the files that the guest's QEMU opens, whether they are there; one that could not be looked for is not in it.</summary>
    public IReadOnlyDictionary<string, bool> Files { get; init; } = new Dictionary<string, bool>();

    /// <summary>Whether certificates for encrypted migrations are in their place; <see langword="null"/> when that could not be seen.</summary>
    public bool? HasCertificates { get; init; }
}
