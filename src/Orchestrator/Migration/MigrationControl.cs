using System.Runtime.CompilerServices;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Migration;

/// <summary>Looks at the migrations that run on a host and acts on them, whoever began them and from whichever process.</summary>
/// <param name="host">The host.</param>
/// <param name="claims">The claims of this process.</param>
/// <param name="clock">The clock.</param>
/// <param name="time">Where time comes from.</param>
public sealed class MigrationControl(IHost host, DomainClaims claims, ObserverClock clock, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>How long whoever drives a migration may take to end it, before libvirt is asked over its head.</summary>
    private static readonly TimeSpan DriverGrace = TimeSpan.FromSeconds(3);

    /// <summary>How long a migration may be about to send before a change of its limits is refused.</summary>
    private static readonly TimeSpan LongestSetUp = TimeSpan.FromSeconds(30);

    /// <summary>The migrations that run from and to the host.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<RunningMigration>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new List<RunningMigration>();
        foreach (DomainRecord record in await host.ListDomainRecordsAsync(cancellationToken).ConfigureAwait(false))
        {
            var snapshot = new DomainSnapshot
            {
                Name = record.Name,
                Uuid = record.Uuid,
                State = record.State,
                Reason = record.Reason,
                Job = record.Job ?? DomainJobType.None,
                JobOperation = record.JobOperation,
                Xml = "",
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

    /// <summary>What limits a running migration; call it on the source.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationException">This is the destination, which knows none of that.</exception>
    public Task<MigrationSettingsInForce> GetSettingsAsync(RunningMigration migration, CancellationToken cancellationToken) => SetAsync(migration, new(), cancellationToken);

    /// <summary>Changes a running migration; call it on the source. One that does not send yet is waited for: libvirt gives QEMU the limits that it was begun with when it begins to send.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="settings">What to change.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationException">This is the destination, which knows none of that; it has ended, or does not begin to send within 30 seconds; or it cannot switch to post-copy.</exception>
    public async Task<MigrationSettingsInForce> SetAsync(RunningMigration migration, MigrationSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentNullException.ThrowIfNull(settings);
        RequireSource(migration);
        bool toPostCopy = settings.PostCopyNow && migration.Condition is not (DomainCondition.PostCopy or DomainCondition.PostCopyBroken);
        if (toPostCopy)
        {
            await RequireNoHostDevicesAsync(migration, cancellationToken).ConfigureAwait(false);
        }

        if (settings.MaxDowntime is not null || settings.BandwidthMiBps is not null)
        {
            await WaitUntilItSendsAsync(migration, cancellationToken).ConfigureAwait(false);
        }

        TimeSpan downtime = await host.MaxDowntimeAsync(migration.Uuid, settings.MaxDowntime, cancellationToken).ConfigureAwait(false);
        long bandwidth = await host.MaxSpeedAsync(migration.Uuid, settings.BandwidthMiBps, cancellationToken).ConfigureAwait(false);
        if (toPostCopy)
        {
            await SwitchToPostCopyAsync(migration, cancellationToken).ConfigureAwait(false);
        }

        return new(downtime, bandwidth, settings.PostCopyNow);
    }

    /// <summary>Tells whoever drives a migration to go on by another policy; call it on the source.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="journal">The journal by which they are told; <see langword="null"/> when there is none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="false"/> when nobody on this machine drives it: a recovery may take it over.</returns>
    /// <exception cref="OperationException">This is the destination, or its driver cannot be told by this journal.</exception>
    public async Task<bool> SetPolicyAsync(RunningMigration migration, MigrationPolicy policy, Journal? journal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (await FindDrivenAsync(migration, journal, cancellationToken).ConfigureAwait(false) is not { } operation)
        {
            return false;
        }

        journal!.SetPolicy(operation.Id, PolicyDocument.ToJson(policy));
        return true;
    }

    /// <summary>The operation of whoever drives a migration and can be told of another policy; call it on the source.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="journal">The journal by which they are told; <see langword="null"/> when there is none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="null"/> when nobody on this machine drives it: a recovery may take it over.</returns>
    /// <exception cref="OperationException">This is the destination, or its driver cannot be told by this journal.</exception>
    public async Task<JournalOperation?> FindDrivenAsync(RunningMigration migration, Journal? journal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(migration);
        RequireSource(migration);
        await using OtherClaim? driver = await claims.FindAsync(ClaimKey.OfDomain(migration.Uuid), Self(migration.Domain), cancellationToken).ConfigureAwait(false);
        if (driver is null)
        {
            return null;
        }

        // The driver is the process that has the claim now: it may have taken the operation over from the one that began it.
        JournalOperation? operation = journal?.Find(migration.Uuid).LastOrDefault(operation => operation.Ended is null);
        if (driver.Holder is not { Operation: DomainOperation.Migrate } || operation is null)
        {
            throw Refusal(
                migration.Domain, $"the policy of {migration.Domain} on {host.Address.Name} cannot be changed: {driver} works on it{(driver.Holder is null ? "" : ", and this journal knows no migration of it")}",
                driver.Holder is null ? "A process that is stopped takes no orders: let it go on, or end it." : "Name the folder of its journal: --state-dir. Its limits can be changed without: --max-downtime, --bandwidth.");
        }

        return operation;
    }

    /// <summary>Asks for the end of a migration, and waits for it; call it on the source.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="deadline">How long to wait: a daemon may hang.</param>
    /// <param name="cancellationToken">Ends the wait; the migration was asked to end all the same.</param>
    /// <exception cref="OperationException">This is the destination, where it cannot be ended.</exception>
    public async Task<CancelOutcome> CancelAsync(RunningMigration migration, TimeSpan deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(migration);
        RequireSource(migration);
        using var over = new CancellationTokenSource(deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            return await CancelAsync(migration, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return CancelOutcome.TimedOut;
        }
    }

    private async Task<CancelOutcome> CancelAsync(RunningMigration migration, CancellationToken cancellationToken)
    {
        Guid uuid = migration.Uuid;
        OtherClaim? driver = null;
        try
        {
            bool began = false;
            for (long start = time.GetTimestamp(); ; await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false))
            {
                DomainCondition condition = DomainConditions.Of(await host.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false));
                if (condition is DomainCondition.PostCopy or DomainCondition.PostCopyBroken)
                {
                    return CancelOutcome.PostCopy; // nobody is told: there is nothing that they could do
                }

                // Whoever drives it is told first, so that it knows by whom it was ended.
                driver ??= await TellDriverAsync(migration, cancellationToken).ConfigureAwait(false);
                bool isDriven = driver is { Released.IsCompleted: false };
                switch (condition)
                {
                    case DomainCondition.Leaving:
                        began = true;
                        if (!isDriven || time.GetElapsedTime(start) >= DriverGrace)
                        {
                            await host.AbortJobAsync(uuid, cancellationToken).ConfigureAwait(false);
                        }

                        break;
                    case DomainCondition.Absent or DomainCondition.Off or DomainCondition.Moved:
                        return CancelOutcome.Moved;
                    case DomainCondition.Stranded:
                        break; // it is on its way to one end or the other
                    default:
                        if (began || !isDriven)
                        {
                            return CancelOutcome.Cancelled;
                        }

                        break; // its driver is about to begin
                }
            }
        }
        finally
        {
            if (driver is not null)
            {
                await driver.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<OtherClaim?> TellDriverAsync(RunningMigration migration, CancellationToken cancellationToken)
    {
        OtherClaim? driver = await claims.FindAsync(ClaimKey.OfDomain(migration.Uuid), Self(migration.Domain), cancellationToken).ConfigureAwait(false);
        if (driver is null)
        {
            return null;
        }

        if (driver is { Holder.Operation: DomainOperation.Migrate })
        {
            await driver.RequestCancelAsync(cancellationToken).ConfigureAwait(false);
            return driver;
        }

        await driver.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    private async Task WaitUntilItSendsAsync(RunningMigration migration, CancellationToken cancellationToken)
    {
        for (long start = time.GetTimestamp(); ; await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false))
        {
            RunningMigration now = await FindAsync($"{migration.Uuid}", cancellationToken).ConfigureAwait(false);
            if (now.Condition is not (DomainCondition.Leaving or DomainCondition.Running or DomainCondition.Paused)
                || (await host.GetJobAsync(migration.Uuid, cancellationToken).ConfigureAwait(false))?.Statistics.FindInteger("data_processed") is > 0)
            {
                return;
            }

            if (time.GetElapsedTime(start) >= LongestSetUp)
            {
                throw Refusal(
                    migration.Domain, $"the migration of {migration.Domain} from {host.Address.Name} has sent nothing for {LongestSetUp.TotalSeconds:0} seconds: what is set now would be lost when it begins to",
                    "See whether it is still under way: orchestrator migration show. Then set it again, or end it: orchestrator migration cancel.");
            }
        }
    }

    private async Task RequireNoHostDevicesAsync(RunningMigration migration, CancellationToken cancellationToken)
    {
        DomainSnapshot? domain = await host.FindDomainAsync(migration.Uuid, cancellationToken).ConfigureAwait(false);
        if (domain is not null && TransferCall.HoldsHostDevices(domain))
        {
            throw Refusal(
                migration.Domain, $"{migration.Domain} on {host.Address.Name} holds devices of the host, whose state cannot be fetched afterwards: it is not switched to post-copy",
                "Let it end in another way: --max-downtime, --bandwidth or --policy.");
        }
    }

    private async Task SwitchToPostCopyAsync(RunningMigration migration, CancellationToken cancellationToken)
    {
        try
        {
            await host.StartPostCopyAsync(migration.Uuid, cancellationToken).ConfigureAwait(false);
        }
        catch (LibvirtException e) when (e.Code is LibvirtErrorCode.OperationInvalid)
        {
            throw Refusal(
                migration.Domain, $"{migration.Domain} on {host.Address.Name} cannot switch to post-copy: {HostAddress.Redact(e.Message)}",
                "A migration has to be begun with it: orchestrator migrate --policy adaptive-post-copy, or virsh migrate --postcopy.", e);
        }
    }

    private void RequireSource(RunningMigration migration)
    {
        if (migration.Direction != "out")
        {
            throw Refusal(migration.Domain, $"{migration.Domain} is being migrated to {host.Address.Name}: it is the source that drives", "Ask the host that it comes from: -c.");
        }
    }

    private OperationException Refusal(string domain, string message, string remedy, Exception? inner = null) =>
        new(OperationStage.Refused, DomainOperation.Migrate, host.Address.Name, domain, message, remedy, inner);

    private async Task<RunningMigration?> ReadAsync(DomainSnapshot domain, CancellationToken cancellationToken)
    {
        DomainCondition condition = DomainConditions.Of(domain);
        bool isUnderway = condition is DomainCondition.Leaving or DomainCondition.Arriving or DomainCondition.PostCopy or DomainCondition.PostCopyBroken;
        if (!isUnderway && condition is not (DomainCondition.Running or DomainCondition.Paused or DomainCondition.Stranded))
        {
            return null;
        }

        await using OtherClaim? driver = await claims.FindAsync(ClaimKey.OfDomain(domain.Uuid), Self(domain.Name), cancellationToken).ConfigureAwait(false);

        // One that is only being prepared can be cancelled as well. The destination's copy is claimed for as long as its end is looked at.
        if (!isUnderway && !(driver?.Holder is { Operation: DomainOperation.Migrate } holder && holder.Host == host.Address.Name))
        {
            return null;
        }

        // In post-copy the guest runs on the destination, and is paused on the source.
        bool leaves = condition is DomainCondition.PostCopy or DomainCondition.PostCopyBroken ? domain.State == DomainState.Paused : condition != DomainCondition.Arriving;
        DomainJobStats? job = leaves && isUnderway ? await host.GetJobAsync(domain.Uuid, cancellationToken).ConfigureAwait(false) : null;
        return new(domain.Name, domain.Uuid, leaves ? "out" : "in", domain.Describe(), condition, job is null ? null : JobSamples.Of(job, clock.Now), driver?.Holder);
    }

    private ClaimHolder Self(string domain) => ClaimHolder.Here(DomainOperation.Migrate, domain, host.Address.Name, time);
}
