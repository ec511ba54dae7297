using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

/// <summary>
/// The only place that turns a C return value into an exception. libvirt's last error belongs to the calling thread and the next call resets it,
/// so each wrapper passes its result straight through here.
/// </summary>
internal static unsafe class VirCall
{
    internal static int Check(int result, string operation) =>
        result >= 0 ? result : throw LastError(operation);

    internal static THandle Check<THandle>(THandle handle, string operation)
        where THandle : VirHandle
    {
        if (handle.IsInvalid)
        {
            // Before anything is disposed: even a free function would reset the error.
            LibvirtException error = LastError(operation);
            handle.SetHandleAsInvalid();
            throw error;
        }

        VirHandle.Opened();
        return handle;
    }

    internal static string Check(string? text, string operation) => text ?? throw LastError(operation);

    /// <summary>A look-up, where "there is none" is an answer.</summary>
    internal static THandle? CheckOrAbsent<THandle>(THandle handle, string operation)
        where THandle : VirHandle
    {
        if (!handle.IsInvalid)
        {
            VirHandle.Opened();
            return handle;
        }

        LibvirtException error = LastError(operation);
        handle.SetHandleAsInvalid();
        return error.Code is LibvirtErrorCode.NoDomain or LibvirtErrorCode.NoNodeDevice or LibvirtErrorCode.NoStoragePool or LibvirtErrorCode.NoStorageVol ? null : throw error;
    }

    /// <summary>Text for C, which would stop reading at a NUL: a name cut short is another domain's name.</summary>
    internal static string Text(string text, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(text))] string? name = null) =>
        text.Contains('\0', StringComparison.Ordinal) ? throw new ArgumentException("Text for libvirt contains a NUL character.", name) : text;

    internal static void Require(string function)
    {
        if (!LibVirt.Has(function))
        {
            throw new NotSupportedException($"The libvirt installed here has no {function}.");
        }
    }

    internal static LibvirtException LastError(string operation)
    {
        VirError* error = LibVirt.virGetLastError();
        return error is null || error->code == 0
            ? new LibvirtException(LibvirtErrorCode.InternalError, 0, operation, "libvirt reported a failure without an error")
            : new LibvirtException(
                (LibvirtErrorCode)error->code,
                error->domain,
                operation,
                Marshal.PtrToStringUTF8((nint)error->message)?.TrimEnd() ?? "unknown error");
    }
}
