using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>
/// A host with state, for the orders that reality will not produce on demand. It behaves as libvirt does: an abort without a job is refused, an aborted
/// call ends with OPERATION_ABORTED (78, domain 10), a lost host throws.
/// </summary>
internal sealed partial class FakeHost(string name, ObserverClock clock) : IHost
{
    private readonly List<EventRecorder> _recorders = [];
    private TaskCompletionSource? _job;
    private int _finds;

    internal Dictionary<Guid, DomainSnapshot> Domains { get; } = [];

    /// <summary>How often a domain was looked for.</summary>
    internal int Finds => Volatile.Read(ref _finds);

    /// <summary>What happens just before a domain is looked for.</summary>
    internal Action? OnFind { get; set; }

    /// <summary>What the migrating call does; the default never ends by itself.</summary>
    internal Func<FakeHost, MigrationCall, Task> OnMigrate { get; set; } = static (_, _) => Task.Delay(Timeout.Infinite);

    /// <summary>What comes before its round trips are measured.</summary>
    internal Func<CancellationToken, Task> OnMeasure { get; set; } = static _ => Task.CompletedTask;

    /// <summary>The daemon is gone.</summary>
    internal bool IsLost { get; set; }

    /// <summary>A daemon that is gone is restarted, and answers again after so many calls have failed.</summary>
    internal int? ReturnsAfter { get; set; }

    /// <summary>Aborts that are refused first, because the job has not begun.</summary>
    internal int AbortsBeforeJob { get; set; }

    /// <summary>The call ignores aborts.</summary>
    internal bool IgnoresAbort { get; set; }

    internal TimeSpan MaxDowntime { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>A host that takes a limit and keeps its own.</summary>
    internal bool KeepsItsLimit { get; set; }

    /// <summary>The documents of the host's devices.</summary>
    internal List<string> NodeDevices { get; } = [];

    /// <summary>A daemon older than 6.9, which refuses to be asked for vDPA devices alone.</summary>
    internal bool RefusesVdpaDevices { get; set; }

    /// <summary>How the host's libvirt reads documents.</summary>
    internal FakeLibvirt Libvirt { get; set; } = FakeLibvirt.Stock113;

    /// <summary>The stored definitions.</summary>
    internal Dictionary<Guid, string> Definitions { get; } = [];

    /// <summary>A failure of the next definitions, if this says one.</summary>
    internal Func<string, Exception?>? OnDefine { get; set; }

    /// <summary>What the daemon tells about its machine.</summary>
    internal HostDocuments Documents { get; set; } = new() { Capabilities = "<capabilities/>" };

    /// <summary>Why a downtime limit is not taken, if this says one.</summary>
    internal Func<TimeSpan, Exception?>? OnLimit { get; set; }

    internal int Aborts { get; private set; }

    /// <summary>The most bandwidth of a migration, in MiB/s.</summary>
    internal long MaxSpeed { get; private set; } = 8796093022207;

    /// <summary>What the job of a migration tells of itself.</summary>
    internal Func<DomainJobStats?>? Job { get; set; }

    /// <summary>The log of its QEMUs.</summary>
    internal LogEvidence Log { get; set; } = new() { Problem = "a fake host has no log" };

    internal int PostCopyStarts { get; private set; }

    /// <summary>What stands in the way of a switch to post-copy, if this says one.</summary>
    internal Exception? PostCopyProblem { get; set; }

    internal List<MigrationCall> Calls { get; } = [];

    public HostAddress Address { get; } = new(name, $"qemu+unix:///session?socket=/tmp/{name}/run/libvirt/libvirt-sock");

    public HostIdentity Identity { get; init; } = Migration.Samples.Host(name);

    public Task<DomainSnapshot?> FindDomainAsync(string nameOrUuid, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _finds);
        OnFind?.Invoke();
        return Answer(() =>
        {
            DomainSnapshot? byName = Domains.Values.FirstOrDefault(domain => domain.Name == nameOrUuid);
            DomainSnapshot? byUuid = Guid.TryParse(nameOrUuid, out Guid uuid) ? Domains.GetValueOrDefault(uuid) : null;
            return byName is not null && byUuid is not null && byName.Uuid != byUuid.Uuid
                ? throw new DomainAmbiguousException(nameOrUuid, Address.Name, byName.Uuid, byUuid.Name)
                : byUuid ?? byName;
        });
    }

    public Task<DomainSnapshot?> FindDomainAsync(Guid uuid, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _finds);
        OnFind?.Invoke();
        return Answer(() => Domains.GetValueOrDefault(uuid));
    }

    public Task<IReadOnlyList<DomainSnapshot>> ListDomainsAsync(CancellationToken cancellationToken) => Answer<IReadOnlyList<DomainSnapshot>>(() => [.. Domains.Values]);

    public Task<HostSnapshot> SnapshotAsync(string name, Guid uuid, CancellationToken cancellationToken) =>
        Answer(() => new HostSnapshot(Identity, Domains.Values.FirstOrDefault(domain => domain.Name == name), Domains.GetValueOrDefault(uuid)));

    public Task<EventRecorder> RecordEventsAsync(string name, Guid uuid, CancellationToken cancellationToken) => Answer(() =>
    {
        var recorder = new EventRecorder(name, uuid);
        _recorders.Add(recorder);
        return recorder;
    });

    public Task<HostDialect> GetDialectAsync(CancellationToken cancellationToken) => Answer(() => DialectProbe.Ask(
        xml =>
        {
            try
            {
                return new(Libvirt.CommandLine(xml), null);
            }
            catch (LibvirtException e)
            {
                return new(null, $"{e.Code}: {e.Message}");
            }
        },
        Identity.Architecture!,
        "kvm") with
    { LibvirtVersion = Libvirt.Version, QemuVersion = Libvirt.QemuVersion, GenericVdpaDevice = true });

    public Task<string> GetQemuCommandLineAsync(string xml, CancellationToken cancellationToken) => Answer(() => Libvirt.CommandLine(xml));

    public Task DefineDomainAsync(string xml, CancellationToken cancellationToken) => Answer(() =>
    {
        if (OnDefine is not null && OnDefine(xml) is { } failure)
        {
            throw failure;
        }

        XElement stored = Libvirt.Store(xml);
        string domain = (string)stored.Element("name")!;
        Guid uuid = (Guid)stored.Element("uuid")!;
        if (Domains.Values.FirstOrDefault(other => other.Name == domain && other.Uuid != uuid) is { } other)
        {
            throw new LibvirtException(LibvirtErrorCode.OperationFailed, 20, "virDomainDefineXMLFlags", $"operation failed: domain '{domain}' already exists with uuid {other.Uuid}");
        }

        Definitions[uuid] = stored.ToString();
        Domains[uuid] = Domains.TryGetValue(uuid, out DomainSnapshot? present) && present.IsActive
            ? present with { IsPersistent = true }
            : new() { Name = domain, Uuid = uuid, State = DomainState.Shutoff, IsPersistent = true, Xml = Definitions[uuid] };
        return true;
    });

    public Task<string?> GetDefinitionAsync(Guid uuid, CancellationToken cancellationToken) => Answer(() => Definitions.GetValueOrDefault(uuid));

    public Task UndefineDomainAsync(Guid uuid, DomainUndefineFlags flags, CancellationToken cancellationToken) => Answer(() =>
    {
        if (!Definitions.Remove(uuid))
        {
            throw new LibvirtException(LibvirtErrorCode.NoDomain, 10, "virDomainUndefineFlags", $"Domain not found: no domain with matching uuid '{uuid}'");
        }

        if (Domains[uuid].IsActive)
        {
            Domains[uuid] = Domains[uuid] with { IsPersistent = false };
        }
        else
        {
            Domains.Remove(uuid);
        }

        return true;
    });

    public Task<IReadOnlyList<string>> ListNodeDevicesAsync(NodeDeviceCapabilities capabilities, CancellationToken cancellationToken) =>
        Answer<IReadOnlyList<string>>(() => RefusesVdpaDevices && capabilities.HasFlag(NodeDeviceCapabilities.Vdpa)
            ? throw new LibvirtException(LibvirtErrorCode.InvalidArg, 0, "virConnectListAllNodeDevices", "invalid argument: unsupported flags (0x20000) in function nodeConnectListAllNodeDevices")
            : NodeDevices);

    public Task<HostDocuments> GetDocumentsAsync(CancellationToken cancellationToken) => Answer(() => Documents);

    public Task PingAsync(CancellationToken cancellationToken) => Answer(() => true);

    public async Task<IReadOnlyList<double>> MeasureRoundTripsAsync(Guid uuid, int count, CancellationToken cancellationToken)
    {
        await OnMeasure(cancellationToken);
        return await Answer<IReadOnlyList<double>>(() => [.. Enumerable.Repeat(0.2, count)]);
    }

    public Task<TimeSpan> MaxDowntimeAsync(Guid uuid, TimeSpan? limit, CancellationToken cancellationToken) =>
        Answer(() => limit is { } wanted && OnLimit?.Invoke(wanted) is { } problem ? throw problem : MaxDowntime = KeepsItsLimit ? MaxDowntime : limit ?? MaxDowntime);

    public async Task MigrateAsync(MigrationCall migration)
    {
        Calls.Add(migration);
        _job = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await await Task.WhenAny(OnMigrate(this, migration), _job.Task);
    }

    public Task<DomainJobStats?> GetJobAsync(Guid uuid, CancellationToken cancellationToken) => Answer(() => Job?.Invoke());

    public Task<DomainJobStats?> GetCompletedJobAsync(Guid uuid, CancellationToken cancellationToken) => Answer<DomainJobStats?>(() => null);

    public Task<bool> AbortJobAsync(Guid uuid, CancellationToken cancellationToken) => Answer(() =>
    {
        Aborts++;
        if (Aborts <= AbortsBeforeJob)
        {
            return false;
        }

        if (!IgnoresAbort)
        {
            _job?.TrySetException(new LibvirtException(
                LibvirtErrorCode.OperationAborted, 10, "virDomainMigrateToURI3", "operation aborted: job 'migration out' canceled by client"));
            Domains[uuid] = Domains[uuid] with { Job = DomainJobType.None, JobOperation = DomainJobOperation.Unknown };
        }

        return true;
    });

    public Task<long> MaxSpeedAsync(Guid uuid, long? mebibytesPerSecond, CancellationToken cancellationToken) => Answer(() => MaxSpeed = mebibytesPerSecond ?? MaxSpeed);

    public Task StartPostCopyAsync(Guid uuid, CancellationToken cancellationToken) => Answer(() =>
    {
        PostCopyStarts++;
        return PostCopyProblem is { } problem ? throw problem : true;
    });

    public Task<LogEvidence> ReadLogAsync(string name, DateTimeOffset since, CancellationToken cancellationToken) =>
        Answer(() => Log);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A new iteration of a copy.</summary>
    internal void EmitIteration(int iteration)
    {
        foreach (EventRecorder recorder in _recorders)
        {
            recorder.Add(new() { Channel = "iteration", Name = $"{iteration}", Arrived = clock.Now });
        }
    }

    /// <summary>An event of QEMU's, stamped by a host whose clock is right and delivered at once.</summary>
    internal void Emit(string name, DateTimeOffset? at = null, string? data = null)
    {
        DateTimeOffset now = at ?? clock.Now;
        foreach (EventRecorder recorder in _recorders)
        {
            recorder.Add(new() { Channel = "qmp", Name = name, Data = data, Stamp = now, Arrived = now });
        }
    }

    private async Task<T> Answer<T>(Func<T> answer)
    {
        await Task.CompletedTask;
        if (IsLost && ReturnsAfter-- == 0)
        {
            IsLost = false;
        }

        return IsLost ? throw Lost() : answer();
    }

    private HostUnreachableException Lost()
    {
        _recorders.ForEach(recorder => recorder.MarkGap());
        return new(Address.Name, $"{Address.Name} cannot be reached");
    }
}
