using System.Diagnostics;
using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

public sealed unsafe partial class LibvirtConnection
{
    private const int EventIdLifecycle = 0;
    private const int EventIdMigrationIteration = 20;
    private const int EventIdJobCompleted = 21;

    private readonly Lock _streamsLock = new();
    private readonly List<IDisposable> _streams = [];

    /// <summary>Whether the installed libvirt can pass on QEMU's own events (libvirt-qemu.so.0).</summary>
    public static bool HasQemuMonitorEvents => LibVirt.Has(nameof(LibVirt.virConnectDomainQemuMonitorEventRegister));

    /// <summary>Lifecycle events of all domains.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<DomainLifecycleEvent> SubscribeLifecycle() =>
        Subscribe<DomainLifecycleEvent>(EventIdLifecycle, (delegate* unmanaged<nint, nint, int, int, void*, int>)&OnLifecycle);

    /// <summary>Iterations of migrations of all domains. Since libvirt 1.3.2.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<MigrationIterationEvent> SubscribeMigrationIteration() =>
        Subscribe<MigrationIterationEvent>(EventIdMigrationIteration, (delegate* unmanaged<nint, nint, int, void*, void>)&OnIteration);

    /// <summary>Ended jobs of all domains. Since libvirt 1.3.3.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<JobCompletedEvent> SubscribeJobCompleted() =>
        Subscribe<JobCompletedEvent>(EventIdJobCompleted, (delegate* unmanaged<nint, nint, VirTypedParameter*, int, void*, void>)&OnJobCompleted);

    /// <summary>All events of the monitors of all QEMU domains, those not running yet included.</summary>
    /// <exception cref="NotSupportedException">libvirt-qemu.so.0 is not installed.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-qemu.html#virConnectDomainQemuMonitorEventRegister"/></remarks>
    public EventStream<QemuMonitorEvent> SubscribeQemuMonitor()
    {
        VirCall.Require(nameof(LibVirt.virConnectDomainQemuMonitorEventRegister));
        var stream = new EventStream<QemuMonitorEvent>();
        delegate* unmanaged<nint, nint, byte*, long, uint, byte*, void*, void> callback = &OnQemuMonitor;
        int id = Register(stream, opaque => LibVirt.virConnectDomainQemuMonitorEventRegister(_handle, 0, null, callback, opaque, &FreeStream, 0),
            nameof(LibVirt.virConnectDomainQemuMonitorEventRegister));
        return Keep(stream, () => LibVirt.virConnectDomainQemuMonitorEventDeregister(_handle, id));
    }

    /// <summary>The end of this connection, if the transport ends before it is disposed of: one event, with the reason.</summary>
    /// <exception cref="LibvirtException">The driver has no such event, or it is watched already.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectRegisterCloseCallback"/></remarks>
    public EventStream<ConnectCloseReason> SubscribeClose()
    {
        var stream = new EventStream<ConnectCloseReason>();
        Register(stream, opaque => LibVirt.virConnectRegisterCloseCallback(_handle, &OnClose, opaque, &FreeStream), nameof(LibVirt.virConnectRegisterCloseCallback));
        return Keep(stream, () => LibVirt.virConnectUnregisterCloseCallback(_handle, &OnClose));
    }

    private EventStream<T> Subscribe<T>(int eventId, void* callback)
    {
        var stream = new EventStream<T>();
        int id = Register(stream, opaque => LibVirt.virConnectDomainEventRegisterAny(_handle, 0, eventId, callback, opaque, &FreeStream),
            nameof(LibVirt.virConnectDomainEventRegisterAny));
        return Keep(stream, () => LibVirt.virConnectDomainEventDeregisterAny(_handle, id));
    }

    private delegate int RegisterCall(void* opaque);

    // C keeps a GCHandle to the stream and gives it back through FreeStream, on the event loop, after the last callback.
    private static int Register(object stream, RegisterCall register, string operation)
    {
        GCHandle self = GCHandle.Alloc(stream);
        int id = register((void*)GCHandle.ToIntPtr(self));
        if (id < 0)
        {
            LibvirtException error = VirCall.LastError(operation);
            self.Free();
            throw error;
        }

        return id;
    }

    private EventStream<T> Keep<T>(EventStream<T> stream, Func<int> deregister)
    {
        // A deregistration that fails (the transport is gone) leaves nothing to do: closing the connection drops its callbacks.
        stream.Registered(() =>
        {
            _ = deregister();
            lock (_streamsLock)
            {
                _streams.Remove(stream);
            }
        });
        lock (_streamsLock)
        {
            _streams.Add(stream);
        }

        return stream;
    }

    private void EndEvents()
    {
        IDisposable[] streams;
        lock (_streamsLock)
        {
            streams = [.. _streams];
        }

        foreach (IDisposable stream in streams)
        {
            stream.Dispose();
        }
    }

    private static EventStream<T> StreamOf<T>(void* opaque) => (EventStream<T>)GCHandle.FromIntPtr((nint)opaque).Target!;

    // The domain is only lent to a callback: its name and UUID are copied at once.
    private static EventOrigin Origin(nint domain)
    {
        long now = Stopwatch.GetTimestamp();
        byte* uuid = stackalloc byte[16];
        _ = LibVirt.virDomainGetUUID(domain, uuid);
        string name = Marshal.PtrToStringUTF8((nint)LibVirt.virDomainGetName(domain)) ?? "";
        return new(now, name, new Guid(new ReadOnlySpan<byte>(uuid, 16), bigEndian: true));
    }

    [UnmanagedCallersOnly]
    private static void FreeStream(void* opaque) => GCHandle.FromIntPtr((nint)opaque).Free();

    [UnmanagedCallersOnly]
    private static int OnLifecycle(nint conn, nint domain, int type, int detail, void* opaque)
    {
        StreamOf<DomainLifecycleEvent>(opaque).Write(new(Origin(domain), (DomainEventType)type, detail));
        return 0;
    }

    [UnmanagedCallersOnly]
    private static void OnIteration(nint conn, nint domain, int iteration, void* opaque) =>
        StreamOf<MigrationIterationEvent>(opaque).Write(new(Origin(domain), iteration));

    [UnmanagedCallersOnly]
    private static void OnJobCompleted(nint conn, nint domain, VirTypedParameter* parameters, int count, void* opaque) =>
        StreamOf<JobCompletedEvent>(opaque).Write(new(Origin(domain), TypedParameters.Read(parameters, count)));

    [UnmanagedCallersOnly]
    private static void OnQemuMonitor(nint conn, nint domain, byte* name, long seconds, uint micros, byte* details, void* opaque)
    {
        // QEMU writes -1 where its clock failed.
        DateTimeOffset? stamp = seconds is > 0 and < 253402300799 && micros < 1_000_000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(micros * 10L)
            : null;
        StreamOf<QemuMonitorEvent>(opaque).Write(
            new(Origin(domain), Marshal.PtrToStringUTF8((nint)name) ?? "", stamp, Marshal.PtrToStringUTF8((nint)details)));
    }

    [UnmanagedCallersOnly]
    private static void OnClose(nint conn, int reason, void* opaque)
    {
        EventStream<ConnectCloseReason> stream = StreamOf<ConnectCloseReason>(opaque);
        stream.Write((ConnectCloseReason)reason);
    }
}
