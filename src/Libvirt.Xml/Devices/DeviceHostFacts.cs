namespace Libvirt.Xml.Devices;

/// <summary>What a host tells about a device of a domain, as far as it was asked. All of it may be absent.</summary>
public sealed record DeviceHostFacts
{
    /// <summary>The vDPA management device, such as <c>pci/0000:08:01.1</c>, <c>vdpasim_net</c> or <c>auxiliary/mlx5_core.sf.2</c>.</summary>
    public string? ManagementDevice { get; init; }

    /// <summary>The kernel driver that made the vDPA device: <c>vdpasim_net</c>, <c>mlx5_core</c>, <c>vp_vdpa</c>, <c>ifcvf</c>, <c>vduse</c>, a vendor's own.</summary>
    public string? ParentDriver { get; init; }

    /// <summary>The VFIO driver that a PCI function is bound to: <c>hisi_acc_vfio_pci</c>, <c>mlx5_vfio_pci</c>, <c>vfio-pci</c>.</summary>
    public string? VfioDriver { get; init; }

    /// <summary>The PCI vendor of the function, such as 0x19e5; 0x1af4 is virtio.</summary>
    public int? VendorId { get; init; }

    /// <summary>The PCI device number of the function, such as 0xa251.</summary>
    public int? DeviceId { get; init; }

    /// <summary>What the guest sees, from the vdpa bus.</summary>
    public VirtioClass? VirtioClass { get; init; }

    /// <summary>Whether the vhost-vdpa backend can be suspended (VHOST_BACKEND_F_SUSPEND): Linux 6.0 and a driver with it.</summary>
    public bool? BackendSuspend { get; init; }

    /// <summary>What QEMU's <c>query-migrate</c> says of this device; empty when it says that nothing is in the way; <see langword="null"/> when it wasn't asked.</summary>
    public IReadOnlyList<string>? BlockedReasons { get; init; }

    /// <summary>Whether it is a virtual function of a Kunpeng accelerator: ZIP, SEC or HPRE.</summary>
    public bool IsKaeFunction => VendorId == 0x19e5 && (DeviceId is 0xa251 or 0xa256 or 0xa259);

    /// <summary>A device's scheme, where the host tells more than the document: VDUSE among kernel vDPA devices, virtio functions among PCI functions.</summary>
    /// <param name="device">The device.</param>
    public DeviceScheme SchemeOf(DomainDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device switch
        {
            { Scheme: DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa } when ParentDriver == "vduse" || ManagementDevice == "vduse" => DeviceScheme.Vduse,
            PciHostDevice or HostdevInterface when VendorId == 0x1af4 => DeviceScheme.VirtioPassthrough,
            _ => device.Scheme,
        };
    }
}
