using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>
/// A connected host: the real one is <see cref="LibvirtHost"/>; a double can produce the orders of events that reality
/// will not produce on demand. Errors of libvirt are <see cref="LibvirtException"/>, an unreachable host is <see cref="HostUnreachableException"/>.
/// </summary>
public interface IHost : IAsyncDisposable
{
    /// <summary>How the host is reached.</summary>
    HostAddress Address { get; }

    /// <summary>What the host is, as of when it was connected.</summary>
    HostIdentity Identity { get; }

    /// <summary>The machine behind the host when it is reached over SSH; <see langword="null"/> when nothing says how. Whoever asks where a host's files are asks <see cref="HostMachine.Behind"/>.</summary>
    HostMachine? Elsewhere => null;

    /// <summary>Finds a domain by its UUID or name. Asks the host anew each time, on a new connection if the old one was lost.</summary>
    /// <param name="nameOrUuid">The name or UUID.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainAmbiguousException">It is one domain's name and another one's UUID.</exception>
    Task<DomainSnapshot?> FindDomainAsync(string nameOrUuid, CancellationToken cancellationToken);

    /// <summary>Finds a domain by its UUID alone, whatever is named like it. Asks the host anew each time.</summary>
    /// <param name="uuid">The UUID.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DomainSnapshot?> FindDomainAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Every domain of the host, running or off. One that does not answer is in the list all the same; its document is then its name and UUID alone.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<DomainSnapshot>> ListDomainsAsync(CancellationToken cancellationToken);

    /// <summary>What the host's libvirt and QEMU understand, as they themselves answered; asked once per connection.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<HostDialect> GetDialectAsync(CancellationToken cancellationToken);

    /// <summary>The command line with which the host would start QEMU for a domain document; nothing is defined or started.</summary>
    /// <param name="xml">The domain document.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<string> GetQemuCommandLineAsync(string xml, CancellationToken cancellationToken);

    /// <summary>Defines a persistent domain, or changes the definition of the one with its UUID.</summary>
    /// <param name="xml">The domain document.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task DefineDomainAsync(string xml, CancellationToken cancellationToken);

    /// <summary>The document of a domain's definition: what its next start will use; <see langword="null"/> when it has none.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<string?> GetDefinitionAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Removes a domain's definition.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="flags">What else to remove, or to keep.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task UndefineDomainAsync(Guid uuid, DomainUndefineFlags flags, CancellationToken cancellationToken);

    /// <summary>Attaches a device.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="xml">The device's element.</param>
    /// <param name="impact">To what: the running domain, its definition, or both.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task AttachDeviceAsync(Guid uuid, string xml, DomainModificationImpact impact, CancellationToken cancellationToken);

    /// <summary>Asks for a device to be detached; a running guest may let go of it later.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="xml">The device's element.</param>
    /// <param name="impact">From what.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task DetachDeviceAsync(Guid uuid, string xml, DomainModificationImpact impact, CancellationToken cancellationToken);

    /// <summary>The documents of the host's devices; none when its daemon has no driver for them (a session daemon).</summary>
    /// <param name="capabilities">Which.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<string>> ListNodeDevicesAsync(NodeDeviceCapabilities capabilities, CancellationToken cancellationToken);

    /// <summary>What the host's daemon tells about its machine and its domains.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<HostDocuments> GetDocumentsAsync(CancellationToken cancellationToken);

    /// <summary>What stands on the host under a name, and what under a UUID.</summary>
    /// <param name="name">The name.</param>
    /// <param name="uuid">The UUID.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<HostSnapshot> SnapshotAsync(string name, Guid uuid, CancellationToken cancellationToken);

    /// <summary>Starts to keep the events of one domain, also of one that is not there yet.</summary>
    /// <param name="name">The domain's name.</param>
    /// <param name="uuid">The domain's UUID.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<EventRecorder> RecordEventsAsync(string name, Guid uuid, CancellationToken cancellationToken);

    /// <summary>Asks the daemon for a sign of life.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostUnreachableException">It gave none.</exception>
    Task PingAsync(CancellationToken cancellationToken);

    /// <summary>Round trips of a monitor command to the domain's QEMU, in milliseconds.</summary>
    /// <param name="uuid">A running domain.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<double>> MeasureRoundTripsAsync(Guid uuid, int count, CancellationToken cancellationToken);

    /// <summary>Sets the domain's limit of the blackout, and reads it back.</summary>
    /// <param name="uuid">A running domain.</param>
    /// <param name="limit">The limit to set; <see langword="null"/> only reads.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The limit that is in force.</returns>
    Task<TimeSpan> MaxDowntimeAsync(Guid uuid, TimeSpan? limit, CancellationToken cancellationToken);

    /// <summary>Migrates a domain away from this host, on a thread and a connection of its own; completes when libvirt's call returns.</summary>
    /// <param name="migration">The call.</param>
    Task MigrateAsync(MigrationCall migration);

    /// <summary>The running job's statistics; <see langword="null"/> when no job runs (any more).</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DomainJobStats?> GetJobAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>The statistics of the job that completed last, kept for others; <see langword="null"/> when there are none.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DomainJobStats?> GetCompletedJobAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Asks for the end of the domain's job.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="false"/> when no job runs, or none that can be aborted.</returns>
    Task<bool> AbortJobAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Sets the most bandwidth a migration of the domain may use, also of one that runs, and reads it back.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="mebibytesPerSecond">The bandwidth to set, in MiB/s; <see langword="null"/> only reads.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The bandwidth that is in force, in MiB/s.</returns>
    Task<long> MaxSpeedAsync(Guid uuid, long? mebibytesPerSecond, CancellationToken cancellationToken);

    /// <summary>Lets a running migration switch to post-copy; it must have been begun with the flag for it.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task StartPostCopyAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>The part of the domain's QEMU log since an instant of the host's clock; what stands in the way is said in the result.</summary>
    /// <param name="name">The domain's name.</param>
    /// <param name="since">The instant.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<LogEvidence> ReadLogAsync(string name, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Starts a defined domain.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="flags">How.</param>
    /// <param name="cancellationToken">Ends the wait, not the start.</param>
    Task StartDomainAsync(Guid uuid, DomainCreateFlags flags, CancellationToken cancellationToken);

    /// <summary>Asks the guest to shut down; it may do so later, or never.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="flags">By which way.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task ShutdownDomainAsync(Guid uuid, DomainShutdownFlags flags, CancellationToken cancellationToken);

    /// <summary>Asks the guest to reboot; it may do so later, or never.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="flags">By which way.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task RebootDomainAsync(Guid uuid, DomainRebootFlags flags, CancellationToken cancellationToken);

    /// <summary>Resets the machine, as its reset button would.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task ResetDomainAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Ends a domain at once, as pulling its plug would.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="flags">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task DestroyDomainAsync(Guid uuid, DomainDestroyFlags flags, CancellationToken cancellationToken);

    /// <summary>Stops the vCPUs; vDPA devices are suspended with them.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task SuspendDomainAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Lets the vCPUs run again.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task ResumeDomainAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>What else the host keeps for a domain: what an undefinition would have to take along or leave.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DomainLeftovers> GetLeftoversAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Sends a command to the monitor of the domain's QEMU.</summary>
    /// <param name="uuid">A running domain.</param>
    /// <param name="command">The QMP command, as JSON.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>QEMU's answer, as JSON; an error of QEMU's comes in it, as <c>error</c>.</returns>
    Task<string> QemuMonitorCommandAsync(Guid uuid, string command, CancellationToken cancellationToken);

    /// <summary>Sends a command to the agent in a running guest.</summary>
    /// <param name="uuid">A running domain.</param>
    /// <param name="command">The command of QEMU's guest agent, as JSON.</param>
    /// <param name="timeout">How long the agent may take, in whole seconds from 1.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The agent's answer, as JSON; an error of the agent's is a <see cref="LibvirtException"/>.</returns>
    Task<string> QemuAgentCommandAsync(Guid uuid, string command, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Opens a console of a running guest, unless another client has it open. It ends when the guest leaves the host.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="device">The serial port, by libvirt's alias (<c>serial0</c>); <see langword="null"/> for the first console.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The console, to read and to write asynchronously.</returns>
    Task<Stream> OpenConsoleAsync(Guid uuid, string? device, CancellationToken cancellationToken);

    /// <summary>Every domain of the host, running or off, with what a list shows of it. A domain that does not answer is in the list all the same, with what is known of it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<DomainRecord>> ListDomainRecordsAsync(CancellationToken cancellationToken);

    /// <summary>One domain, with what a list shows of it.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DomainRecord> GetDomainRecordAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>A domain's document, just as its libvirt writes it.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="flags">Which form.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<string> GetDomainXmlAsync(Guid uuid, DomainXmlFlags flags, CancellationToken cancellationToken);

    /// <summary>Sets an element of a domain's metadata. Never while it migrates: libvirt would wait for its lock, and give up after 30 s.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="prefix">The prefix of the element's namespace.</param>
    /// <param name="uri">The namespace, by which the element is found.</param>
    /// <param name="element">The element; <see langword="null"/> removes it.</param>
    /// <param name="impact">Of what: the running domain, its definition, or both.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task SetMetadataAsync(Guid uuid, string prefix, string uri, string? element, DomainModificationImpact impact, CancellationToken cancellationToken);

    /// <summary>Sets the most memory that the host gives a domain's QEMU, and with it what QEMU may lock for its devices.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="kibibytes">In KiB; <see cref="LibvirtDomain.UnlimitedMemory"/> for no limit.</param>
    /// <param name="impact">Of what: the running domain, its definition, or both.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task SetMemoryHardLimitAsync(Guid uuid, long kibibytes, DomainModificationImpact impact, CancellationToken cancellationToken);

    // Planning a migration.

    /// <summary>What of a running domain could stand in the way of its migration; QEMU is not asked.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="disks">The targets of its disks.</param>
    /// <param name="hostCpu">Tell the host's own CPU, too.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DomainObstacles> GetObstaclesAsync(Guid uuid, IReadOnlyList<string> disks, bool hostCpu, CancellationToken cancellationToken);

    /// <summary>What the host can offer to a domain that is to come.</summary>
    /// <param name="needs">What the domain needs.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<GuestOffer> GetOfferAsync(GuestNeeds needs, CancellationToken cancellationToken);

    // Watching.

    /// <summary>
    /// Starts to keep the events of all domains, until the connection they come through is lost; <see cref="HostWatcher"/> goes on after that. Opens a connection
    /// first if there is none.
    /// </summary>
    /// <param name="capacity">How many events are kept until they are read.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<HostSubscription> SubscribeAsync(int capacity, CancellationToken cancellationToken);
}

/// <summary>What a host keeps for a domain besides its definition.</summary>
/// <param name="HasManagedSave">A saved state, which its next start would restore.</param>
/// <param name="Snapshots">How many snapshots.</param>
/// <param name="Checkpoints">How many checkpoints.</param>
public sealed record DomainLeftovers(bool HasManagedSave, int Snapshots, int Checkpoints);

/// <summary>One call to libvirt that migrates a domain.</summary>
public sealed record MigrationCall
{
    /// <summary>The domain.</summary>
    public required Guid DomainUuid { get; init; }

    /// <summary>The destination's URI: as this process reaches it, and in peer-to-peer mode as the source's daemon does.</summary>
    public required string DestinationUri { get; init; }

    /// <summary>The flags.</summary>
    public required DomainMigrateFlags Flags { get; init; }

    /// <summary>The typed parameters.</summary>
    public required IReadOnlyList<KeyValuePair<string, object>> Parameters { get; init; }

    /// <summary>The parameters for people: what is given more than once in one text, and documents by their length alone.</summary>
    public IReadOnlyDictionary<string, string> DescribeParameters() => Parameters
        .GroupBy(parameter => parameter.Key, parameter => parameter.Value)
        .ToDictionary(
            group => group.Key,
            group => group.Key is MigrateParameter.DestinationXml or MigrateParameter.PersistentXml
                ? $"({group.First().ToString()?.Length} characters)"
                : string.Join(",", group.Select(value => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture))));
}
