namespace Orchestrator.Migration;

/// <summary>What a migration is to come to: what its end is measured by, also by another process than the one that began it.</summary>
/// <param name="Name">The domain's name.</param>
/// <param name="Uuid">The domain's UUID.</param>
/// <param name="WasRunning">Whether the guest ran.</param>
/// <param name="PersistentOnDestination">Whether it is to be persistent on the destination.</param>
/// <param name="UndefinesSource">Whether the source's definition is to be removed.</param>
/// <param name="DestinationWasFree">Whether the destination is known to have had no definition of it before: then one that a failed migration left there is ours to remove.</param>
internal sealed record MigrationExpectation(string Name, Guid Uuid, bool WasRunning, bool PersistentOnDestination, bool UndefinesSource, bool DestinationWasFree = false)
{
    /// <summary>Whether a guest that stayed has left a definition on the destination: libvirt makes it before the guest runs there, and keeps it when the guest then dies.</summary>
    internal bool IsLeftover(DomainWhereabouts there) => DestinationWasFree && PersistentOnDestination && there.Domain is { IsActive: false, IsPersistent: true };
}
