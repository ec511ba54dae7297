using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>A device of a host (<c>virNodeDevicePtr</c>).</summary>
public sealed class LibvirtNodeDevice : IDisposable
{
    private readonly NodeDeviceHandle _handle;

    internal LibvirtNodeDevice(NodeDeviceHandle handle) => _handle = handle;

    /// <summary>libvirt's name of the device, such as <c>pci_0000_31_00_1</c> or <c>vdpa_vdpa0</c>.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceGetName"/></remarks>
    public string Name => VirCall.Check(LibVirt.virNodeDeviceGetName(_handle), nameof(LibVirt.virNodeDeviceGetName));

    /// <summary>The device's document.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceGetXMLDesc"/></remarks>
    public string GetXml() => VirCall.Check(LibVirt.virNodeDeviceGetXMLDesc(_handle, 0), nameof(LibVirt.virNodeDeviceGetXMLDesc));

    /// <summary>Takes a PCI device from its host driver and binds it to one for guests.</summary>
    /// <param name="driver">The driver; libvirt's default (<c>vfio</c>) when <see langword="null"/>. Names of variant drivers need libvirt 9.7.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceDetachFlags"/></remarks>
    public void Detach(string? driver = null) =>
        VirCall.Check(LibVirt.virNodeDeviceDetachFlags(_handle, driver is null ? null : VirCall.Text(driver), 0), nameof(LibVirt.virNodeDeviceDetachFlags));

    /// <summary>Gives a PCI device back to its host driver.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceReAttach"/></remarks>
    public void ReAttach() => VirCall.Check(LibVirt.virNodeDeviceReAttach(_handle), nameof(LibVirt.virNodeDeviceReAttach));

    /// <summary>Lets go of the device.</summary>
    public void Dispose() => _handle.Dispose();
}
