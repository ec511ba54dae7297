using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>A domain (virtual machine) of a connection. Blocking, and usable from several threads; errors are <see cref="LibvirtException"/>.</summary>
public sealed partial class LibvirtDomain : IDisposable
{
    private readonly DomainHandle _handle;

    internal LibvirtDomain(DomainHandle handle) => _handle = handle;

    /// <summary>The domain's name.</summary>
    public string Name => VirCall.Check(LibVirt.virDomainGetName(_handle), nameof(LibVirt.virDomainGetName));

    /// <summary>The domain's UUID.</summary>
    public unsafe Guid Uuid
    {
        get
        {
            byte* bytes = stackalloc byte[16];
            VirCall.Check(LibVirt.virDomainGetUUID(_handle, bytes), nameof(LibVirt.virDomainGetUUID));
            return new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true);
        }
    }

    /// <summary>The running domain's id on its host, or <see langword="null"/> for one that is off; as of when this object was looked up.</summary>
    public int? Id => LibVirt.virDomainGetID(_handle) is var id && id == uint.MaxValue ? null : (int)id;

    /// <summary>State, memory, vCPUs and CPU time, in one call.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetInfo"/></remarks>
    public unsafe DomainInfo GetInfo()
    {
        DomainInfo info;
        VirCall.Check(LibVirt.virDomainGetInfo(_handle, &info), nameof(LibVirt.virDomainGetInfo));
        return info;
    }

    /// <summary>The state, and why: a value of the <c>Domain…Reason</c> enumeration of that state.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetState"/></remarks>
    public unsafe (DomainState State, int Reason) GetState()
    {
        int state;
        int reason;
        VirCall.Check(LibVirt.virDomainGetState(_handle, &state, &reason, 0), nameof(LibVirt.virDomainGetState));
        return ((DomainState)state, reason);
    }

    /// <summary>The domain's document.</summary>
    /// <param name="flags">Which form.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetXMLDesc"/></remarks>
    public string GetXml(DomainXmlFlags flags = DomainXmlFlags.None) =>
        VirCall.Check(LibVirt.virDomainGetXMLDesc(_handle, (uint)flags), nameof(LibVirt.virDomainGetXMLDesc));

    /// <summary>Opens a console of the running guest, unless another client has it open.</summary>
    /// <param name="device">The serial port, console or channel, by libvirt's alias (<c>serial0</c>); <see langword="null"/> for the first console.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainOpenConsole"/></remarks>
    public LibvirtConsole OpenConsole(string? device = null) => LibvirtConsole.Open(_handle, device);

    /// <summary>Whether the domain is running (or paused).</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainIsActive"/></remarks>
    public bool IsActive() => VirCall.Check(LibVirt.virDomainIsActive(_handle), nameof(LibVirt.virDomainIsActive)) == 1;

    /// <summary>Whether the domain has a definition that outlives it.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainIsPersistent"/></remarks>
    public bool IsPersistent() => VirCall.Check(LibVirt.virDomainIsPersistent(_handle), nameof(LibVirt.virDomainIsPersistent)) == 1;

    /// <summary>Whether the domain is started with its host.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetAutostart"/></remarks>
    public unsafe bool IsAutostarted()
    {
        int autostart;
        VirCall.Check(LibVirt.virDomainGetAutostart(_handle, &autostart), nameof(LibVirt.virDomainGetAutostart));
        return autostart != 0;
    }

    /// <summary>Starts a defined domain.</summary>
    /// <param name="flags">How.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainCreateWithFlags"/></remarks>
    public void Create(DomainCreateFlags flags = DomainCreateFlags.None) =>
        VirCall.Check(LibVirt.virDomainCreateWithFlags(_handle, (uint)flags), nameof(LibVirt.virDomainCreateWithFlags));

    /// <summary>Ends the domain at once, as pulling its plug would.</summary>
    /// <param name="flags">How.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainDestroyFlags"/></remarks>
    public void Destroy(DomainDestroyFlags flags = DomainDestroyFlags.None) =>
        VirCall.Check(LibVirt.virDomainDestroyFlags(_handle, (uint)flags), nameof(LibVirt.virDomainDestroyFlags));

    /// <summary>Removes the domain's definition; a running domain becomes transient.</summary>
    /// <param name="flags">What else to remove.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainUndefineFlags"/></remarks>
    public void Undefine(DomainUndefineFlags flags = DomainUndefineFlags.None) =>
        VirCall.Check(LibVirt.virDomainUndefineFlags(_handle, (uint)flags), nameof(LibVirt.virDomainUndefineFlags));

    /// <summary>Stops the vCPUs. A vDPA device of the guest is suspended too.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSuspend"/></remarks>
    public void Suspend() => VirCall.Check(LibVirt.virDomainSuspend(_handle), nameof(LibVirt.virDomainSuspend));

    /// <summary>Lets the vCPUs run again.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainResume"/></remarks>
    public void Resume() => VirCall.Check(LibVirt.virDomainResume(_handle), nameof(LibVirt.virDomainResume));

    /// <summary>Asks the guest to shut down; returns before it has.</summary>
    /// <param name="flags">By which way.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainShutdownFlags"/></remarks>
    public void Shutdown(DomainShutdownFlags flags = DomainShutdownFlags.Default) =>
        VirCall.Check(LibVirt.virDomainShutdownFlags(_handle, (uint)flags), nameof(LibVirt.virDomainShutdownFlags));

    /// <summary>Asks the guest to reboot; returns before it has.</summary>
    /// <param name="flags">By which way.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainReboot"/></remarks>
    public void Reboot(DomainRebootFlags flags = DomainRebootFlags.Default) =>
        VirCall.Check(LibVirt.virDomainReboot(_handle, (uint)flags), nameof(LibVirt.virDomainReboot));

    /// <summary>Resets the machine at once, as its reset button would; the guest is not asked.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainReset"/></remarks>
    public void Reset() => VirCall.Check(LibVirt.virDomainReset(_handle, 0), nameof(LibVirt.virDomainReset));

    /// <summary>Whether the next start will restore a saved state.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainHasManagedSaveImage"/></remarks>
    public bool HasManagedSaveImage() => VirCall.Check(LibVirt.virDomainHasManagedSaveImage(_handle, 0), nameof(LibVirt.virDomainHasManagedSaveImage)) == 1;

    /// <summary>How many snapshots the domain has.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotNum"/></remarks>
    public int CountSnapshots() => VirCall.Check(LibVirt.virDomainSnapshotNum(_handle, 0), nameof(LibVirt.virDomainSnapshotNum));

    /// <summary>How many checkpoints the domain has. Since libvirt 5.6.0.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain-checkpoint.html#virDomainListAllCheckpoints"/></remarks>
    public unsafe int CountCheckpoints() => VirCall.Check(LibVirt.virDomainListAllCheckpoints(_handle, null, 0), nameof(LibVirt.virDomainListAllCheckpoints));

    /// <summary>Sends a command to QEMU's own monitor.</summary>
    /// <param name="command">A QMP command as JSON.</param>
    /// <returns>QEMU's answer as JSON; QEMU's own errors come in it, as <c>error</c>.</returns>
    /// <exception cref="NotSupportedException">libvirt-qemu.so.0 is not installed.</exception>
    /// <remarks><para>libvirt marks the domain as tainted (<c>custom-monitor</c>).</para>
    /// <see href="https://libvirt.org/html/libvirt-libvirt-qemu.html#virDomainQemuMonitorCommand"/></remarks>
    public unsafe string QemuMonitorCommand(string command)
    {
        VirCall.Require(nameof(LibVirt.virDomainQemuMonitorCommand));
        byte* result = null;
        VirCall.Check(LibVirt.virDomainQemuMonitorCommand(_handle, command, &result, 0), nameof(LibVirt.virDomainQemuMonitorCommand));
        string answer = OwnedString.ConvertToManaged(result) ?? "";
        OwnedString.Free(result);
        return answer;
    }

    /// <summary>Sends a command to the agent in the guest. A guest that has no agent, or none that runs, is refused (<see cref="LibvirtErrorCode.AgentUnresponsive"/>).</summary>
    /// <param name="command">A command of QEMU's guest agent as JSON.</param>
    /// <param name="timeout">How long the agent may take to answer, in whole seconds from 1.</param>
    /// <returns>The agent's answer as JSON.</returns>
    /// <exception cref="NotSupportedException">libvirt-qemu.so.0 is not installed.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-qemu.html#virDomainQemuAgentCommand"/></remarks>
    public string QemuAgentCommand(string command, TimeSpan timeout)
    {
        VirCall.Require(nameof(LibVirt.virDomainQemuAgentCommand));
        return VirCall.Check(
            LibVirt.virDomainQemuAgentCommand(_handle, VirCall.Text(command), (int)Math.Ceiling(Math.Max(timeout.TotalSeconds, 1)), 0), nameof(LibVirt.virDomainQemuAgentCommand));
    }

    /// <summary>Attaches a device.</summary>
    /// <param name="xml">The device's element.</param>
    /// <param name="flags">To what: the running domain, its definition, or both.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainAttachDeviceFlags"/></remarks>
    public void AttachDevice(string xml, DomainModificationImpact flags) =>
        VirCall.Check(LibVirt.virDomainAttachDeviceFlags(_handle, VirCall.Text(xml), (uint)flags), nameof(LibVirt.virDomainAttachDeviceFlags));

    /// <summary>Asks for a device to be detached. From a running domain this may return before the guest has let go of the device: its document and events tell.</summary>
    /// <param name="xml">The device's element. A vDPA host device is found by its <c>source dev</c> alone.</param>
    /// <param name="flags">From what.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainDetachDeviceFlags"/></remarks>
    public void DetachDevice(string xml, DomainModificationImpact flags) =>
        VirCall.Check(LibVirt.virDomainDetachDeviceFlags(_handle, VirCall.Text(xml), (uint)flags), nameof(LibVirt.virDomainDetachDeviceFlags));

    /// <summary>Lets go of the domain object; the domain itself is not touched.</summary>
    public void Dispose() => _handle.Dispose();
}
