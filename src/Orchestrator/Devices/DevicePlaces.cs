using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

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
    /// <exception cref="DomainNotFoundException">There is no definition any more.</exception>
    /// <exception cref="OperationException">The domain does not run any more: what the host then tells is its definition.</exception>
    internal static async Task<DomainDocument> ReadAsync(
        IHost host, DomainSnapshot domain, DomainModificationImpact place, DomainOperation operation, CancellationToken cancellationToken)
    {
        if (place == DomainModificationImpact.Config)
        {
            return DomainDocument.Parse(
                await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false) ?? throw new DomainNotFoundException(domain.Name, host.Address.Name));
        }

        DomainSnapshot? now = await host.FindDomainAsync(domain.Uuid, cancellationToken).ConfigureAwait(false);
        return now is { IsActive: true } ? DomainDocument.Parse(now.Xml)
            : throw new OperationException(
                OperationStage.Failed, operation, host.Address.Name, domain.Name,
                $"{domain.Name} on {host.Address.Name} {(DomainConditions.Of(now) == DomainCondition.Moved ? ConflictMatrix.AfterMigration.Reason : "ended")} meanwhile: it is {now?.Describe() ?? "absent"}",
                DomainConditions.Of(now) == DomainCondition.Moved ? ConflictMatrix.AfterMigration.Remedy : "Start it, and try again.");
    }

    /// <summary>Whether an error tells that a definition was not changed as asked, or may not have been.</summary>
    internal static bool IsFailure(Exception e) =>
        e is LibvirtException or HostUnreachableException or DomainNotFoundException or DefinitionException or OperationException or HostDeviceException or DeviceInvalidException;

    /// <summary>Whether it does not tell which.</summary>
    internal static bool IsUnknown(Exception e) =>
        e is HostUnreachableException or DefinitionException { Stage: DefinitionStage.Unknown } or OperationException { Stage: OperationStage.Unknown } or HostDeviceException { Problem: HostDeviceProblem.OutcomeUnknown };

    /// <summary>Says of a dry run what would keep the operation out.</summary>
    internal static DefinitionProblem? ProblemOf(OperationOutlook outlook, string host) => outlook.Decision.Action is MatrixAction.Refuse or MatrixAction.Wait && outlook.Domain is { } domain
        ? new("/domain", $"{domain.Name} on {host} {outlook.Decision.Reason}{(outlook.Holder is { } holder ? $" ({holder})" : "")}", outlook.Decision.Remedy is { } remedy ? [remedy] : [])
        : null;
}
