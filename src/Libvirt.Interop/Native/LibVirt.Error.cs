using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

internal static unsafe partial class LibVirt
{
    [LibraryImport(Library)]
    internal static partial int virInitialize();

    [LibraryImport(Library)]
    internal static partial int virGetVersion(CULong* libVer, byte* type, CULong* typeVer);

    [LibraryImport(Library)]
    internal static partial VirError* virGetLastError();

    [LibraryImport(Library)]
    internal static partial void virSetErrorFunc(void* userData, delegate* unmanaged<void*, VirError*, void> handler);
}
