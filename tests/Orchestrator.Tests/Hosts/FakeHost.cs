using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>
/// A host with state, for the orders that reality will not produce on demand. It behaves as libvirt does: an abort without a job is refused, an aborted
/// call ends with OPERATION_ABORTED (78, domain 10), a lost host throws.
/// </summary>
internal sealed class FakeHost(string name, ObserverClock clock) : IHost
{
    private readonly List<EventRecorder> _recorders = [];
    private TaskCompletionSource? _job;

    internal Dictionary<Guid, DomainSnapshot> Domains { get; } = [];

    /// <summary>What the migrating call does; the default never ends by itself.</summary>
    internal Func<FakeHost, MigrationCall, Task> OnMigrate { get; set; } = static (_, _) => Task.Delay(Timeout.Infinite);

    /// <summary>The daemon is gone.</summary>
    internal bool IsLost { get; set; }

    /// <summary>Aborts that are refused first, because the job has not begun.</summary>
    internal int AbortsBeforeJob { get; set; }

    /// <summary>The call ignores aborts.</summary>
    internal bool IgnoresAbort { get; set; }

    internal TimeSpan MaxDowntime { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>A host that takes a limit and keeps its own.</summary>
    internal bool KeepsItsLimit { get; set; }

    /// <summary>The documents of the host's devices.</summary>
    internal List<string> NodeDevices { get; } = [];

    internal HostDialect Dialect { get; set; } = new() { LibvirtVersion = 11_003_000, QemuVersion = 10_000_002, VdpaInterface = true, VhostVdpaDisk = true, GenericVdpaDevice = true };

    /// <summary>What the daemon tells about its machine.</summary>
    internal HostDocuments Documents { get; set; } = new() { Capabilities = "<capabilities/>" };

    internal int Aborts { get; private set; }

    internal List<MigrationCall> Calls { get; } = [];

    public HostAddress Address { get; } = new(name, $"qemu+unix:///session?socket=/tmp/{name}/run/libvirt/libvirt-sock");

    public HostIdentity Identity { get; init; } = Migration.Samples.Host(name);

    public Task<DomainSnapshot?> FindDomainAsync(string nameOrUuid, CancellationToken cancellationToken) =>
        Answer(() => Domains.Values.FirstOrDefault(domain => domain.Name == nameOrUuid || domain.Uuid.ToString() == nameOrUuid));

    public Task<HostSnapshot> SnapshotAsync(string name, Guid uuid, CancellationToken cancellationToken) =>
        Answer(() => new HostSnapshot(Identity, Domains.Values.FirstOrDefault(domain => domain.Name == name), Domains.GetValueOrDefault(uuid)));

    public Task<EventRecorder> RecordEventsAsync(string name, Guid uuid, CancellationToken cancellationToken) => Answer(() =>
    {
        var recorder = new EventRecorder(name, uuid);
        _recorders.Add(recorder);
        return recorder;
    });

    public Task<HostDialect> GetDialectAsync(CancellationToken cancellationToken) => Answer(() => Dialect);

    public Task<string> GetQemuCommandLineAsync(string xml, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DefineDomainAsync(string xml, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> GetDefinitionAsync(Guid uuid, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task UndefineDomainAsync(Guid uuid, DomainUndefineFlags flags, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<string>> ListNodeDevicesAsync(NodeDeviceCapabilities capabilities, CancellationToken cancellationToken) =>
        Answer<IReadOnlyList<string>>(() => NodeDevices);

    public Task<HostDocuments> GetDocumentsAsync(CancellationToken cancellationToken) => Answer(() => Documents);

    public Task PingAsync(CancellationToken cancellationToken) => Answer(() => true);

    public Task<IReadOnlyList<double>> MeasureRoundTripsAsync(Guid uuid, int count, CancellationToken cancellationToken) =>
        Answer<IReadOnlyList<double>>(() => [.. Enumerable.Repeat(0.2, count)]);

    public Task<TimeSpan> MaxDowntimeAsync(Guid uuid, TimeSpan? limit, CancellationToken cancellationToken) =>
        Answer(() => MaxDowntime = KeepsItsLimit ? MaxDowntime : limit ?? MaxDowntime);

    public async Task MigrateAsync(MigrationCall migration)
    {
        Calls.Add(migration);
        _job = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await await Task.WhenAny(OnMigrate(this, migration), _job.Task);
    }

    public Task<DomainJobStats?> GetJobAsync(Guid uuid, CancellationToken cancellationToken) => Answer<DomainJobStats?>(() => null);

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
            _job!.TrySetException(new LibvirtException(
                LibvirtErrorCode.OperationAborted, 10, "virDomainMigrateToURI3", "operation aborted: job 'migration out' canceled by client"));
        }

        return true;
    });

    public Task<LogEvidence> ReadLogAsync(string name, DateTimeOffset since, CancellationToken cancellationToken) =>
        Answer(() => new LogEvidence { Problem = "a fake host has no log" });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>An event of QEMU's, stamped by a host whose clock is right and delivered at once.</summary>
    internal void Emit(string name, DateTimeOffset? at = null)
    {
        DateTimeOffset now = at ?? clock.Now;
        foreach (EventRecorder recorder in _recorders)
        {
            recorder.Add(new() { Channel = "qmp", Name = name, Stamp = now, Arrived = now });
        }
    }

    private Task<T> Answer<T>(Func<T> answer) => IsLost
        ? Task.FromException<T>(new HostUnreachableException(Address.Name, $"{Address.Name} cannot be reached"))
        : Task.FromResult(answer());
}
