using Libvirt.Interop.Native;

namespace Libvirt.Interop;

public sealed partial class LibvirtConnection
{
    /// <summary>Lists domains. The caller owns what is returned.</summary>
    /// <param name="flags">Which domains; none means all.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectListAllDomains"/></remarks>
    public unsafe IReadOnlyList<LibvirtDomain> ListDomains(ListDomainsFlags flags = ListDomainsFlags.None)
    {
        nint* native = null;
        int count = VirCall.Check(LibVirt.virConnectListAllDomains(_handle, &native, (uint)flags), nameof(LibVirt.virConnectListAllDomains));
        var domains = new LibvirtDomain[count];
        for (int i = 0; i < count; i++)
        {
            var handle = new DomainHandle(native[i]);
            VirHandle.Opened();
            domains[i] = new(handle);
        }

        System.Runtime.InteropServices.NativeMemory.Free(native);
        return domains;
    }

    /// <summary>Finds a domain by its name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.NoDomain"/>: there is none.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainLookupByName"/></remarks>
    public LibvirtDomain LookupByName(string name) =>
        new(VirCall.Check(LibVirt.virDomainLookupByName(_handle, VirCall.Text(name)), nameof(LibVirt.virDomainLookupByName)));

    /// <summary>Finds a domain by its name, or returns <see langword="null"/>.</summary>
    /// <param name="name">The name.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainLookupByName"/></remarks>
    public LibvirtDomain? TryLookupByName(string name) =>
        VirCall.CheckOrAbsent(LibVirt.virDomainLookupByName(_handle, VirCall.Text(name)), nameof(LibVirt.virDomainLookupByName)) is { } handle ? new(handle) : null;

    /// <summary>Finds a domain by its UUID, or returns <see langword="null"/>.</summary>
    /// <param name="uuid">The UUID.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainLookupByUUID"/></remarks>
    public unsafe LibvirtDomain? TryLookupByUuid(Guid uuid)
    {
        byte* bytes = stackalloc byte[16];
        uuid.TryWriteBytes(new Span<byte>(bytes, 16), bigEndian: true, out _);
        return VirCall.CheckOrAbsent(LibVirt.virDomainLookupByUUID(_handle, bytes), nameof(LibVirt.virDomainLookupByUUID)) is { } handle
            ? new(handle)
            : null;
    }

    /// <summary>Defines a persistent domain, or redefines it.</summary>
    /// <param name="xml">The domain document.</param>
    /// <param name="flags">How. openEuler's own schema lacks vDPA devices, so <see cref="DomainDefineFlags.Validate"/> refuses them there.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainDefineXMLFlags"/></remarks>
    public LibvirtDomain DefineXml(string xml, DomainDefineFlags flags = DomainDefineFlags.None) =>
        new(VirCall.Check(LibVirt.virDomainDefineXMLFlags(_handle, VirCall.Text(xml), (uint)flags), nameof(LibVirt.virDomainDefineXMLFlags)));

    /// <summary>Starts a transient domain.</summary>
    /// <param name="xml">The domain document.</param>
    /// <param name="flags">How.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainCreateXML"/></remarks>
    public LibvirtDomain CreateXml(string xml, DomainCreateFlags flags = DomainCreateFlags.None) =>
        new(VirCall.Check(LibVirt.virDomainCreateXML(_handle, VirCall.Text(xml), (uint)flags), nameof(LibVirt.virDomainCreateXML)));
}
