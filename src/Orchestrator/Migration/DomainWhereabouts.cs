using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Migration;

/// <summary>What is known of the domain on one host after a migration.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="IsKnown">Whether the host could be asked.</param>
/// <param name="Domain">The domain there; <see langword="null"/> if there is none, or nobody knows.</param>
internal sealed record DomainWhereabouts(string Host, bool IsKnown, DomainSnapshot? Domain)
{
    /// <summary>Whether it is known to be active there.</summary>
    internal bool IsActive => Domain is { IsActive: true };

    /// <summary>In words: <c>running/migrated</c>, <c>absent</c>, <c>unknown</c>.</summary>
    internal string Describe() => !IsKnown ? "unknown" : Domain?.Describe() ?? "absent";

    /// <summary>What that means for a migration.</summary>
    /// <param name="wasRunning">Whether the guest ran when its migration began.</param>
    internal CopyState State(bool wasRunning) => !IsKnown ? CopyState.Unknown
        : Domain is { State: DomainState.Paused, Reason: (int)DomainPausedReason.Unknown, JobOperation: not DomainJobOperation.MigrationOut and not DomainJobOperation.MigrationIn } && wasRunning

            // A daemon that was restarted has forgotten that it was the migration that paused the guest.
            ? CopyState.Stranded
        : Domain is
        {
            State: DomainState.Shutoff, Reason: (int)DomainShutoffReason.Shutdown or (int)DomainShutoffReason.Destroyed or (int)DomainShutoffReason.Crashed
            or (int)DomainShutoffReason.Migrated or (int)DomainShutoffReason.Saved
        } ? CopyState.Left
        : OutcomeTable.Of(DomainConditions.Of(Domain));
}
