namespace Libvirt.Xml.Devices;

/// <summary>
/// The vdpa-net simulation: virtio-net in QEMU that behaves like a vDPA card with live-migration registers (<see cref="VdpaNetRegisterMap"/>), to try migrations of nested guests.
/// Its <c>vdpa</c> property was in QEMU's development tree in March 2024 and was reverted upstream before a release; only a QEMU built with it has it.
/// Needs a tap with <c>vhost=off</c>, a split ring, and for nested use a q35 machine with an IOMMU.
/// </summary>
public sealed record VdpaNetSimulation : CommandLineDevice
{
    internal const string IommuArgument = "intel-iommu,intremap=on,device-iotlb=on,aw-bits=48";

    /// <summary>The name that ties the network backend to the device.</summary>
    public required string NetworkId { get; init; }

    /// <summary>The tap on the host; <see langword="null"/> lets QEMU make one.</summary>
    public string? Tap { get; init; }

    /// <summary>The MAC address.</summary>
    public string? Mac { get; init; }

    /// <summary>Whether the device goes through the guest's IOMMU, with address translation services: for nested use.</summary>
    public bool BehindIommu { get; init; } = true;

    /// <summary>Whether the arguments also bring QEMU's Intel IOMMU, directly in front. A guest has one at most.</summary>
    public bool WithIntelIommu { get; init; }

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => Devices.VirtioClass.Net;

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.VdpaNetSimulation;

    /// <inheritdoc/>
    public override string? HostResource => Tap;

    /// <inheritdoc/>
    public override string Kind => "-device virtio-net-pci,vdpa=on";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arguments =>
    [
        .. WithIntelIommu ? (string[])["-device", IommuArgument] : [],
        "-netdev",
        $"tap,id={QemuOptions.Escape(NetworkId)}{QemuOptions.Part("ifname", Tap)},script=no,downscript=no,vhost=off",
        "-device",
        $"virtio-net-pci,netdev={QemuOptions.Escape(NetworkId)}{QemuOptions.Part("id", Id)}{QemuOptions.Part("mac", Mac)}{QemuOptions.Part("bus", Bus)}{QemuOptions.Part("addr", Address)}"
            + $"{(BehindIommu ? ",iommu_platform=on,ats=on" : "")},vdpa=on",
    ];

    internal static bool Is(QemuOptions options) => options["driver"]?.StartsWith("virtio-net-pci", StringComparison.Ordinal) == true && options.Switch("vdpa") == true;

    internal static VdpaNetSimulation Read(QemuOptions device, QemuOptions? network, bool withIntelIommu, DeviceElement argument)
    {
        if (network is null)
        {
            argument.Error($"there is no -netdev with the id '{device["netdev"]}'", "value");
        }
        else if (network["type"] != "tap" || network.Switch("vhost") == true)
        {
            argument.Error("the vdpa-net simulation needs a tap with vhost=off: with vhost the kernel would move the data past the simulated registers", "value");
        }

        if (device.Switch("packed") == true)
        {
            argument.Error("the vdpa-net simulation saves the state of split rings only: leave 'packed' off", "value");
        }

        return new()
        {
            NetworkId = device["netdev"] ?? "",
            Tap = network?["ifname"],
            Id = device["id"],
            Mac = device["mac"],
            Bus = device["bus"],
            Address = device["addr"],
            BehindIommu = device.Switch("iommu_platform") == true,
            WithIntelIommu = withIntelIommu,
        };
    }

    internal override bool IsSameAs(DomainDevice other) => other is VdpaNetSimulation simulation && simulation.NetworkId == NetworkId;
}
