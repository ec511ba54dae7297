using System.Xml.Linq;
using Libvirt.Interop;

namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    // A domain whose lock is held lets libvirt wait for 30 s; a list is not worth that.
    private static readonly TimeSpan DocumentPatience = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DomainSnapshot>> ListDomainsAsync(CancellationToken cancellationToken)
    {
        Outline outline = await InvokeAsync(ReadOutline, cancellationToken).ConfigureAwait(false);
        return await ReadEachAsync(outline.Connection, outline.Domains, outline.Domains, domain => domain, (domain, _) => Snapshot(domain), (domain, _) => Known(domain), cancellationToken)
            .ConfigureAwait(false);

        DomainSnapshot Known(LibvirtDomain domain)
        {
            TypedParameters? state = outline.States.GetValueOrDefault(domain.Uuid)?.Statistics;
            return new()
            {
                Name = domain.Name,
                Uuid = domain.Uuid,
                State = (DomainState)(state?.FindInteger("state.state") ?? 0),
                Reason = (int)(state?.FindInteger("state.reason") ?? 0),
                IsPersistent = !outline.Transient.Contains(domain.Uuid),
                Xml = NameAlone(domain),
            };
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DomainRecord>> ListDomainRecordsAsync(CancellationToken cancellationToken)
    {
        Bulk bulk = await InvokeAsync(ReadBulk, cancellationToken).ConfigureAwait(false);
        Dictionary<Guid, LibvirtDomain> handles = bulk.Domains.ToDictionary(domain => domain.Uuid);
        return await ReadEachAsync(
            bulk.Connection, bulk.Domains, bulk.Records, record => handles.GetValueOrDefault(record.Uuid), ReadDocument, (record, problem) => record with { Problem = problem }, cancellationToken)
            .ConfigureAwait(false);
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

    // As many at once as there are threads, so that a round trip's length hardly counts; when each of them waits for a domain, the rest could only wait with them.
    private async Task<IReadOnlyList<TRead>> ReadEachAsync<T, TRead>(
        LibvirtConnection connection, IReadOnlyList<LibvirtDomain> domains, IReadOnlyList<T> items, Func<T, LibvirtDomain?> handleOf, Func<LibvirtDomain, T, TRead?> read,
        Func<T, string, TRead> unread, CancellationToken cancellationToken)
        where TRead : class
    {
        var found = new TRead?[items.Count];
        int last = -1;
        int stuck = 0;
        try
        {
            var readers = new Task[HostDispatcher.ThreadCount];
            for (int i = 0; i < readers.Length; i++)
            {
                readers[i] = ReadSomeAsync();
            }

            await Task.WhenAll(readers).ConfigureAwait(false);
            return [.. found.OfType<TRead>()];
        }
        finally
        {
            // A call that still waits keeps its own hold on the domain until it returns.
            foreach (LibvirtDomain domain in domains)
            {
                domain.Dispose();
            }
        }

        async Task ReadSomeAsync()
        {
            while (Interlocked.Increment(ref last) is var i && i < items.Count)
            {
                found[i] = Volatile.Read(ref stuck) >= HostDispatcher.ThreadCount
                    ? unread(items[i], "not asked: the host is still busy with other domains")
                    : await ReadAsync(items[i]).ConfigureAwait(false);
            }
        }

        async Task<TRead?> ReadAsync(T item)
        {
            if (handleOf(item) is not { } domain)
            {
                return unread(item, "it came while the list was made");
            }

            try
            {
                return await AskPatientlyAsync(present => OnHandle(present, domain, item), cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                Interlocked.Increment(ref stuck);
                return unread(item, $"it did not answer within {DocumentPatience.TotalSeconds:0} s: another operation holds it");
            }
        }

        // A handle is of the connection it came through: through a lost one all calls fail, which says nothing about the present one.
        TRead? OnHandle(LibvirtConnection present, LibvirtDomain domain, T item)
        {
            if (ReferenceEquals(present, connection))
            {
                return read(domain, item);
            }

            using LibvirtDomain? anew = present.TryLookupByUuid(domain.Uuid);
            return anew is null ? null : read(anew, item);
        }
    }

    // One domain that does not answer says nothing about the host: a wait that is given up leaves its link in place. Is it stuck as a whole, the next call replaces it.
    private async Task<T> AskPatientlyAsync<T>(Func<LibvirtConnection, T> call, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(DocumentPatience);
        while (true)
        {
            try
            {
                return await PresentLink().InvokeAsync(call, patience.Token).ConfigureAwait(false);
            }
            catch (CallNotBegunException)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException();
            }
        }
    }

    private static Outline ReadOutline(LibvirtConnection connection) => new(
        connection,
        connection.ListDomains(),
        connection.GetDomainStats(DomainStatsTypes.State).ToDictionary(stats => stats.Uuid),
        Among(connection, ListDomainsFlags.Transient));

    private static HashSet<Guid> Among(LibvirtConnection connection, ListDomainsFlags flags)
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

    // Six calls, however many domains there are. The few are asked for: those that are transient, started with the host, or saved.
    private static Bulk ReadBulk(LibvirtConnection connection)
    {
        // Of running domains the state alone: for memory and vCPUs libvirt would ask each QEMU, and one that hangs would stop the call for all, NOWAIT or not.
        IReadOnlyList<DomainStats> all = connection.GetDomainStats(DomainStatsTypes.State);
        Dictionary<Guid, DomainStats> sizes = connection.GetDomainStats(DomainStatsTypes.Balloon | DomainStatsTypes.Vcpu, DomainStatsFlags.Inactive | DomainStatsFlags.Nowait)
            .ToDictionary(stats => stats.Uuid);
        HashSet<Guid> transient = Among(connection, ListDomainsFlags.Transient);
        HashSet<Guid> autostarted = Among(connection, ListDomainsFlags.Autostart);
        HashSet<Guid> saved = Among(connection, ListDomainsFlags.Managedsave);
        return new(connection, connection.ListDomains(), [.. all.Select(stats => RecordOf(stats, sizes.GetValueOrDefault(stats.Uuid)?.Statistics))]);

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

    // The document of a domain that tells none now.
    private static string NameAlone(LibvirtDomain domain) => new XElement("domain", new XElement("name", domain.Name), new XElement("uuid", $"{domain.Uuid}")).ToString();

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

                Xml = WithholdsDocument(record.State, record.Reason, operation) ? null : domain.GetXml(),
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

    private sealed record Outline(
        LibvirtConnection Connection, IReadOnlyList<LibvirtDomain> Domains, IReadOnlyDictionary<Guid, DomainStats> States, IReadOnlySet<Guid> Transient);

    private sealed record Bulk(LibvirtConnection Connection, IReadOnlyList<LibvirtDomain> Domains, IReadOnlyList<DomainRecord> Records);
}
