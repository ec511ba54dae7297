using Libvirt.Interop;
using Orchestrator.Downtime;

namespace Orchestrator.Migration;

/// <summary>What became of a migration.</summary>
public sealed record MigrationResult
{
    /// <summary>What was planned, with its checks.</summary>
    public required MigrationPlan Plan { get; init; }

    /// <summary>How it ended.</summary>
    public required MigrationVerdict Verdict { get; init; }

    /// <summary>What the journal, the log and the spans call this migration; <see langword="null"/> when it was never begun.</summary>
    public Guid? OperationId => Plan.Request.OperationId;

    /// <summary>The error that libvirt's call returned; <see langword="null"/> when it succeeded or was never made.</summary>
    public LibvirtException? Error { get; init; }

    /// <summary>Everything observed; <see langword="null"/> when a check refused.</summary>
    public MigrationEvidence? Evidence { get; init; }

    /// <summary>The measured downtime; <see langword="null"/> when the guest did not move.</summary>
    public DowntimeReport? Downtime { get; init; }

    /// <summary>How long the guest was without each device that was detached for the migration, in the order in which they were.</summary>
    public IReadOnlyList<DeviceAbsenceTime> Absences { get; init; } = [];

    /// <summary>The limit of the blackout that was in force.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>What the policy did.</summary>
    public IReadOnlyList<PolicyDecision> Decisions { get; init; } = [];

    /// <summary>What was mended afterwards, in words.</summary>
    public IReadOnlyList<string> Repairs { get; init; } = [];

    /// <summary>Whether the source's daemon could not even connect to the destination's.</summary>
    internal bool PeerUnreachable { get; init; }

    internal static MigrationResult Refused(MigrationPlan plan)
    {
        Check refusal = plan.Checks.First(check => check.Refuses);
        return new() { Plan = plan, Verdict = new(MigrationOutcome.Refused, refusal.Message, refusal.Remedy) };
    }
}

/// <summary>What became of a migration that another process had begun.</summary>
public sealed record FollowedMigration
{
    internal FollowedMigration(SettledMigration settled, MigrationEvidence evidence, DowntimeReport? downtime, IReadOnlyList<PolicyDecision> decisions)
    {
        Settled = settled;
        Evidence = evidence;
        Downtime = downtime;
        Decisions = decisions;
    }

    /// <summary>What was observed of it from the moment it was found.</summary>
    public MigrationEvidence Evidence { get; }

    /// <summary>The measured downtime; <see langword="null"/> when the guest did not move.</summary>
    public DowntimeReport? Downtime { get; }

    /// <summary>What the policy did.</summary>
    public IReadOnlyList<PolicyDecision> Decisions { get; }

    /// <summary>Where it has come to rest.</summary>
    internal SettledMigration Settled { get; }
}

