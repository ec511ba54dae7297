namespace Libvirt.Xml;

/// <summary>The two families of domain documents.</summary>
public enum DialectName
{
    /// <summary>Stock libvirt: vDPA as an interface, a disk, or a generic device on QEMU's command line.</summary>
    Upstream,

    /// <summary>openEuler's libvirt: <c>&lt;hostdev type='vdpa'&gt;</c> and the <c>migration</c> attribute of host devices.</summary>
    OpenEuler,
}

/// <summary>
/// What a host's libvirt and QEMU understand, each part as the host itself answered when asked: versions alone don't tell.
/// Devices are written for the dialect of the host they go to, or refused.
/// </summary>
public sealed record HostDialect
{
    /// <summary>The family.</summary>
    public DialectName Name => VdpaHostDevice || MigrationAttribute ? DialectName.OpenEuler : DialectName.Upstream;

    /// <summary>A version as people read it: <c>10.0.2</c>.</summary>
    /// <param name="version"><c>major * 1000000 + minor * 1000 + release</c>, as libvirt tells its own and QEMU's.</param>
    public static string VersionText(long version) => FormattableString.Invariant($"{version / 1_000_000}.{version / 1000 % 1000}.{version % 1000}");

    /// <summary>The host's libvirt, <c>major * 1000000 + minor * 1000 + release</c>; 0 when unknown.</summary>
    public long LibvirtVersion { get; init; }

    /// <summary>The host's QEMU in the same form; 0 when unknown.</summary>
    public long QemuVersion { get; init; }

    /// <summary><c>&lt;hostdev type='vdpa'&gt;</c> is understood: openEuler 22.03 LTS SP3, 24.03 LTS and later.</summary>
    public bool VdpaHostDevice { get; init; }

    /// <summary><c>migration='on|off'</c> of <c>&lt;hostdev&gt;</c> is understood: openEuler 22.03 LTS SP4, 24.03 LTS SP3 and later. Stock libvirt drops it without a word.</summary>
    public bool MigrationAttribute { get; init; }

    /// <summary><c>iommufd='N'</c> of <c>&lt;hostdev&gt;</c> is understood: openEuler's. Stock libvirt drops it.</summary>
    public bool IommuFdAttribute { get; init; }

    /// <summary><c>&lt;interface type='vdpa'&gt;</c> is understood: libvirt 6.9.</summary>
    public bool VdpaInterface { get; init; }

    /// <summary><c>&lt;disk type='vhostvdpa'&gt;</c> is understood by libvirt (9.8); its QEMU may still lack libblkio: <see cref="VhostVdpaDiskUsable"/>.</summary>
    public bool VhostVdpaDisk { get; init; }

    /// <summary>The host's QEMU can open a <c>vhostvdpa</c> disk: it was built with libblkio.</summary>
    public bool VhostVdpaDiskUsable { get; init; }

    /// <summary>QEMU has the generic vDPA device (<c>vhost-vdpa-device-pci</c>): QEMU 8.0, openEuler's 6.2; <see langword="null"/> when it could not be asked.</summary>
    public bool? GenericVdpaDevice { get; init; }

    /// <summary>QEMU has the <c>vdpa</c> property of virtio-net, the vdpa-net simulation: none that was released; <see langword="null"/> when it was not asked.</summary>
    public bool? VdpaNetSimulation { get; init; }
}
