using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>Which domains of a host use which of its devices.</summary>
internal static class HostDomains
{
    /// <summary>The running domains by the device that their documents name: a character device or a PCI address. One that is off holds nothing.</summary>
    internal static async Task<ILookup<string, string>> UsersAsync(IHost? host, CancellationToken cancellationToken)
    {
        IReadOnlyList<DomainSnapshot> domains = host is null ? [] : await host.ListDomainsAsync(cancellationToken).ConfigureAwait(false);
        return domains.Where(domain => domain.IsActive)
            .SelectMany(domain => DomainResources.Of(domain.Xml).Select(device => (Device: device, domain.Name)))
            .ToLookup(pair => pair.Device, pair => pair.Name);
    }
}
