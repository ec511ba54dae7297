using System.Text.Json.Serialization;

namespace Orchestrator.Migration.Policies;

/// <summary>How the data of a migration travel: each becomes a flag or a typed parameter of libvirt's; <see langword="null"/> is libvirt's default.</summary>
public sealed record TransferOptions
{
    /// <summary>Connections side by side (multifd); <see langword="null"/> for the one that QEMU uses by itself.</summary>
    public int? ParallelConnections { get; init; }

    /// <summary>How memory is compressed; <see langword="null"/> for not at all.</summary>
    public CompressionOptions? Compression { get; init; }

    /// <summary>The most bandwidth to use, in MiB/s. QEMU keeps to it until the switch-over, not during it.</summary>
    public long? BandwidthMiBps { get; init; }

    /// <summary>The most bandwidth to use in post-copy, in MiB/s.</summary>
    public long? PostCopyBandwidthMiBps { get; init; }

    /// <summary>Whether QEMU's own connection is encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>The name that the destination's certificate has to bear, where it is not its host name.</summary>
    public string? TlsDestination { get; init; }

    /// <summary>What of the disks is copied.</summary>
    public StorageCopy Storage { get; init; } = StorageCopy.None;

    /// <summary>How much of the guest's processor time auto-converge takes at first, in percent.</summary>
    public int? AutoConvergeInitial { get; init; }

    /// <summary>How much more it takes at each further step, in percent.</summary>
    public int? AutoConvergeIncrement { get; init; }
}

/// <summary>Methods of compression.</summary>
[Flags]
[JsonConverter(typeof(JsonStringEnumConverter<CompressionMethods>))]
public enum CompressionMethods
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Threads of QEMU's own; gone with QEMU 9.1.</summary>
    Mt = 1,

    /// <summary>Sends what changed in a page that was sent before.</summary>
    Xbzrle = 2,

    /// <summary>zlib on parallel connections (libvirt 9.4).</summary>
    Zlib = 4,

    /// <summary>Zstandard on parallel connections (libvirt 9.4).</summary>
    Zstd = 8,
}

/// <summary>How memory is compressed.</summary>
/// <param name="Methods">By what.</param>
public sealed record CompressionOptions(CompressionMethods Methods)
{
    /// <summary>0 (none) to 9 (best).</summary>
    public int? MtLevel { get; init; }

    /// <summary>Threads that compress.</summary>
    public int? MtThreads { get; init; }

    /// <summary>Threads that decompress.</summary>
    public int? MtDecompressionThreads { get; init; }

    /// <summary>Memory for pages that were sent before.</summary>
    public long? XbzrleCacheBytes { get; init; }

    /// <summary>0 (none) to 9 (best).</summary>
    public int? ZlibLevel { get; init; }

    /// <summary>0 (default) to 20 (best).</summary>
    public int? ZstdLevel { get; init; }
}

/// <summary>What of the disks is copied.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StorageCopyMode>))]
public enum StorageCopyMode
{
    /// <summary>Nothing: both hosts see the same disks.</summary>
    None,

    /// <summary>Whole disks.</summary>
    All,

    /// <summary>What lies above a backing file that both hosts see.</summary>
    Incremental,
}

/// <summary>Which disks are copied, and how.</summary>
/// <param name="Mode">How.</param>
/// <param name="Disks">The targets of the disks (<c>vda</c>); none for all that libvirt would copy.</param>
public sealed record StorageCopy(StorageCopyMode Mode, IReadOnlyList<string> Disks)
{
    /// <summary>No copy.</summary>
    public static StorageCopy None { get; } = new(StorageCopyMode.None, []);

    /// <inheritdoc/>
    public bool Equals(StorageCopy? other) => other is not null && Mode == other.Mode && Disks.SequenceEqual(other.Disks, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => Disks.Aggregate(Mode.GetHashCode(), (hash, disk) => HashCode.Combine(hash, disk.GetHashCode(StringComparison.Ordinal)));
}
