using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>What libvirt told about one domain in a call for all.</summary>
/// <param name="Name">The domain's name.</param>
/// <param name="Uuid">The domain's UUID.</param>
/// <param name="Id">The running domain's id on its host; <see langword="null"/> for one that is off.</param>
/// <param name="Statistics">The numbers, by libvirt's names (<c>state.state</c>, <c>balloon.current</c> in KiB, <c>vcpu.current</c>, …); what libvirt could not read is not among them.</param>
public sealed record DomainStats(string Name, Guid Uuid, int? Id, TypedParameters Statistics);

public sealed partial class LibvirtConnection
{
    /// <summary>Reads the statistics of many domains in one call. Since libvirt 1.2.8.</summary>
    /// <param name="types">Which groups. One that the daemon does not know is left out, unless <see cref="DomainStatsFlags.EnforceStats"/> is given.</param>
    /// <param name="flags">Of which domains, and how. <see cref="DomainStatsFlags.Nowait"/> passes over what a busy domain could only tell later.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.NoSupport"/>: the driver has no such call.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectGetAllDomainStats"/></remarks>
    public unsafe IReadOnlyList<DomainStats> GetDomainStats(DomainStatsTypes types = DomainStatsTypes.None, DomainStatsFlags flags = DomainStatsFlags.None)
    {
        VirDomainStatsRecord** native = null;
        int count = VirCall.Check(LibVirt.virConnectGetAllDomainStats(_handle, (uint)types, &native, (uint)flags), nameof(LibVirt.virConnectGetAllDomainStats));
        try
        {
            var found = new DomainStats[count];
            byte* uuid = stackalloc byte[16];
            for (int i = 0; i < count; i++)
            {
                VirDomainStatsRecord* record = native[i];
                _ = LibVirt.virDomainGetUUID(record->dom, uuid);
                uint id = LibVirt.virDomainGetID(record->dom);
                found[i] = new(
                    Marshal.PtrToStringUTF8((nint)LibVirt.virDomainGetName(record->dom)) ?? "",
                    new Guid(new ReadOnlySpan<byte>(uuid, 16), bigEndian: true),
                    id == uint.MaxValue ? null : (int)id,
                    TypedParameters.Read(record->@params, record->nparams));
            }

            return found;
        }
        finally
        {
            LibVirt.virDomainStatsRecordListFree(native);
        }
    }
}
