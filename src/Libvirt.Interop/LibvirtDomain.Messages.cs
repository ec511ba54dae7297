using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

public sealed partial class LibvirtDomain
{
    private const uint Tainting = 1 << 1; // VIR_DOMAIN_MESSAGE_TAINTING

    /// <summary>Whether the installed libvirt can be asked for <see cref="GetTaints"/>: since 7.1.0.</summary>
    public static bool CanGetTaints => LibVirt.Has(nameof(LibVirt.virDomainGetMessages));

    /// <summary>What makes libvirt call the domain tainted, in sentences of the daemon's language. Since libvirt 7.1.0, see <see cref="CanGetTaints"/>.</summary>
    /// <exception cref="NotSupportedException">The installed libvirt is older.</exception>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.NoSupport"/>: the daemon's is older.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetMessages"/></remarks>
    public unsafe IReadOnlyList<string> GetTaints()
    {
        VirCall.Require(nameof(LibVirt.virDomainGetMessages));
        byte** native = null;
        int count = VirCall.Check(LibVirt.virDomainGetMessages(_handle, &native, Tainting), nameof(LibVirt.virDomainGetMessages));
        var messages = new List<string>(count);
        for (int i = 0; i < count; i++)
        {
            messages.Add(Marshal.PtrToStringUTF8((nint)native[i]) ?? "");
            NativeMemory.Free(native[i]);
        }

        NativeMemory.Free(native);
        return messages;
    }

    /// <summary>Whether a job (a copy, a commit, a pull) works on one of the domain's disks.</summary>
    /// <param name="disk">The disk's target, such as <c>vda</c>.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetBlockJobInfo"/></remarks>
    public unsafe bool HasBlockJob(string disk)
    {
        VirDomainBlockJobInfo info;
        return VirCall.Check(LibVirt.virDomainGetBlockJobInfo(_handle, VirCall.Text(disk), &info, 0), nameof(LibVirt.virDomainGetBlockJobInfo)) == 1;
    }
}
