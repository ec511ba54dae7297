using Libvirt.Interop.Native;

namespace Libvirt.Interop;

public sealed partial class LibvirtConnection
{
    /// <summary>Lists the host's devices. The caller owns what is returned.</summary>
    /// <param name="capabilities">Which devices; none means all.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.NoSupport"/>: the daemon has no driver for node devices.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-nodedev.html#virConnectListAllNodeDevices"/></remarks>
    public unsafe IReadOnlyList<LibvirtNodeDevice> ListNodeDevices(NodeDeviceCapabilities capabilities = NodeDeviceCapabilities.None)
    {
        nint* native = null;
        int count = VirCall.Check(LibVirt.virConnectListAllNodeDevices(_handle, &native, (uint)capabilities), nameof(LibVirt.virConnectListAllNodeDevices));
        var devices = new LibvirtNodeDevice[count];
        for (int i = 0; i < count; i++)
        {
            var handle = new NodeDeviceHandle(native[i]);
            VirHandle.Opened();
            devices[i] = new(handle);
        }

        System.Runtime.InteropServices.NativeMemory.Free(native);
        return devices;
    }

    /// <summary>Finds a device of the host by libvirt's name of it, or returns <see langword="null"/>.</summary>
    /// <param name="name">The name, such as <c>pci_0000_31_00_1</c>.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceLookupByName"/></remarks>
    public LibvirtNodeDevice? TryLookupNodeDevice(string name) =>
        VirCall.CheckOrAbsent(LibVirt.virNodeDeviceLookupByName(_handle, VirCall.Text(name)), nameof(LibVirt.virNodeDeviceLookupByName)) is { } handle ? new(handle) : null;
}
