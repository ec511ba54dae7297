using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>
/// libvirt's event loop on a thread of its own, once per process. It must be registered before the first connection is opened, else no event, keepalive
/// or close callback ever works; registration cannot be undone, so this is static.
/// </summary>
internal static unsafe class LibvirtEventLoop
{
    // A static constructor runs once, and no connection can be opened before it has ended.
    static LibvirtEventLoop()
    {
        if (!LibVirt.IsAvailable)
        {
            throw new DllNotFoundException(
                $"{LibVirt.Library} is not installed here. Install libvirt's client library (Debian: libvirt0, openEuler: libvirt-libs).");
        }

        // libvirt prints every error to stderr unless told otherwise; the exception carries it.
        LibVirt.virSetErrorFunc(null, &IgnoreError);
        VirCall.Check(LibVirt.virInitialize(), nameof(LibVirt.virInitialize));
        VirCall.Check(LibVirt.virEventRegisterDefaultImpl(), nameof(LibVirt.virEventRegisterDefaultImpl));

        using AsyncFlowControl _ = ExecutionContext.SuppressFlow();
        new Thread(Run) { IsBackground = true, Name = "libvirt events" }.Start();
    }

    /// <summary>Makes sure that the loop runs.</summary>
    internal static void EnsureRunning()
    {
    }

    private static void Run()
    {
        while (true)
        {
            if (LibVirt.virEventRunDefaultImpl() < 0)
            {
                // Without the loop every connection is deaf and keepalive soon cuts it: better to end loudly than to hang.
                Environment.FailFast("libvirt's event loop failed", VirCall.LastError(nameof(LibVirt.virEventRunDefaultImpl)));
            }
        }
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static void IgnoreError(void* userData, VirError* error)
    {
    }
}
