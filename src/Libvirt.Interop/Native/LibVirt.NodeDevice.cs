using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Libvirt.Interop.Native;

internal static unsafe partial class LibVirt
{
    [LibraryImport(Library)]
    internal static partial int virConnectListAllNodeDevices(ConnectHandle conn, nint** devices, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial NodeDeviceHandle virNodeDeviceLookupByName(ConnectHandle conn, string name);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedString))]
    internal static partial string? virNodeDeviceGetName(NodeDeviceHandle dev);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(OwnedString))]
    internal static partial string? virNodeDeviceGetXMLDesc(NodeDeviceHandle dev, uint flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int virNodeDeviceDetachFlags(NodeDeviceHandle dev, string? driverName, uint flags);

    [LibraryImport(Library)]
    internal static partial int virNodeDeviceReAttach(NodeDeviceHandle dev);

    [LibraryImport(Library)]
    internal static partial int virNodeDeviceFree(nint dev);
}
