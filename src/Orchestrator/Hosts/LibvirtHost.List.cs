using Libvirt.Interop;

namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    // A domain whose lock is held lets libvirt wait for 30 s; a list is not worth that.
    private static readonly TimeSpan DocumentPatience = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DomainRecord>> ListDomainRecordsAsync(CancellationToken cancellationToken)
    {
        Bulk bulk = await InvokeAsync(ReadBulk, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<DomainRecord> records = bulk.Records;
        Dictionary<Guid, LibvirtDomain> handles = bulk.Domains.ToDictionary(domain => domain.Uuid);
        var found = new DomainRecord?[records.Count];
        int last = -1;
        int stuck = 0;

        // As many at once as there are threads, so that a round trip's length hardly counts; when each of them waits for a domain, the rest could only wait with them.
        try
        {
            var readers = new Task[HostDispatcher.ThreadCount];
            for (int i = 0; i < readers.Length; i++)
            {
                readers[i] = ReadSomeAsync();
            }

            await Task.WhenAll(readers).ConfigureAwait(false);
            return [.. found.OfType<DomainRecord>()];
        }
        finally
        {
            // A call that still waits keeps its own hold on the domain until it returns.
            foreach (LibvirtDomain domain in bulk.Domains)
            {
                domain.Dispose();
            }
        }

        async Task ReadSomeAsync()
        {
            while (Interlocked.Increment(ref last) is var i && i < records.Count)
            {
                found[i] = Volatile.Read(ref stuck) >= HostDispatcher.ThreadCount
                    ? records[i] with { Problem = "not asked: the host is still busy with other domains" }
                    : await ReadAsync(records[i]).ConfigureAwait(false);
            }
        }

        async Task<DomainRecord?> ReadAsync(DomainRecord record)
        {
            if (!handles.TryGetValue(record.Uuid, out LibvirtDomain? domain))
            {
                return record with { Problem = "it came while the list was made" };
            }

            Task<DomainRecord?> reading = InvokeAsync(_ => ReadDocument(domain, record), cancellationToken);
            try
            {
                return await reading.WaitAsync(DocumentPatience, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                Interlocked.Increment(ref stuck);
                _ = reading.ContinueWith(late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                return record with { Problem = $"it did not answer within {DocumentPatience.TotalSeconds:0} s: another operation holds it" };
            }
        }
    }

    /// <inheritdoc/>
    public Task<DomainRecord> GetDomainRecordAsync(Guid uuid, CancellationToken cancellationToken) => OnDomainAsync(
        uuid,
        domain =>
        {
            (DomainState state, int reason) = domain.GetState();
            var record = new DomainRecord
            {
                Name = domain.Name,
                Uuid = uuid,
                State = state,
                Reason = reason,
                IsPersistent = domain.IsPersistent(),
                IsAutostarted = Ask(domain.IsAutostarted),
                HasManagedSave = Ask(domain.HasManagedSaveImage),
            };
            return ReadDocument(domain, record)
                ?? throw new LibvirtException(LibvirtErrorCode.NoDomain, 20, nameof(GetDomainRecordAsync), $"{record.Name} went away while it was looked at");
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<string> GetDomainXmlAsync(Guid uuid, DomainXmlFlags flags, CancellationToken cancellationToken) => OnDomainAsync(uuid, domain => domain.GetXml(flags), cancellationToken);

    // Six calls, however many domains there are. The few are asked for: those that are transient, started with the host, or saved.
    private static Bulk ReadBulk(LibvirtConnection connection)
    {
        // Of running domains the state alone: for memory and vCPUs libvirt would ask each QEMU, and one that hangs would stop the call for all, NOWAIT or not.
        IReadOnlyList<DomainStats> all = connection.GetDomainStats(DomainStatsTypes.State);
        Dictionary<Guid, DomainStats> sizes = connection.GetDomainStats(DomainStatsTypes.Balloon | DomainStatsTypes.Vcpu, DomainStatsFlags.Inactive | DomainStatsFlags.Nowait)
            .ToDictionary(stats => stats.Uuid);
        HashSet<Guid> transient = Among(ListDomainsFlags.Transient);
        HashSet<Guid> autostarted = Among(ListDomainsFlags.Autostart);
        HashSet<Guid> saved = Among(ListDomainsFlags.Managedsave);
        return new(connection.ListDomains(), [.. all.Select(stats => RecordOf(stats, sizes.GetValueOrDefault(stats.Uuid)?.Statistics))]);

        HashSet<Guid> Among(ListDomainsFlags flags)
        {
            var found = new HashSet<Guid>();
            foreach (LibvirtDomain domain in connection.ListDomains(flags))
            {
                using (domain)
                {
                    found.Add(domain.Uuid);
                }
            }

            return found;
        }

        DomainRecord RecordOf(DomainStats stats, TypedParameters? size) => new()
        {
            Name = stats.Name,
            Uuid = stats.Uuid,
            State = (DomainState)(stats.Statistics.FindInteger("state.state") ?? 0),
            Reason = (int)(stats.Statistics.FindInteger("state.reason") ?? 0),
            MemoryKiB = size?.FindInteger("balloon.current"),
            MaxMemoryKiB = size?.FindInteger("balloon.maximum"),
            Vcpus = (int?)size?.FindInteger("vcpu.current"),
            IsPersistent = !transient.Contains(stats.Uuid),
            IsAutostarted = autostarted.Contains(stats.Uuid),
            HasManagedSave = saved.Contains(stats.Uuid),
        };
    }

    private static DomainRecord? ReadDocument(LibvirtDomain domain, DomainRecord record)
    {
        try
        {
            if (record.MemoryKiB is null || record.Vcpus is null)
            {
                DomainInfo info = domain.GetInfo();
                record = record with { MemoryKiB = info.MemoryKiB, MaxMemoryKiB = info.MaxMemoryKiB, Vcpus = info.VcpuCount };
            }

            // One that is off has no job.
            (DomainJobType job, DomainJobOperation operation) = record.IsActive ? Job(domain, record.State) : default;
            return record with
            {
                Job = job,
                JobOperation = operation,

                // libvirt keeps the document of a copy that arrives until it has arrived, or fails after 30 s.
                Xml = operation == DomainJobOperation.MigrationIn ? null : domain.GetXml(),
            };
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoDomain)
        {
            return null; // it went away between two questions
        }
        catch (LibvirtException e) when (!e.IsConnectionLost)
        {
            return record with { Problem = e.Message };
        }
    }

    private sealed record Bulk(IReadOnlyList<LibvirtDomain> Domains, IReadOnlyList<DomainRecord> Records);
}
