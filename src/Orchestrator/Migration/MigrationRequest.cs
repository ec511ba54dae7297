using Orchestrator.Lifecycle;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Migration;

/// <summary>Who drives a migration.</summary>
public enum MigrationMode
{
    /// <summary>Peer-to-peer where the source's daemon can reach the destination's by the URI we use, direct where not.</summary>
    Auto,

    /// <summary>The source's daemon: the migration survives the end of this process.</summary>
    P2P,

    /// <summary>This process: if it is frozen or killed, the guest may stay paused.</summary>
    Direct,
}

/// <summary>What becomes of the domain's definitions.</summary>
public enum MigrationPersistence
{
    /// <summary>A persistent domain is persistent on the destination and undefined on the source; a transient one stays transient.</summary>
    Keep,

    /// <summary>Persistent on the destination; a definition on the source is removed.</summary>
    Persistent,

    /// <summary>Transient on the destination; a definition on the source stays.</summary>
    Transient,
}

/// <summary>What is asked of a migration.</summary>
public sealed record MigrationRequest
{
    /// <summary>The largest limit of the blackout that QEMU takes.</summary>
    public static readonly TimeSpan LargestMaxDowntime = TimeSpan.FromSeconds(2000);

    /// <summary>The domain's name or UUID.</summary>
    public required string Domain { get; init; }

    /// <summary>Who drives it.</summary>
    public MigrationMode Mode { get; init; }

    /// <summary>What becomes of its definitions.</summary>
    public MigrationPersistence Persistence { get; init; }

    /// <summary>What the migration may do to come to its end.</summary>
    public MigrationPolicy Policy { get; init; } = MigrationPolicy.Adaptive;

    /// <summary>The longest blackout that the policy may allow QEMU, 1 ms to 2000 s in whole milliseconds; <see langword="null"/> for the policy's own.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>The most bandwidth to use, in MiB/s; <see langword="null"/> for the policy's own.</summary>
    public long? BandwidthMiBps { get; init; }

    /// <summary>Where QEMU sends the guest (<c>tcp://host[:port]</c>); <see langword="null"/> for the default.</summary>
    public string? MigrateUri { get; init; }

    /// <summary>The address on which the destination's QEMU listens; <see langword="null"/> for the default.</summary>
    public string? ListenAddress { get; init; }

    /// <summary>Consent to libvirt's warnings about storage that might be corrupted.</summary>
    public bool Unsafe { get; init; }

    /// <summary>What a person allows by name: each name lets one check pass. <see cref="MigrationConsents.Known"/> has the names.</summary>
    public IReadOnlySet<string> Allow { get; init; } = new HashSet<string>();

    /// <summary>Devices that a person mapped by hand; the others are mapped by what both hosts tell.</summary>
    public IReadOnlyList<DeviceMapEntry> Map { get; init; } = [];

    /// <summary>The document of the running domain for the destination, given by hand; <see langword="null"/> to make it from the source's.</summary>
    public string? DestinationXml { get; init; }

    /// <summary>The definition for the destination, given by hand; <see langword="null"/> to make it from the source's.</summary>
    public string? PersistentXml { get; init; }

    /// <summary>Take the devices that do not migrate out of the guest before, and put the destination's in after.</summary>
    public bool DetachDevices { get; init; }

    /// <summary>When to give up and take the guest back; <see langword="null"/> for the policy's own time.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How to deal with others who work on the domain.</summary>
    public OperationOptions Options { get; init; } = new();

    /// <summary>Reads the guest's own ticks between two instants, where the guest is one that ticks; <see langword="null"/> otherwise.</summary>
    public Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<Downtime.GuestTick>>? ReadGuestTicks { get; init; }

    /// <summary>What tells this migration from every other, in the journal, the log and the spans; <see langword="null"/> until it is begun.</summary>
    internal Guid? OperationId { get; init; }
}
