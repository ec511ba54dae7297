namespace Libvirt.Xml.Tests;

/// <summary>Hosts that the tests write for.</summary>
internal static class Dialects
{
    /// <summary>openEuler 22.03 LTS SP4: libvirt 6.2, QEMU 6.2, everything of its own backported.</summary>
    internal static HostDialect OpenEuler2203 { get; } = new() { LibvirtVersion = 6_002_000, QemuVersion = 6_002_000, VdpaHostDevice = true, MigrationAttribute = true, GenericVdpaDevice = true };

    /// <summary>openEuler 24.03 LTS SP3.</summary>
    internal static HostDialect OpenEuler2403 { get; } = new()
    {
        LibvirtVersion = 9_010_000,
        QemuVersion = 8_002_000,
        VdpaHostDevice = true,
        MigrationAttribute = true,
        VdpaInterface = true,
        VhostVdpaDisk = true,
        GenericVdpaDevice = true,
    };

    /// <summary>A stock host of 2025.</summary>
    internal static HostDialect Upstream { get; } = new()
    {
        LibvirtVersion = 11_003_000,
        QemuVersion = 10_000_002,
        VdpaInterface = true,
        VhostVdpaDisk = true,
        VhostVdpaDiskUsable = true,
        GenericVdpaDevice = true,
    };
}
