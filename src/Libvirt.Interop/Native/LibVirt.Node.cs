using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

internal static unsafe partial class LibVirt
{
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virConnectCompareHypervisorCPU(
        ConnectHandle conn, string? emulator, string? arch, string? machine, string? virttype, string xmlCPU, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeGetFreePages(ConnectHandle conn, uint npages, uint* pages, int startcell, uint cellcount, ulong* counts, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeGetMemoryStats(ConnectHandle conn, int cellNum, VirNodeMemoryStats* parameters, int* nparams, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virDomainGetBlockJobInfo(DomainHandle dom, string disk, VirDomainBlockJobInfo* info, uint flags);

    [LibraryImport(Library)]
    internal static partial int virDomainGetMessages(DomainHandle domain, byte*** msgs, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial StorageVolumeHandle virStorageVolLookupByPath(ConnectHandle conn, string path);

    [LibraryImport(Library)]
    internal static partial int virStorageVolFree(nint vol);
}

/// <summary>A <c>virStorageVolPtr</c>. It holds its own reference on the connection, in C.</summary>
internal sealed class StorageVolumeHandle : VirHandle
{
    protected override bool Release(nint pointer) => LibVirt.virStorageVolFree(pointer) == 0;
}
