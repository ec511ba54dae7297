using Libvirt.Interop.Native;

namespace Libvirt.Interop;

public sealed partial class LibvirtDomain
{
    /// <summary>The limit that means none, in KiB (<c>VIR_DOMAIN_MEMORY_PARAM_UNLIMITED</c>).</summary>
    public const long UnlimitedMemory = 9007199254740991;

    /// <summary>Sets the most memory that the host gives the domain's QEMU, which is also what QEMU may lock (<c>VIR_DOMAIN_MEMORY_HARD_LIMIT</c>).</summary>
    /// <param name="kibibytes">In KiB; <see cref="UnlimitedMemory"/> for no limit.</param>
    /// <param name="flags">Of what: the running domain, its definition, or both.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.OperationUnsupported"/>: a daemon without root has no such limits.</exception>
    /// <remarks><para>Of a running domain libvirt sets what QEMU may lock when it next plugs a device in that it counts.</para>
    /// <see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetMemoryParameters"/></remarks>
    public unsafe void SetMemoryHardLimit(long kibibytes, DomainModificationImpact flags)
    {
        var parameters = new TypedParameters();
        parameters.Add("hard_limit", (ulong)kibibytes);
        parameters.Lend((_handle, flags), static (state, native, count) =>
            VirCall.Check(LibVirt.virDomainSetMemoryParameters(state._handle, native, (int)count, (uint)state.flags), nameof(LibVirt.virDomainSetMemoryParameters)));
    }
}
