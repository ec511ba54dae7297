using System.Diagnostics;
using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orchestrator.Hosts;

/// <summary>
/// A real host. Short calls run on four threads of its own and meet a deadline; a lost connection is opened again by the next call, its events with it. Calls
/// that hang keep their threads and their connection: others take their place.
/// </summary>
public sealed partial class LibvirtHost : IHost
{
    // A thread in a call that never returns cannot be ended. TCP gives a dead peer up within a quarter of an hour: by then these are not all used.
    private const int MostLeftBehind = 16;

    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    private readonly HostOptions _options;
    private readonly ILogger _logger;
    private readonly HostEvents _events;
    private readonly Lock _linkLock = new();
    private readonly List<HostLink> _leftBehind = [];
    private volatile HostLink _link;
    private readonly Lazy<HostMachine?> _elsewhere;
    private HostIdentity? _identity;
    private ProbedDialect? _dialect;
    private volatile bool _disposed;

    private LibvirtHost(HostAddress address, HostOptions options, ObserverClock clock, ILogger logger)
    {
        Address = address;
        _options = options;
        _logger = logger;
        _events = new(address.Name, clock);
        _link = NewLink();
        _elsewhere = new(() => SshTarget.Of(Address, Identity.Uri) is { } target ? HostMachine.Over(new(Address.Name, target, options.Ssh)) : null);
    }

    /// <inheritdoc/>
    public HostAddress Address { get; }

    /// <inheritdoc/>
    public HostIdentity Identity => _identity!;

    /// <inheritdoc/>
    public HostMachine? Elsewhere => _elsewhere.Value;

    /// <summary>Connects to a host.</summary>
    /// <param name="address">Which.</param>
    /// <param name="options">How patiently.</param>
    /// <param name="clock">The clock that events are stamped with on arrival; shared by the hosts of one migration.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostUnreachableException">It cannot be reached, refused us, or did not answer in time.</exception>
    public static async Task<LibvirtHost> ConnectAsync(
        HostAddress address, HostOptions? options = null, ObserverClock? clock = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        var host = new LibvirtHost(address, options ?? new(), clock ?? new(TimeProvider.System), logger ?? NullLogger.Instance);
        try
        {
            host._identity = await host.CallAsync(host.ReadIdentity, host._options.ConnectTimeout, cancellationToken).ConfigureAwait(false);
            host.LogConnected(address.Name, host._identity.Uri, host._identity.LibvirtVersion, host._identity.QemuVersion);
            return host;
        }
        catch (LibvirtException e)
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw Unreachable(address, e);
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes a short call to libvirt on one of the host's threads; the connection is opened again first if it was lost.</summary>
    /// <typeparam name="T">The result's type.</typeparam>
    /// <param name="call">The call; it must not keep the connection.</param>
    /// <param name="cancellationToken">Ends the wait, not the call.</param>
    /// <exception cref="HostUnreachableException">The connection was lost, or the call did not return in time.</exception>
    public Task<T> InvokeAsync<T>(Func<LibvirtConnection, T> call, CancellationToken cancellationToken = default) =>
        CallAsync(call, _options.CallTimeout, cancellationToken);

    /// <inheritdoc/>
    public Task<DomainSnapshot?> FindDomainAsync(string nameOrUuid, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain? byName = connection.TryLookupByName(nameOrUuid);
                using LibvirtDomain? byUuid = Guid.TryParse(nameOrUuid, out Guid uuid) ? connection.TryLookupByUuid(uuid) : null;

                // virsh takes the UUID's; what is then shut down may be the wrong one.
                return byName is not null && byUuid is not null && byName.Uuid != byUuid.Uuid
                    ? throw new DomainAmbiguousException(nameOrUuid, Address.Name, byName.Uuid, byUuid.Name)
                    : Snapshot(byUuid ?? byName);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<DomainSnapshot?> FindDomainAsync(Guid uuid, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain? domain = connection.TryLookupByUuid(uuid);
                return Snapshot(domain);
            },
            cancellationToken);

    /// <inheritdoc/>
    public async Task<HostDialect> GetDialectAsync(CancellationToken cancellationToken)
    {
        // A daemon that was restarted may be another libvirt: what it said belongs to its connection.
        if (_dialect is { } known && ReferenceEquals(known.Connection, _link.Connection))
        {
            return known.Dialect;
        }

        (LibvirtConnection connection, HostDialect dialect, string? emulator) = await InvokeAsync(AskDialect, cancellationToken).ConfigureAwait(false);
        if (emulator is not null && QemuLogLocation.LocalSocket(Identity.Uri) is not null)
        {
            IReadOnlyList<string>? generic = await EmulatorProbe.GetPropertiesAsync(emulator, "vhost-vdpa-device-pci", cancellationToken).ConfigureAwait(false);
            IReadOnlyList<string>? network = await EmulatorProbe.GetPropertiesAsync(emulator, "virtio-net-pci", cancellationToken).ConfigureAwait(false);
            dialect = dialect with { GenericVdpaDevice = generic?.Contains("vhostdev"), VdpaNetSimulation = network?.Contains("vdpa") };
        }

        _dialect = new(connection, dialect);
        LogDialect(Address.Name, dialect);
        return dialect;
    }

    /// <inheritdoc/>
    public Task<string> GetQemuCommandLineAsync(string xml, CancellationToken cancellationToken) =>
        InvokeAsync(connection => connection.GetQemuCommandLine(xml), cancellationToken);

    /// <inheritdoc/>
    public Task DefineDomainAsync(string xml, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                connection.DefineXml(xml).Dispose();
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<string?> GetDefinitionAsync(Guid uuid, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain? domain = connection.TryLookupByUuid(uuid);
                return domain is not null && domain.IsPersistent() ? domain.GetXml(DomainXmlFlags.Inactive | DomainXmlFlags.Secure) : null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task UndefineDomainAsync(Guid uuid, DomainUndefineFlags flags, CancellationToken cancellationToken) =>
        OnDomainAsync(
            uuid,
            domain =>
            {
                domain.Undefine(flags);
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task AttachDeviceAsync(Guid uuid, string xml, DomainModificationImpact impact, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.AttachDevice(xml, impact), cancellationToken);

    /// <inheritdoc/>
    public Task DetachDeviceAsync(Guid uuid, string xml, DomainModificationImpact impact, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.DetachDevice(xml, impact), cancellationToken);

    /// <inheritdoc/>
    public Task SetMemoryHardLimitAsync(Guid uuid, long kibibytes, DomainModificationImpact impact, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.SetMemoryHardLimit(kibibytes, impact), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListNodeDevicesAsync(NodeDeviceCapabilities capabilities, CancellationToken cancellationToken) =>
        InvokeAsync<IReadOnlyList<string>>(
            connection =>
            {
                IReadOnlyList<LibvirtNodeDevice> devices;
                try
                {
                    devices = connection.ListNodeDevices(capabilities);
                }
                catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoSupport)
                {
                    return [];
                }

                var documents = new List<string>(devices.Count);
                foreach (LibvirtNodeDevice device in devices)
                {
                    using (device)
                    {
                        try
                        {
                            documents.Add(device.GetXml());
                        }
                        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoNodeDevice)
                        {
                            // unplugged between two questions
                        }
                    }
                }

                return documents;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<HostSnapshot> SnapshotAsync(string name, Guid uuid, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain? byName = connection.TryLookupByName(name);
                using LibvirtDomain? byUuid = connection.TryLookupByUuid(uuid);
                return new HostSnapshot(Identity, Snapshot(byName), Snapshot(byUuid));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<EventRecorder> RecordEventsAsync(string name, Guid uuid, CancellationToken cancellationToken) =>
        InvokeAsync(_ => _events.Record(name, uuid), cancellationToken);

    /// <inheritdoc/>
    public Task PingAsync(CancellationToken cancellationToken) => InvokeAsync(connection => connection.GetLibvirtVersion(), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<double>> MeasureRoundTripsAsync(Guid uuid, int count, CancellationToken cancellationToken) =>
        OnDomainAsync<IReadOnlyList<double>>(
            uuid,
            domain =>
            {
                // Reading the limit asks QEMU each time, and unlike a monitor command of our own it does not taint the domain.
                var milliseconds = new double[count];
                for (int i = 0; i < count; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    domain.GetMaxDowntime();
                    milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }

                return milliseconds;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan> MaxDowntimeAsync(Guid uuid, TimeSpan? limit, CancellationToken cancellationToken) =>
        OnDomainAsync(
            uuid,
            domain =>
            {
                if (limit is { } value)
                {
                    domain.SetMaxDowntime(value);
                }

                return domain.GetMaxDowntime();
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task MigrateAsync(MigrationCall migration)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                Migrate(migration);
                done.TrySetResult();
            }
            catch (Exception e)
            {
                // The caller's exception, carried to the caller.
                done.TrySetException(e);
            }
        })
        {
            IsBackground = true,
            Name = $"migration from {Address.Name}",
        }.UnsafeStart();
        return done.Task;
    }

    /// <inheritdoc/>
    public Task<DomainJobStats?> GetJobAsync(Guid uuid, CancellationToken cancellationToken) =>
        GetJobStatsAsync(uuid, DomainJobStatsFlags.None, cancellationToken);

    /// <inheritdoc/>
    public Task<DomainJobStats?> GetCompletedJobAsync(Guid uuid, CancellationToken cancellationToken) =>
        GetJobStatsAsync(uuid, DomainJobStatsFlags.Completed | DomainJobStatsFlags.KeepCompleted, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> AbortJobAsync(Guid uuid, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain? domain = connection.TryLookupByUuid(uuid);
                try
                {
                    domain?.AbortJob();
                    return domain is not null;
                }
                catch (LibvirtException e) when (e.Code is LibvirtErrorCode.OperationInvalid or LibvirtErrorCode.NoDomain)
                {
                    return false; // no job (yet, or any more), or past the point of no return
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<long> MaxSpeedAsync(Guid uuid, long? mebibytesPerSecond, CancellationToken cancellationToken) =>
        OnDomainAsync(
            uuid,
            domain =>
            {
                if (mebibytesPerSecond is { } value)
                {
                    domain.SetMaxSpeed(value);
                }

                return domain.GetMaxSpeed();
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task StartPostCopyAsync(Guid uuid, CancellationToken cancellationToken) =>
        OnDomainAsync(
            uuid,
            domain =>
            {
                domain.StartPostCopy();
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        HostLink link;
        lock (_linkLock)
        {
            _disposed = true;
            link = _link;
        }

        _events.Lost(link, "closed here");
        link.Dispose();
        if (_elsewhere.IsValueCreated)
        {
            _elsewhere.Value?.Shell?.Dispose();
        }

        try
        {
            await link.Closed.WaitAsync(ClosePatience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A daemon that does not answer is left to the thread that hangs in it.
        }
    }

    private void Migrate(MigrationCall call)
    {
        // Connections of its own: the call must not queue behind ours, nor ours behind it.
        using LibvirtConnection source = LibvirtConnection.Open(Address.Uri);
        KeepAlive(source);
        using LibvirtDomain domain = source.TryLookupByUuid(call.DomainUuid)
            ?? throw new LibvirtException(LibvirtErrorCode.NoDomain, 20, nameof(Migrate), $"no domain with UUID {call.DomainUuid}");
        var parameters = new TypedParameters();
        foreach ((string name, object value) in call.Parameters)
        {
            parameters.Add(name, value);
        }

        if (call.Flags.HasFlag(DomainMigrateFlags.Peer2Peer))
        {
            domain.MigrateToUri(call.DestinationUri, parameters, call.Flags);
            return;
        }

        using LibvirtConnection destination = LibvirtConnection.Open(call.DestinationUri);
        KeepAlive(destination);
        domain.Migrate(destination, parameters, call.Flags).Dispose();
    }

    private Task<DomainJobStats?> GetJobStatsAsync(Guid uuid, DomainJobStatsFlags flags, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain? domain = connection.TryLookupByUuid(uuid);
                try
                {
                    return domain?.GetJobStats(flags) is { Type: not DomainJobType.None } stats ? stats : null;
                }
                catch (LibvirtException e) when (e.Code is LibvirtErrorCode.OperationInvalid or LibvirtErrorCode.OperationUnsupported or LibvirtErrorCode.NoDomain)
                {
                    return null; // the job or the domain has just ended, or its statistics are on the other host
                }
            },
            cancellationToken);

    private Task<T> OnDomainAsync<T>(Guid uuid, Func<LibvirtDomain, T> call, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain domain = connection.TryLookupByUuid(uuid)
                    ?? throw new LibvirtException(LibvirtErrorCode.NoDomain, 20, "virDomainLookupByUUID", $"{Address.Name} has no domain with UUID {uuid}");
                return call(domain);
            },
            cancellationToken);

    private static DomainSnapshot? Snapshot(LibvirtDomain? domain)
    {
        try
        {
            if (domain is null)
            {
                return null;
            }

            (DomainState state, int reason) = domain.GetState();
            (DomainJobType job, DomainJobOperation operation) = Job(domain, state);
            return new()
            {
                Name = domain.Name,
                Uuid = domain.Uuid,
                State = state,
                Reason = reason,
                IsPersistent = domain.IsPersistent(),
                Job = job,
                JobOperation = operation,

                Xml = WithholdsDocument(state, reason, operation) ? NameAlone(domain) : domain.GetXml(),
            };
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoDomain)
        {
            return null; // it went away between two questions
        }
    }

    // Asked for the document of a copy that arrives, or of either copy in post-copy, libvirt waits for its lock, and fails after 30 s. The source of a broken post-copy tells it.
    private static bool WithholdsDocument(DomainState state, int reason, DomainJobOperation operation) => operation == DomainJobOperation.MigrationIn
        || (state, reason) is (DomainState.Running, (int)DomainRunningReason.Postcopy or (int)DomainRunningReason.PostcopyFailed) or (DomainState.Paused, (int)DomainPausedReason.Postcopy);

    private static (DomainJobType Type, DomainJobOperation Operation) Job(LibvirtDomain domain, DomainState state)
    {
        try
        {
            return domain.GetJobStats() is { Type: not DomainJobType.None } stats ? (stats.Type, stats.Operation) : default;
        }
        catch (LibvirtException e) when (e.Code is LibvirtErrorCode.OperationInvalid or LibvirtErrorCode.OperationUnsupported or LibvirtErrorCode.NoSupport)
        {
            // Off, or a driver without jobs; but a paused domain of which libvirt will not tell is one that arrives: "migration statistics are available only on
            // the source host" (84 in libvirt 11.3, 55 in older ones).
            return (DomainJobType.None, e.Code != LibvirtErrorCode.NoSupport && state == DomainState.Paused ? DomainJobOperation.MigrationIn : default);
        }
    }

    private (LibvirtConnection Connection, HostDialect Dialect, string? Emulator) AskDialect(LibvirtConnection connection)
    {
        HostCapabilities capabilities = HostCapabilities.Parse(connection.GetCapabilities());
        string type = capabilities.Offers("kvm") ? "kvm" : "qemu";
        HostDialect dialect = DialectProbe.Ask(
            xml =>
            {
                try
                {
                    return new(connection.GetQemuCommandLine(xml), null);
                }
                catch (LibvirtException e) when (!e.IsConnectionLost && e.Code is not (LibvirtErrorCode.NoSupport or LibvirtErrorCode.OperationDenied or LibvirtErrorCode.AccessDenied))
                {
                    return new(null, $"{e.Code}: {e.Message}");
                }
            },
            Identity.Architecture ?? "x86_64",
            type);
        return (
            connection,
            dialect with { LibvirtVersion = Identity.LibvirtVersion, QemuVersion = Identity.QemuVersion },
            capabilities.Emulator);
    }

    private HostIdentity ReadIdentity(LibvirtConnection connection)
    {
        HostCapabilities capabilities = HostCapabilities.Parse(connection.GetCapabilities());
        return new()
        {
            Name = Address.Name,
            Uri = HostAddress.Redact(connection.GetUri()),
            HostUuid = capabilities.HostUuid,
            HostName = connection.GetHostName(),
            Architecture = capabilities.Architecture,
            Driver = connection.GetDriverType(),
            LibvirtVersion = connection.GetLibvirtVersion(),
            QemuVersion = connection.GetHypervisorVersion(),
        };
    }

    private Task<T> CallAsync<T>(Func<LibvirtConnection, T> call, TimeSpan timeout, CancellationToken cancellationToken) =>
        OnLinkAsync(link => link.InvokeAsync(call, cancellationToken), timeout, cancellationToken);

    private async Task<T> OnLinkAsync<T>(Func<HostLink, Task<T>> begin, TimeSpan timeout, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            HostLink link = PresentLink();
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(began);
            try
            {
                return await begin(link).WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                Replace(link);
                throw new HostUnreachableException(
                    Address.Name, $"{Address.Name} did not answer within {timeout.TotalSeconds:0} s. Is its libvirt daemon stuck, or its network down?")
                { IsUnderway = true };
            }
            catch (CallNotBegunException)
            {
                // Its link was given up before its turn came: the next one takes it.
                ObjectDisposedException.ThrowIf(_disposed, this);
            }
        }
    }

    private HostLink NewLink() => new(Address.Name, Open, OnLost);

    // Callers that gave up waiting say nothing: a link whose threads all hang is replaced before anyone waits for it again.
    private HostLink PresentLink()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        HostLink link = _link;
        return link.IsStuck(_options.CallTimeout) ? Replace(link) : link;
    }

    private HostLink Replace(HostLink link)
    {
        int hanging;
        lock (_linkLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!ReferenceEquals(_link, link))
            {
                return _link; // someone else did
            }

            _leftBehind.RemoveAll(left => left.Alive == 0);
            hanging = _leftBehind.Sum(left => left.Alive);
            if (hanging >= MostLeftBehind)
            {
                throw new HostUnreachableException(
                    Address.Name, $"{hanging} calls to {Address.Name} hang; no more are made until one returns. Restart its libvirt daemon, or this process.");
            }

            _leftBehind.Add(link);
            _link = NewLink();
        }

        LogLeftBehind(Address.Name, hanging);
        _events.Lost(link, "timeout: a call did not return");
        link.Dispose();
        return _link;
    }

    private LibvirtConnection Open(HostLink link)
    {
        LibvirtConnection? connection = null;
        try
        {
            connection = LibvirtConnection.Open(Address.Uri);
            KeepAlive(connection);
            if (_events.Attach(link, connection, () => !_disposed && ReferenceEquals(_link, link), OnClosed))
            {
                return connection;
            }
        }
        catch (LibvirtException e)
        {
            connection?.Dispose();
            throw Unreachable(Address, e);
        }

        connection.Dispose();
        throw new CallNotBegunException();
    }

    private HostUnreachableException OnLost(LibvirtConnection connection, LibvirtException e)
    {
        if (_events.Lost(connection, $"error: {HostAddress.Redact(e.Message)}"))
        {
            LogConnectionLost(Address.Name, HostAddress.Redact(e.Message));
        }

        return Unreachable(Address, e);
    }

    private void OnClosed(string reason) => LogConnectionLost(Address.Name, reason);

    private void KeepAlive(LibvirtConnection connection)
    {
        try
        {
            connection.SetKeepAlive(_options.KeepAliveIntervalSeconds, _options.KeepAliveCount);
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoSupport)
        {
            // A driver inside this process (test:///…) has no transport that could die.
        }
    }

    private static HostUnreachableException Unreachable(HostAddress address, LibvirtException e)
    {
        string reason = HostAddress.Redact(e.Message);
        string uri = HostAddress.Redact(address.Uri);
        return new(
            address.Name,
            e.Code == LibvirtErrorCode.NoConnect && !uri.Contains(':', StringComparison.Ordinal) && uri.Length > 0
                ? $"{address.Name} cannot be reached: it is no host of hosts.yaml, no host of a lab, no alias of libvirt.conf and no URI (such as qemu:///system or qemu+ssh://root@node1/system)"
                : e.Message.Contains("nc: ", StringComparison.Ordinal) && e.Message.Contains("not found", StringComparison.Ordinal)
                ? $"{address.Name} cannot be reached: it has neither virt-ssh-helper nor nc, one of which libvirt runs at the other end of SSH ({reason}). Install virt-ssh-helper with its libvirt, or a netcat with -U (netcat-openbsd, nmap-ncat)."
                : $"{address.Name} cannot be reached: {reason}. Check that its libvirt daemon runs and that `virsh{(uri.Length > 0 ? $" -c '{uri}'" : "")} version` works.",
            e);
    }

    [LoggerMessage(EventId = 100, Level = LogLevel.Debug, Message = "Connected to {Host} ({Uri}), libvirt {LibvirtVersion}, QEMU {QemuVersion}")]
    private partial void LogConnected(string host, string uri, long libvirtVersion, long qemuVersion);

    [LoggerMessage(EventId = 102, Level = LogLevel.Debug, Message = "The dialect of {Host}: {Dialect}")]
    private partial void LogDialect(string host, HostDialect dialect);

    [LoggerMessage(
        EventId = 103, Level = LogLevel.Warning,
        Message = "A call to {Host} does not return: its connection and threads are left behind and replaced ({Hanging} threads hung before)")]
    private partial void LogLeftBehind(string host, int hanging);

    [LoggerMessage(EventId = 101, Level = LogLevel.Warning, Message = "The connection to {Host} was lost: {Reason}")]
    private partial void LogConnectionLost(string host, string reason);

    private sealed record ProbedDialect(LibvirtConnection Connection, HostDialect Dialect);
}
