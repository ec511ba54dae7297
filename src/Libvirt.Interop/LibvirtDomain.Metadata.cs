using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>A part of a domain's metadata.</summary>
[NativeEnum("VIR_DOMAIN_METADATA_")]
public enum DomainMetadataType
{
    /// <summary><c>VIR_DOMAIN_METADATA_DESCRIPTION</c>: its description.</summary>
    Description = 0,

    /// <summary><c>VIR_DOMAIN_METADATA_TITLE</c>: its title.</summary>
    Title = 1,

    /// <summary><c>VIR_DOMAIN_METADATA_ELEMENT</c>: an element of a namespace of its own.</summary>
    Element = 2,
}

public sealed partial class LibvirtDomain
{
    /// <summary>Sets a part of the metadata.</summary>
    /// <param name="type">Which part.</param>
    /// <param name="metadata">The text or the element; <see langword="null"/> removes it.</param>
    /// <param name="key">Of an element: the prefix of its namespace.</param>
    /// <param name="uri">Of an element: its namespace, which is also what it is found by.</param>
    /// <param name="flags">Of what: the running domain, its definition, or both.</param>
    /// <remarks><para>Waits for libvirt's lock of the domain: 30 s, then an error, while a migration runs.</para>
    /// <see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetMetadata"/></remarks>
    public void SetMetadata(DomainMetadataType type, string? metadata, string? key, string? uri, DomainModificationImpact flags) =>
        VirCall.Check(
            LibVirt.virDomainSetMetadata(
                _handle, (int)type, metadata is null ? null : VirCall.Text(metadata), key is null ? null : VirCall.Text(key), uri is null ? null : VirCall.Text(uri), (uint)flags),
            nameof(LibVirt.virDomainSetMetadata));

    /// <summary>Reads a part of the metadata; <see langword="null"/> when it is not there.</summary>
    /// <param name="type">Which part.</param>
    /// <param name="uri">Of an element: its namespace.</param>
    /// <param name="flags">Of what: the running domain or its definition.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetMetadata"/></remarks>
    public string? GetMetadata(DomainMetadataType type, string? uri, DomainModificationImpact flags)
    {
        try
        {
            return VirCall.Check(
                LibVirt.virDomainGetMetadata(_handle, (int)type, uri is null ? null : VirCall.Text(uri), (uint)flags), nameof(LibVirt.virDomainGetMetadata));
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoDomainMetadata)
        {
            return null;
        }
    }
}
