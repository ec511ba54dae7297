using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>
/// A connection to a libvirt daemon or in-process driver. All calls block until libvirt answers and may be made from several threads at once;
/// a daemon serves five calls of one connection at a time (<c>max_client_requests</c>). Errors are <see cref="LibvirtException"/>.
/// </summary>
public sealed partial class LibvirtConnection : IDisposable
{
    private readonly ConnectHandle _handle;

    private LibvirtConnection(ConnectHandle handle) => _handle = handle;

    internal ConnectHandle Handle => _handle;

    /// <summary>The version of the libvirt library in this process, <c>major * 1000000 + minor * 1000 + release</c>.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virGetVersion"/></remarks>
    public static unsafe long LibraryVersion
    {
        get
        {
            LibvirtEventLoop.EnsureRunning();
            CULong version;
            VirCall.Check(LibVirt.virGetVersion(&version, null, null), nameof(LibVirt.virGetVersion));
            return (long)version.Value;
        }
    }

    /// <summary>Opens a connection. Never asks for a password: what needs one is refused.</summary>
    /// <param name="uri">The URI, or an alias of libvirt.conf; <see langword="null"/> for libvirt's own choice (LIBVIRT_DEFAULT_URI).</param>
    /// <param name="flags">How to open it.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectOpenAuth"/></remarks>
    public static unsafe LibvirtConnection Open(string? uri = null, ConnectFlags flags = ConnectFlags.None)
    {
        LibvirtEventLoop.EnsureRunning();
        return new(VirCall.Check(LibVirt.virConnectOpenAuth(uri, null, (uint)flags), nameof(LibVirt.virConnectOpenAuth)));
    }

    /// <summary>The connection's canonical URI. It may carry a user name.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetURI"/></remarks>
    public string GetUri() => VirCall.Check(LibVirt.virConnectGetURI(_handle), nameof(LibVirt.virConnectGetURI));

    /// <summary>The host's own name.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetHostname"/></remarks>
    public string GetHostName() => VirCall.Check(LibVirt.virConnectGetHostname(_handle), nameof(LibVirt.virConnectGetHostname));

    /// <summary>The driver's name: <c>QEMU</c>, <c>Test</c>, …</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetType"/></remarks>
    public string GetDriverType() => VirCall.Check(LibVirt.virConnectGetType(_handle), nameof(LibVirt.virConnectGetType));

    /// <summary>The hypervisor's version, <c>major * 1000000 + minor * 1000 + release</c>; 0 when the driver cannot tell.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetVersion"/></remarks>
    public unsafe long GetHypervisorVersion()
    {
        CULong version;
        VirCall.Check(LibVirt.virConnectGetVersion(_handle, &version), nameof(LibVirt.virConnectGetVersion));
        return (long)version.Value;
    }

    /// <summary>The daemon's libvirt version, <c>major * 1000000 + minor * 1000 + release</c>.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetLibVersion"/></remarks>
    public unsafe long GetLibvirtVersion()
    {
        CULong version;
        VirCall.Check(LibVirt.virConnectGetLibVersion(_handle, &version), nameof(LibVirt.virConnectGetLibVersion));
        return (long)version.Value;
    }

    /// <summary>The host's capabilities document.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetCapabilities"/></remarks>
    public string GetCapabilities() => VirCall.Check(LibVirt.virConnectGetCapabilities(_handle), nameof(LibVirt.virConnectGetCapabilities));

    /// <summary>What a domain of a kind may use on this host: the <c>domainCapabilities</c> document.</summary>
    /// <param name="architecture">The guest's architecture; the host's own by default.</param>
    /// <param name="machine">The machine type.</param>
    /// <param name="type">The hypervisor type (<c>kvm</c>, <c>qemu</c>).</param>
    /// <param name="emulator">The emulator's path.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectGetDomainCapabilities"/></remarks>
    public string GetDomainCapabilities(string? architecture = null, string? machine = null, string? type = null, string? emulator = null) =>
        VirCall.Check(LibVirt.virConnectGetDomainCapabilities(_handle, emulator, architecture, machine, type, 0), nameof(LibVirt.virConnectGetDomainCapabilities));

    /// <summary>The host's SMBIOS information: firmware, board, processors.</summary>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.ConfigUnsupported"/>: the daemon may not read it (it needs root and <c>dmidecode</c>).</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetSysinfo"/></remarks>
    public string GetSysinfo() => VirCall.Check(LibVirt.virConnectGetSysinfo(_handle, 0), nameof(LibVirt.virConnectGetSysinfo));

    /// <summary>The command line with which the host's libvirt would start QEMU for a domain document. Nothing is defined or started.</summary>
    /// <param name="xml">The domain document.</param>
    /// <remarks>
    /// A complete <c>&lt;interface&gt;</c> becomes a tap device first, whatever its type.
    /// <see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainXMLToNative"/>
    /// </remarks>
    public string GetQemuCommandLine(string xml) =>
        VirCall.Check(LibVirt.virConnectDomainXMLToNative(_handle, "qemu-argv", VirCall.Text(xml), 0), nameof(LibVirt.virConnectDomainXMLToNative));

    /// <summary>The host's free memory in bytes.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virNodeGetFreeMemory"/></remarks>
    public long GetFreeMemory()
    {
        ulong free = LibVirt.virNodeGetFreeMemory(_handle);
        return free == 0 ? throw VirCall.LastError(nameof(LibVirt.virNodeGetFreeMemory)) : (long)free;
    }

    /// <summary>Whether the transport is believed to work; <see langword="false"/> once it is known to be gone.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectIsAlive"/></remarks>
    public bool IsAlive() => VirCall.Check(LibVirt.virConnectIsAlive(_handle), nameof(LibVirt.virConnectIsAlive)) == 1;

    /// <summary>Sends keepalive messages, so that a dead peer is noticed.</summary>
    /// <param name="intervalSeconds">Seconds between messages.</param>
    /// <param name="count">How many may stay unanswered.</param>
    /// <returns><see langword="false"/> when the driver has no keepalive (local drivers).</returns>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectSetKeepAlive"/></remarks>
    public bool SetKeepAlive(int intervalSeconds, int count) =>
        VirCall.Check(LibVirt.virConnectSetKeepAlive(_handle, intervalSeconds, (uint)count), nameof(LibVirt.virConnectSetKeepAlive)) == 0;

    /// <summary>Closes the connection and ends its event streams.</summary>
    public void Dispose()
    {
        EndEvents();
        _handle.Dispose();
    }
}
