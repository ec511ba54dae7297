namespace Libvirt.Xml.Devices;

/// <summary>
/// How a device is virtualised: where its control path and its data path run. A document alone doesn't tell kernel vDPA from VDUSE, or a virtio function from another
/// PCI function: there the host's management device or the function's vendor does.
/// </summary>
public enum DeviceScheme
{
    /// <summary>Trap and emulate: both paths in QEMU, hardware that once existed (e1000, ide).</summary>
    Emulated,

    /// <summary>virtio, both paths in QEMU.</summary>
    Virtio,

    /// <summary>virtio with the data path in the host's kernel (vhost-net, vhost-vsock).</summary>
    VhostKernel,

    /// <summary>A PCI function, usually an SR-IOV virtual function, handed to the guest through VFIO: both paths in hardware.</summary>
    Sriov,

    /// <summary>virtio with the data path in another process (OVS-DPDK, SPDK).</summary>
    VhostUser,

    /// <summary>User-space vDPA: control path through vhost-user to a process (DPDK), data path in hardware. For libvirt a vhost-user device like any other.</summary>
    UserVdpa,

    /// <summary>Kernel vDPA: control path through vhost-vdpa, data path in hardware.</summary>
    KernelVdpa,

    /// <summary>VDUSE: a vDPA device whose data path is a process of the host.</summary>
    Vduse,

    /// <summary>QEMU's generic vDPA device, <c>vhost-vdpa-device-pci</c>: any virtio class over vhost-vdpa.</summary>
    GenericVdpa,

    /// <summary>The vdpa-net simulation: virtio-net in QEMU with the live-migration registers of a vDPA card.</summary>
    VdpaNetSimulation,

    /// <summary>A virtio function (physical or virtual) handed to the guest through VFIO.</summary>
    VirtioPassthrough,

    /// <summary>A mediated device of a host driver.</summary>
    MediatedDevice,

    /// <summary>Another device of the host: USB, SCSI, storage or network capabilities.</summary>
    HostPassthrough,

    /// <summary>Not a device in this sense, or not known.</summary>
    Other,
}
