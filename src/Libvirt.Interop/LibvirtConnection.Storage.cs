using Libvirt.Interop.Native;

namespace Libvirt.Interop;

public sealed partial class LibvirtConnection
{
    /// <summary>Finds the pool of a folder or device, active or not, or returns <see langword="null"/>.</summary>
    /// <param name="path">The folder on the host.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.NoSupport"/>: the daemon has no driver for storage.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-storage.html#virStoragePoolLookupByTargetPath"/></remarks>
    public LibvirtStoragePool? TryLookupStoragePoolByTarget(string path) =>
        VirCall.CheckOrAbsent(LibVirt.virStoragePoolLookupByTargetPath(_handle, VirCall.Text(path)), nameof(LibVirt.virStoragePoolLookupByTargetPath)) is { } handle
            ? new(_handle, handle)
            : null;

    /// <summary>Starts a transient pool: when it ends, nothing is left of it.</summary>
    /// <param name="document">The pool's document.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.NoSupport"/>: the daemon has no driver for storage.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-storage.html#virStoragePoolCreateXML"/></remarks>
    public LibvirtStoragePool CreateStoragePool(string document) =>
        new(_handle, VirCall.Check(LibVirt.virStoragePoolCreateXML(_handle, VirCall.Text(document), 0), nameof(LibVirt.virStoragePoolCreateXML)));
}
