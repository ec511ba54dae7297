using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Recovery;

/// <summary>Puts a marker on a running domain and takes it off again. Never while it migrates: libvirt's lock would be waited for.</summary>
internal static class MarkedDomain
{
    /// <summary>Marks the running domain; its definition stays as it is.</summary>
    /// <param name="host">The host it runs on.</param>
    /// <param name="uuid">The domain.</param>
    /// <param name="marker">The marker.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static Task MarkAsync(IHost host, Guid uuid, OperationMarker marker, CancellationToken cancellationToken = default) =>
        host.SetMetadataAsync(uuid, OperationMarker.Prefix, OperationMarker.Namespace, marker.Write(), DomainModificationImpact.Live, cancellationToken);

    /// <summary>
    /// Takes the marker off, if there is one. A domain that was transient and became persistent by its migration has it in its definition too: libvirt makes that
    /// of the running domain then.
    /// </summary>
    /// <param name="host">The host.</param>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there was one.</returns>
    internal static async Task<bool> UnmarkAsync(IHost host, Guid uuid, CancellationToken cancellationToken = default)
    {
        bool marked = false;
        if (await host.GetDefinitionAsync(uuid, cancellationToken).ConfigureAwait(false) is { } definition && IsMarked(definition))
        {
            await host.SetMetadataAsync(uuid, OperationMarker.Prefix, OperationMarker.Namespace, null, DomainModificationImpact.Config, cancellationToken).ConfigureAwait(false);
            marked = true;
        }

        if (await host.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false) is { IsActive: true } domain && IsMarked(domain.Xml))
        {
            await host.SetMetadataAsync(uuid, OperationMarker.Prefix, OperationMarker.Namespace, null, DomainModificationImpact.Live, cancellationToken).ConfigureAwait(false);
            marked = true;
        }

        return marked;
    }

    // Also one that cannot be read.
    private static bool IsMarked(string xml) => xml.Contains(OperationMarker.Namespace, StringComparison.Ordinal);
}
