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

    /// <summary>Whether the guest is known never to have run on the destination: without the definition that libvirt makes before it does.</summary>
    internal bool NeverRan(DomainWhereabouts there) => PersistentOnDestination && there is { IsKnown: true, Domain: null };

    /// <summary>What there is on both hosts, with what is known of the call. A daemon that was restarted has forgotten how a guest ended: what the migration left tells that it was there.</summary>
    internal OutcomeDecision Decide(DomainWhereabouts here, DomainWhereabouts there, JobEnd job)
    {
        CopyState other = there.State(wasRunning: false);
        return OutcomeTable.Decide(here.State(WasRunning), other == CopyState.None && MayHaveRun(there, job) ? CopyState.Left : other);
    }

    /// <summary>Whether a guest that is not on the destination may have been there by this migration.</summary>
    internal bool MayHaveRun(DomainWhereabouts there, JobEnd job) =>
        job.DestinationRan || job.Result == JobResult.Succeeded || IsLeftover(there) || (job.DestinationMayRun && !NeverRan(there));
}
