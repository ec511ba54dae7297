using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Libvirt.Interop.Native;

/// <summary>A <c>char *</c> that the caller owns: copied, then freed with C's <c>free</c>.</summary>
[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedOut, typeof(OwnedString))]
internal static unsafe class OwnedString
{
    public static string? ConvertToManaged(byte* unmanaged) => Marshal.PtrToStringUTF8((nint)unmanaged);

    public static void Free(byte* unmanaged) => NativeMemory.Free(unmanaged);
}

/// <summary>A <c>const char *</c> that stays libvirt's: copied only.</summary>
[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedOut, typeof(BorrowedString))]
internal static unsafe class BorrowedString
{
    public static string? ConvertToManaged(byte* unmanaged) => Marshal.PtrToStringUTF8((nint)unmanaged);
}
