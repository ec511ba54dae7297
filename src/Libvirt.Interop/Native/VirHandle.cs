using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

/// <summary>Base of the handles to libvirt's reference-counted objects.</summary>
internal abstract class VirHandle : SafeHandle
{
    private static int _open;

    protected VirHandle()
        : base(0, ownsHandle: true)
    {
    }

    /// <summary>How many handles are held now, in the whole process: what a leak test watches.</summary>
    internal static int OpenCount => Volatile.Read(ref _open);

    public override bool IsInvalid => handle == 0;

    /// <summary>Called once for every handle that a native call really returned.</summary>
    internal static void Opened() => Interlocked.Increment(ref _open);

    protected sealed override bool ReleaseHandle()
    {
        Interlocked.Decrement(ref _open);
        return Release(handle);
    }

    protected abstract bool Release(nint pointer);
}

/// <summary>A <c>virConnectPtr</c>.</summary>
internal sealed class ConnectHandle : VirHandle
{
    protected override bool Release(nint pointer) => LibVirt.virConnectClose(pointer) >= 0;
}

/// <summary>A <c>virDomainPtr</c>. It holds its own reference on the connection, in C: it may outlive the <see cref="ConnectHandle"/>.</summary>
internal sealed class DomainHandle : VirHandle
{
    public DomainHandle()
    {
    }

    internal DomainHandle(nint owned) => SetHandle(owned);

    protected override bool Release(nint pointer) => LibVirt.virDomainFree(pointer) == 0;
}

/// <summary>A <c>virNodeDevicePtr</c>. It holds its own reference on the connection, in C.</summary>
internal sealed class NodeDeviceHandle : VirHandle
{
    public NodeDeviceHandle()
    {
    }

    internal NodeDeviceHandle(nint owned) => SetHandle(owned);

    protected override bool Release(nint pointer) => LibVirt.virNodeDeviceFree(pointer) == 0;
}
