using Libvirt.Interop;

namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    /// <inheritdoc/>
    public Task SetMetadataAsync(Guid uuid, string prefix, string uri, string? element, DomainModificationImpact impact, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.SetMetadata(DomainMetadataType.Element, element, prefix, uri, impact), cancellationToken);
}
