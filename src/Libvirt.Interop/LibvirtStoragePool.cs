using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>A storage pool of a host (<c>virStoragePoolPtr</c>): a folder whose files libvirt can read to us.</summary>
public sealed class LibvirtStoragePool : IDisposable
{
    private readonly ConnectHandle _connection;
    private readonly StoragePoolHandle _handle;

    internal LibvirtStoragePool(ConnectHandle connection, StoragePoolHandle handle) => (_connection, _handle) = (connection, handle);

    /// <summary>The pool's name.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-storage.html#virStoragePoolGetName"/></remarks>
    public string Name => VirCall.Check(LibVirt.virStoragePoolGetName(_handle), nameof(LibVirt.virStoragePoolGetName));

    /// <summary>Looks at the pool's folder again: files that came later are volumes only then.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-storage.html#virStoragePoolRefresh"/></remarks>
    public void Refresh() => VirCall.Check(LibVirt.virStoragePoolRefresh(_handle, 0), nameof(LibVirt.virStoragePoolRefresh));

    /// <summary>Ends the pool; its files stay. A transient one is gone then.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-storage.html#virStoragePoolDestroy"/></remarks>
    public void Destroy() => VirCall.Check(LibVirt.virStoragePoolDestroy(_handle), nameof(LibVirt.virStoragePoolDestroy));

    /// <summary>Reads the end of a volume.</summary>
    /// <param name="volume">The volume's name: in a pool of a folder, the file's.</param>
    /// <param name="bytes">How many bytes at the most, counted from the end that the volume has now.</param>
    /// <returns>The bytes; <see langword="null"/> when the pool knows no such volume.</returns>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-storage.html#virStorageVolDownload"/></remarks>
    public unsafe byte[]? TryReadEnd(string volume, int bytes)
    {
        using StorageVolumeHandle? found = VirCall.CheckOrAbsent(LibVirt.virStorageVolLookupByName(_handle, VirCall.Text(volume)), nameof(LibVirt.virStorageVolLookupByName));
        if (found is null)
        {
            return null;
        }

        VirStorageVolInfo info;
        VirCall.Check(LibVirt.virStorageVolGetInfo(found, &info), nameof(LibVirt.virStorageVolGetInfo));
        ulong length = Math.Min(info.capacity, (ulong)bytes);
        byte[] read = new byte[length];
        if (length == 0)
        {
            return read; // a length of zero would mean all
        }

        using StreamHandle stream = VirCall.Check(LibVirt.virStreamNew(_connection, 0), nameof(LibVirt.virStreamNew));
        VirCall.Check(LibVirt.virStorageVolDownload(found, stream, info.capacity - length, length, 0), nameof(LibVirt.virStorageVolDownload));
        int at = 0;
        bool finished = false;
        try
        {
            fixed (byte* start = read)
            {
                int got;
                do
                {
                    got = VirCall.Check(LibVirt.virStreamRecv(stream, start + at, (nuint)(read.Length - at)), nameof(LibVirt.virStreamRecv));
                    at += got;
                }
                while (got > 0 && at < read.Length);

                // Only what is read to its end can be finished.
                byte more;
                while (got > 0 && VirCall.Check(LibVirt.virStreamRecv(stream, &more, 1), nameof(LibVirt.virStreamRecv)) > 0)
                {
                }
            }

            VirCall.Check(LibVirt.virStreamFinish(stream), nameof(LibVirt.virStreamFinish));
            finished = true;
        }
        finally
        {
            if (!finished)
            {
                _ = LibVirt.virStreamAbort(stream);
            }
        }

        return read[..at];
    }

    /// <summary>Lets go of the pool.</summary>
    public void Dispose() => _handle.Dispose();
}
