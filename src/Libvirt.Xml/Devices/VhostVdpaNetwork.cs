using System.Globalization;

namespace Libvirt.Xml.Devices;

/// <summary>
/// QEMU's own vDPA network card, <c>-netdev vhost-vdpa</c> with a virtio-net device, passed through <c>&lt;qemu:commandline&gt;</c>: since QEMU 5.1. What <see cref="VdpaInterface"/> becomes,
/// for hosts whose libvirt lacks that, or to have <c>x-svq</c>. As with <see cref="GenericVdpaDevice"/> libvirt knows nothing of it.
/// </summary>
public sealed record VhostVdpaNetwork : CommandLineDevice
{
    /// <summary>The node, such as <c>/dev/vhost-vdpa-0</c>.</summary>
    public required string SourceDevice { get; init; }

    /// <summary>The name that ties the network backend to the device.</summary>
    public required string NetworkId { get; init; }

    /// <summary>The MAC address.</summary>
    public string? Mac { get; init; }

    /// <summary>The number of queue pairs; <see langword="null"/> for one.</summary>
    public int? Queues { get; init; }

    /// <summary>Whether QEMU always stands between guest and device (<c>x-svq</c>, since 7.1, experimental): slower, and it can migrate.</summary>
    public bool ShadowVirtqueue { get; init; }

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => Devices.VirtioClass.Net;

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.KernelVdpa;

    /// <inheritdoc/>
    public override string? HostResource => SourceDevice;

    /// <inheritdoc/>
    public override string Kind => "-netdev vhost-vdpa";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arguments =>
    [
        "-netdev",
        $"vhost-vdpa,id={QemuOptions.Escape(NetworkId)},vhostdev={QemuOptions.Escape(SourceDevice)}{QemuOptions.Part("queues", Queues?.ToString(CultureInfo.InvariantCulture))}{(ShadowVirtqueue ? ",x-svq=on" : "")}",
        "-device",
        $"virtio-net-pci,netdev={QemuOptions.Escape(NetworkId)}{QemuOptions.Part("id", Id)}{QemuOptions.Part("mac", Mac)}{QemuOptions.Part("bus", Bus)}{QemuOptions.Part("addr", Address)}",
    ];

    internal static bool Is(QemuOptions device, QemuOptions? network) => device["driver"]?.StartsWith("virtio-net-pci", StringComparison.Ordinal) == true && network?["type"] == "vhost-vdpa";

    internal static VhostVdpaNetwork Read(QemuOptions device, QemuOptions network, DeviceElement argument)
    {
        // A descriptor that somebody else opened has no path.
        if (network["vhostdev"] is not null || network["vhostfd"] is null)
        {
            HostPath.CheckVdpaNode(argument, "value", network["vhostdev"]);
        }

        return new()
        {
            SourceDevice = network["vhostdev"] ?? "",
            NetworkId = network["id"] ?? "",
            Mac = device["mac"],
            Queues = network.Number("queues"),
            ShadowVirtqueue = network.Switch("x-svq") == true,
            Id = device["id"],
            Bus = device["bus"],
            Address = device["addr"],
        };
    }

    internal override bool IsSameAs(DomainDevice other) => other is VhostVdpaNetwork network && network.SourceDevice == SourceDevice;
}
