using System.Diagnostics;
using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

public sealed unsafe partial class LibvirtConnection
{
    private const int EventIdLifecycle = 0;
    private const int EventIdReboot = 1;
    private const int EventIdDeviceRemoved = 15;
    private const int EventIdDeviceAdded = 19;
    private const int EventIdMigrationIteration = 20;
    private const int EventIdJobCompleted = 21;
    private const int EventIdDeviceRemovalFailed = 22;

    private readonly Lock _streamsLock = new();
    private readonly List<IDisposable> _streams = [];

    /// <summary>Whether the installed libvirt can pass on QEMU's own events (libvirt-qemu.so.0).</summary>
    public static bool HasQemuMonitorEvents => LibVirt.Has(nameof(LibVirt.virConnectDomainQemuMonitorEventRegister));

    /// <summary>Lifecycle events of all domains.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<DomainLifecycleEvent> SubscribeLifecycle() => Subscribe<DomainLifecycleEvent>(EventIdLifecycle);

    /// <summary>Reboots of all domains.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<RebootEvent> SubscribeReboot() => Subscribe<RebootEvent>(EventIdReboot);

    /// <summary>Devices that came to a domain. Since libvirt 1.2.15.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<DeviceAddedEvent> SubscribeDeviceAdded() => Subscribe<DeviceAddedEvent>(EventIdDeviceAdded);

    /// <summary>Devices that a guest let go of. Since libvirt 1.1.1.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<DeviceRemovedEvent> SubscribeDeviceRemoved() => Subscribe<DeviceRemovedEvent>(EventIdDeviceRemoved);

    /// <summary>Devices that a guest refused to let go of. Since libvirt 1.3.4.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<DeviceRemovalFailedEvent> SubscribeDeviceRemovalFailed() => Subscribe<DeviceRemovalFailedEvent>(EventIdDeviceRemovalFailed);

    /// <summary>Iterations of migrations of all domains. Since libvirt 1.3.2.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<MigrationIterationEvent> SubscribeMigrationIteration() => Subscribe<MigrationIterationEvent>(EventIdMigrationIteration);

    /// <summary>Ended jobs of all domains. Since libvirt 1.3.3.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<JobCompletedEvent> SubscribeJobCompleted() => Subscribe<JobCompletedEvent>(EventIdJobCompleted);

    /// <summary>All events of the monitors of all QEMU domains, those not running yet included.</summary>
    /// <exception cref="NotSupportedException">libvirt-qemu.so.0 is not installed.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-qemu.html#virConnectDomainQemuMonitorEventRegister"/></remarks>
    public EventStream<QemuMonitorEvent> SubscribeQemuMonitor()
    {
        VirCall.Require(nameof(LibVirt.virConnectDomainQemuMonitorEventRegister));
        var stream = new EventStream<QemuMonitorEvent>();
        return Keep(stream, RegisterQemuMonitor(e => stream.Write((QemuMonitorEvent)e)));
    }

    /// <summary>
    /// All kinds of events that the streams above tell, of all domains, in one stream: in the order of their arrival, across kinds. A kind that the driver
    /// or the daemon does not have is left out.
    /// </summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny"/></remarks>
    public EventStream<DomainEvent> SubscribeEvents()
    {
        var stream = new EventStream<DomainEvent>();
        var deregister = new List<Func<int>>();
        try
        {
            foreach (int eventId in (int[])[EventIdLifecycle, EventIdReboot, EventIdDeviceAdded, EventIdDeviceRemoved, EventIdDeviceRemovalFailed, EventIdMigrationIteration, EventIdJobCompleted])
            {
                TryAdd(() => RegisterAny(eventId, stream.Write));
            }

            if (HasQemuMonitorEvents)
            {
                TryAdd(() => RegisterQemuMonitor(stream.Write));
            }
        }
        catch
        {
            deregister.ForEach(end => _ = end());
            throw;
        }

        return Keep(stream, () => deregister.Aggregate(0, (worst, end) => Math.Min(worst, end())));

        void TryAdd(Func<Func<int>> register)
        {
            try
            {
                deregister.Add(register());
            }
            catch (LibvirtException e) when (e.Code is LibvirtErrorCode.NoSupport or LibvirtErrorCode.Rpc && IsAlive())
            {
                // The driver has no such events, or a daemon that is older than they are no such procedure.
            }
        }
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

    private EventStream<T> Subscribe<T>(int eventId)
        where T : DomainEvent
    {
        var stream = new EventStream<T>();
        return Keep(stream, RegisterAny(eventId, e => stream.Write((T)e)));
    }

    private Func<int> RegisterAny(int eventId, Action<DomainEvent> sink)
    {
        void* callback = eventId switch
        {
            EventIdLifecycle => (delegate* unmanaged<nint, nint, int, int, void*, int>)&OnLifecycle,
            EventIdReboot => (delegate* unmanaged<nint, nint, void*, void>)&OnReboot,
            EventIdDeviceAdded => (delegate* unmanaged<nint, nint, byte*, void*, void>)&OnDeviceAdded,
            EventIdDeviceRemoved => (delegate* unmanaged<nint, nint, byte*, void*, void>)&OnDeviceRemoved,
            EventIdDeviceRemovalFailed => (delegate* unmanaged<nint, nint, byte*, void*, void>)&OnDeviceRemovalFailed,
            EventIdMigrationIteration => (delegate* unmanaged<nint, nint, int, void*, void>)&OnIteration,
            EventIdJobCompleted => (delegate* unmanaged<nint, nint, VirTypedParameter*, int, void*, void>)&OnJobCompleted,
            _ => throw new ArgumentOutOfRangeException(nameof(eventId)),
        };
        int id = Register(sink, opaque => LibVirt.virConnectDomainEventRegisterAny(_handle, 0, eventId, callback, opaque, &FreeStream),
            nameof(LibVirt.virConnectDomainEventRegisterAny));
        return () => LibVirt.virConnectDomainEventDeregisterAny(_handle, id);
    }

    private Func<int> RegisterQemuMonitor(Action<DomainEvent> sink)
    {
        delegate* unmanaged<nint, nint, byte*, long, uint, byte*, void*, void> callback = &OnQemuMonitor;
        int id = Register(sink, opaque => LibVirt.virConnectDomainQemuMonitorEventRegister(_handle, 0, null, callback, opaque, &FreeStream, 0),
            nameof(LibVirt.virConnectDomainQemuMonitorEventRegister));
        return () => LibVirt.virConnectDomainQemuMonitorEventDeregister(_handle, id);
    }

    private delegate int RegisterCall(void* opaque);

    // C keeps a GCHandle to where the events go and gives it back through FreeStream, on the event loop, after the last callback.
    private static int Register(object target, RegisterCall register, string operation)
    {
        GCHandle self = GCHandle.Alloc(target);
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

    private static void Deliver(void* opaque, DomainEvent arrived) => ((Action<DomainEvent>)GCHandle.FromIntPtr((nint)opaque).Target!)(arrived);

    // The domain is only lent to a callback: its name and UUID are copied at once.
    private static EventOrigin Origin(nint domain)
    {
        long now = Stopwatch.GetTimestamp();
        byte* uuid = stackalloc byte[16];
        _ = LibVirt.virDomainGetUUID(domain, uuid);
        string name = Text(LibVirt.virDomainGetName(domain));
        return new(now, name, new Guid(new ReadOnlySpan<byte>(uuid, 16), bigEndian: true));
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    [UnmanagedCallersOnly]
    private static void FreeStream(void* opaque) => GCHandle.FromIntPtr((nint)opaque).Free();

    [UnmanagedCallersOnly]
    private static int OnLifecycle(nint conn, nint domain, int type, int detail, void* opaque)
    {
        Deliver(opaque, new DomainLifecycleEvent(Origin(domain), (DomainEventType)type, detail));
        return 0;
    }

    [UnmanagedCallersOnly]
    private static void OnReboot(nint conn, nint domain, void* opaque) => Deliver(opaque, new RebootEvent(Origin(domain)));

    [UnmanagedCallersOnly]
    private static void OnDeviceAdded(nint conn, nint domain, byte* alias, void* opaque) => Deliver(opaque, new DeviceAddedEvent(Origin(domain), Text(alias)));

    [UnmanagedCallersOnly]
    private static void OnDeviceRemoved(nint conn, nint domain, byte* alias, void* opaque) => Deliver(opaque, new DeviceRemovedEvent(Origin(domain), Text(alias)));

    [UnmanagedCallersOnly]
    private static void OnDeviceRemovalFailed(nint conn, nint domain, byte* alias, void* opaque) =>
        Deliver(opaque, new DeviceRemovalFailedEvent(Origin(domain), Text(alias)));

    [UnmanagedCallersOnly]
    private static void OnIteration(nint conn, nint domain, int iteration, void* opaque) =>
        Deliver(opaque, new MigrationIterationEvent(Origin(domain), iteration));

    [UnmanagedCallersOnly]
    private static void OnJobCompleted(nint conn, nint domain, VirTypedParameter* parameters, int count, void* opaque) =>
        Deliver(opaque, new JobCompletedEvent(Origin(domain), TypedParameters.Read(parameters, count)));

    [UnmanagedCallersOnly]
    private static void OnQemuMonitor(nint conn, nint domain, byte* name, long seconds, uint micros, byte* details, void* opaque)
    {
        // QEMU writes -1 where its clock failed.
        DateTimeOffset? stamp = seconds is > 0 and < 253402300799 && micros < 1_000_000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(micros * 10L)
            : null;
        Deliver(opaque, new QemuMonitorEvent(Origin(domain), Text(name), stamp, Marshal.PtrToStringUTF8((nint)details)));
    }

    [UnmanagedCallersOnly]
    private static void OnClose(nint conn, int reason, void* opaque) =>
        ((EventStream<ConnectCloseReason>)GCHandle.FromIntPtr((nint)opaque).Target!).Write((ConnectCloseReason)reason);
}
