namespace Libvirt.Interop;

/// <summary>Which devices of a host to list, by their capability.</summary>
[Flags]
[NativeEnum("VIR_CONNECT_LIST_NODE_DEVICES_CAP_")]
public enum NodeDeviceCapabilities : uint
{
    /// <summary>All devices.</summary>
    None = 0,

    /// <summary><c>VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM</c>: the computer itself.</summary>
    System = 1 << 0,

    /// <summary><c>VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV</c>: PCI devices.</summary>
    PciDev = 1 << 1,

    /// <summary><c>VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET</c>: network interfaces.</summary>
    Net = 1 << 4,

    /// <summary><c>VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV</c>: mediated devices.</summary>
    Mdev = 1 << 14,

    /// <summary><c>VIR_CONNECT_LIST_NODE_DEVICES_CAP_VDPA</c>: vDPA devices; since libvirt 6.9, and openEuler's 6.2.</summary>
    Vdpa = 1 << 17,
}
