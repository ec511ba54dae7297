using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

/// <summary>The functions of libvirt.so.0 and libvirt-qemu.so.0, under their own names; a file per group.</summary>
internal static partial class LibVirt
{
    // The versioned names: a host has them without any -dev package.
    internal const string Library = "libvirt.so.0";
    internal const string QemuLibrary = "libvirt-qemu.so.0";

    private static readonly nint LibraryHandle = Load(Library);
    private static readonly nint QemuLibraryHandle = Load(QemuLibrary);

    /// <summary>Whether libvirt itself can be loaded.</summary>
    internal static bool IsAvailable => LibraryHandle != 0;

    /// <summary>Whether the installed library has a function: 6.2.0 is the oldest that must work, and some functions are newer.</summary>
    internal static bool Has(string function) =>
        Exports(LibraryHandle, function) || Exports(QemuLibraryHandle, function);

    private static bool Exports(nint library, string function) =>
        library != 0 && NativeLibrary.TryGetExport(library, function, out _);

    private static nint Load(string name) =>
        NativeLibrary.TryLoad(name, typeof(LibVirt).Assembly, null, out nint handle) ? handle : 0;
}
