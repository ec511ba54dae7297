using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

internal static unsafe partial class LibVirt
{
    [LibraryImport(Library)]
    internal static partial int virEventRegisterDefaultImpl();

    [LibraryImport(Library)]
    internal static partial int virEventRunDefaultImpl();

    // One generic callback type in C; each event's real signature is in DomainEvents.
    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventRegisterAny(
        ConnectHandle conn, nint dom, int eventID, void* cb, void* opaque, delegate* unmanaged<void*, void> freecb);

    [LibraryImport(Library)]
    internal static partial int virConnectDomainEventDeregisterAny(ConnectHandle conn, int callbackID);

    [LibraryImport(QemuLibrary, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virConnectDomainQemuMonitorEventRegister(
        ConnectHandle conn, nint dom, string? @event, void* cb, void* opaque, delegate* unmanaged<void*, void> freecb, uint flags);

    [LibraryImport(QemuLibrary)]
    internal static partial int virConnectDomainQemuMonitorEventDeregister(ConnectHandle conn, int callbackID);
}
