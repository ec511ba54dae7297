using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>Where a domain has devices: in the running guest, in the definition that its next start will use, or in both.</summary>
internal static class DevicePlaces
{
    /// <summary>The places that are meant, the running domain first: a guest may refuse, a definition does not.</summary>
    internal static IReadOnlyList<DomainModificationImpact> Of(DomainModificationImpact impact, DomainSnapshot domain) => impact switch
    {
        DomainModificationImpact.Current => [domain.IsActive ? DomainModificationImpact.Live : DomainModificationImpact.Config],
        DomainModificationImpact.Live | DomainModificationImpact.Config => [DomainModificationImpact.Live, DomainModificationImpact.Config],
        _ => [impact],
    };

    internal static string NameOf(DomainModificationImpact place, string domain) =>
        place == DomainModificationImpact.Live ? $"the running {domain}" : $"the definition of {domain}";

    /// <summary>What is wrong with asking for places; <see langword="null"/> when nothing is.</summary>
    internal static (string Message, string Instead)? Problem(IReadOnlyList<DomainModificationImpact> places, DomainSnapshot domain, string host) =>
        places.Contains(DomainModificationImpact.Live) && !domain.IsActive
            ? ($"{domain.Name} on {host} is {domain.Describe()}: there is nothing to plug or unplug", "--config, for its next start")
        : places.Contains(DomainModificationImpact.Config) && !domain.IsPersistent
            ? ($"{domain.Name} on {host} has no definition: it exists only while it runs", "--live")
        : null;

    /// <summary>A domain's document of a place. The running domain's is asked for anew.</summary>
    /// <exception cref="DomainNotFoundException">It is gone.</exception>
    internal static async Task<DomainDocument> ReadAsync(IHost host, DomainSnapshot domain, DomainModificationImpact place, CancellationToken cancellationToken) => DomainDocument.Parse(
        (place == DomainModificationImpact.Config
            ? await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false)
            : (await host.FindDomainAsync(domain.Uuid, cancellationToken).ConfigureAwait(false))?.Xml)
        ?? throw new DomainNotFoundException(domain.Name, host.Address.Name));
}
