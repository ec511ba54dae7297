using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

internal static unsafe partial class LibVirt
{
    [LibraryImport(Library)]
    internal static partial StreamHandle virStreamNew(ConnectHandle conn, uint flags);

    // Twice: a domain lends a bare pointer to its connection.
    [LibraryImport(Library)]
    internal static partial StreamHandle virStreamNew(nint conn, uint flags);

    [LibraryImport(Library)]
    internal static partial int virStreamSend(StreamHandle st, byte* data, nuint nbytes);

    [LibraryImport(Library)]
    internal static partial int virStreamRecv(StreamHandle st, byte* data, nuint nbytes);

    [LibraryImport(Library)]
    internal static partial int virStreamFinish(StreamHandle st);

    [LibraryImport(Library)]
    internal static partial int virStreamAbort(StreamHandle st);

    [LibraryImport(Library)]
    internal static partial int virStreamFree(nint st);
}

/// <summary>A <c>virStreamPtr</c>. It holds its own reference on the connection, in C.</summary>
internal sealed class StreamHandle : VirHandle
{
    protected override bool Release(nint pointer) => LibVirt.virStreamFree(pointer) == 0;
}
