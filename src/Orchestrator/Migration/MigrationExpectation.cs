namespace Orchestrator.Migration;

/// <summary>What a migration is to come to: what its end is measured by, also by another process than the one that began it.</summary>
/// <param name="Name">The domain's name.</param>
/// <param name="Uuid">The domain's UUID.</param>
/// <param name="WasRunning">Whether the guest ran.</param>
/// <param name="PersistentOnDestination">Whether it is to be persistent on the destination.</param>
/// <param name="UndefinesSource">Whether the source's definition is to be removed.</param>
internal sealed record MigrationExpectation(string Name, Guid Uuid, bool WasRunning, bool PersistentOnDestination, bool UndefinesSource);
