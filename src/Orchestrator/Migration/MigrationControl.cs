using System.Runtime.CompilerServices;
using Libvirt.Interop;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Migration;

/// <summary>A migration that runs, as one of its two hosts sees it.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Direction"><c>out</c> on the source, <c>in</c> on the destination.</param>
/// <param name="State">The domain's state on this host.</param>
/// <param name="Condition">What it is doing here.</param>
/// <param name="Job">The job's statistics; the destination has none.</param>
/// <param name="Holder">Who drives it; <see langword="null"/> when nobody on this machine does.</param>
public sealed record RunningMigration(string Domain, Guid Uuid, string Direction, string State, DomainCondition Condition, JobSample? Job, ClaimHolder? Holder);

/// <summary>What may be changed of a running migration.</summary>
public sealed record MigrationSettings
{
    /// <summary>The blackout at which QEMU may switch over.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>The most bandwidth, in MiB/s.</summary>
    public long? BandwidthMiBps { get; init; }

    /// <summary>Switch to post-copy now.</summary>
    public bool PostCopyNow { get; init; }
}

/// <summary>What is in force after a change.</summary>
/// <param name="MaxDowntime">The blackout at which QEMU may switch over.</param>
/// <param name="BandwidthMiBps">The most bandwidth, in MiB/s.</param>
/// <param name="PostCopyAsked">Whether it was told to switch to post-copy.</param>
public sealed record MigrationSettingsInForce(TimeSpan MaxDowntime, long BandwidthMiBps, bool PostCopyAsked);

/// <summary>How a cancel went.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(System.Text.Json.Serialization.JsonStringEnumConverter<CancelOutcome>))]
public enum CancelOutcome
{
    /// <summary>The guest stays on the source.</summary>
    [System.Text.Json.Serialization.JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>It came too late: the guest has moved.</summary>
    [System.Text.Json.Serialization.JsonStringEnumMemberName("moved")]
    Moved,

    /// <summary>The guest runs on the destination, and its memory follows: there is no way back.</summary>
    [System.Text.Json.Serialization.JsonStringEnumMemberName("post_copy")]
    PostCopy,

    /// <summary>The migration did not end in time.</summary>
    [System.Text.Json.Serialization.JsonStringEnumMemberName("timed_out")]
    TimedOut,
}

/// <summary>Looks at the migrations that run on a host and acts on them, whoever began them and from whichever process.</summary>
/// <param name="host">The host.</param>
/// <param name="claims">The claims of this process.</param>
/// <param name="clock">The clock.</param>
/// <param name="time">Where time comes from.</param>
public sealed class MigrationControl(IHost host, DomainClaims claims, ObserverClock clock, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>The migrations that run from and to the host.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<RunningMigration>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new List<RunningMigration>();
        foreach (DomainRecord record in await host.ListDomainRecordsAsync(cancellationToken).ConfigureAwait(false))
        {
            var snapshot = new DomainSnapshot
            {
                Name = record.Name, Uuid = record.Uuid, State = record.State, Reason = record.Reason, Job = record.Job ?? DomainJobType.None, JobOperation = record.JobOperation, Xml = "",
            };
            if (await ReadAsync(snapshot, cancellationToken).ConfigureAwait(false) is { } migration)
            {
                found.Add(migration);
            }
        }

        return found;
    }

    /// <summary>The migration of a domain.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">It is not being migrated.</exception>
    public async Task<RunningMigration> FindAsync(string nameOrUuid, CancellationToken cancellationToken)
    {
        DomainSnapshot domain = await host.FindDomainAsync(nameOrUuid, cancellationToken).ConfigureAwait(false) ?? throw new DomainNotFoundException(nameOrUuid, host.Address.Name);
        return await ReadAsync(domain, cancellationToken).ConfigureAwait(false) ?? throw new OperationException(
            OperationStage.Refused, DomainOperation.Migrate, host.Address.Name, domain.Name, $"{domain.Name} on {host.Address.Name} is not being migrated: it is {domain.Describe()}",
            "See what is: orchestrator migration list.");
    }

    /// <summary>Follows a migration until it is over on this host.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the watch, not the migration.</param>
    public async IAsyncEnumerable<RunningMigration> WatchAsync(Guid uuid, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await host.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false) is { } domain
            && await ReadAsync(domain, cancellationToken).ConfigureAwait(false) is { } migration)
        {
            yield return migration;
            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Changes a running migration; call it on the source.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="settings">What to change.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationException">This is the destination, which knows none of that.</exception>
    public async Task<MigrationSettingsInForce> SetAsync(RunningMigration migration, MigrationSettings settings, CancellationToken cancellationToken)
    {
        RequireSource(migration);
        TimeSpan downtime = await host.MaxDowntimeAsync(migration.Uuid, settings.MaxDowntime, cancellationToken).ConfigureAwait(false);
        long bandwidth = await host.MaxSpeedAsync(migration.Uuid, settings.BandwidthMiBps, cancellationToken).ConfigureAwait(false);
        if (settings.PostCopyNow)
        {
            await host.StartPostCopyAsync(migration.Uuid, cancellationToken).ConfigureAwait(false);
        }

        return new(downtime, bandwidth, settings.PostCopyNow);
    }

    /// <summary>Asks for the end of a migration, and waits for it; call it on the source.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="deadline">How long to wait: a daemon may hang.</param>
    /// <param name="cancellationToken">Ends the wait; the migration was asked to end all the same.</param>
    /// <exception cref="OperationException">This is the destination, where it cannot be ended.</exception>
    public async Task<CancelOutcome> CancelAsync(RunningMigration migration, TimeSpan deadline, CancellationToken cancellationToken)
    {
        RequireSource(migration);
        long began = time.GetTimestamp();
        Guid uuid = migration.Uuid;

        // Whoever drives it is told, so that it knows by whom it was ended; if it does not listen, libvirt does.
        await using OtherClaim? driver = await claims.FindAsync(ClaimKey.OfDomain(uuid), Self(migration.Domain), cancellationToken).ConfigureAwait(false);
        if (driver is { Holder.Operation: DomainOperation.Migrate })
        {
            await driver.RequestCancelAsync(cancellationToken).ConfigureAwait(false);
        }

        while (true)
        {
            DomainSnapshot? domain = await host.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false);
            switch (DomainConditions.Of(domain))
            {
                case DomainCondition.Leaving:
                    await host.AbortJobAsync(uuid, cancellationToken).ConfigureAwait(false);
                    break;
                case DomainCondition.PostCopy or DomainCondition.PostCopyBroken:
                    return CancelOutcome.PostCopy;
                case DomainCondition.Absent or DomainCondition.Off or DomainCondition.Moved:
                    return CancelOutcome.Moved;
                case DomainCondition.Stranded:
                    break; // it is on its way to one end or the other
                default:
                    return CancelOutcome.Cancelled;
            }

            if (time.GetElapsedTime(began) >= deadline)
            {
                return CancelOutcome.TimedOut;
            }

            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private void RequireSource(RunningMigration migration)
    {
        if (migration.Direction != "out")
        {
            throw new OperationException(
                OperationStage.Refused, DomainOperation.Migrate, host.Address.Name, migration.Domain, $"{migration.Domain} is being migrated to {host.Address.Name}: it is the source that drives",
                "Ask the host that it comes from: -c.");
        }
    }

    private async Task<RunningMigration?> ReadAsync(DomainSnapshot domain, CancellationToken cancellationToken)
    {
        DomainCondition condition = DomainConditions.Of(domain);
        if (condition is not (DomainCondition.Leaving or DomainCondition.Arriving or DomainCondition.PostCopy or DomainCondition.PostCopyBroken))
        {
            return null;
        }

        // In post-copy the guest runs on the destination, and is paused on the source.
        bool leaves = condition == DomainCondition.Leaving || (condition != DomainCondition.Arriving && domain.State == DomainState.Paused);
        DomainJobStats? job = leaves ? await host.GetJobAsync(domain.Uuid, cancellationToken).ConfigureAwait(false) : null;
        await using OtherClaim? driver = await claims.FindAsync(ClaimKey.OfDomain(domain.Uuid), Self(domain.Name), cancellationToken).ConfigureAwait(false);
        return new(domain.Name, domain.Uuid, leaves ? "out" : "in", domain.Describe(), condition, job is null ? null : JobSamples.Of(job, clock.Now), driver?.Holder);
    }

    private ClaimHolder Self(string domain) => ClaimHolder.Here(DomainOperation.Migrate, domain, host.Address.Name, time);
}
