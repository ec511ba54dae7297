namespace Orchestrator.Migration.Policies;

/// <summary>What <see cref="TransferOptions"/> have to be, and what libvirt or QEMU would refuse together. Pure.</summary>
internal static class TransferRules
{
    internal static IEnumerable<PolicyProblem> Problems(MigrationPolicy policy) =>
        [.. Ranges(policy.Options), .. Compression(policy.Options), .. Contradictions(policy)];

    private static IEnumerable<PolicyProblem> Ranges(TransferOptions options)
    {
        CompressionOptions? compression = options.Compression;
        (string Key, long? Value, long Least, long Most)[] ranges =
        [
            // QEMU holds the number of its multifd channels in a byte.
            ("parallel_connections", options.ParallelConnections, 1, 255),
            // libvirt counts in MiB/s and QEMU in bytes, in a signed number of 64 bits.
            ("bandwidth_mib_s", options.BandwidthMiBps, 1, long.MaxValue >> 20),
            ("post_copy_bandwidth_mib_s", options.PostCopyBandwidthMiBps, 1, long.MaxValue >> 20),
            ("auto_converge.initial", options.AutoConvergeInitial, 1, 99),
            ("auto_converge.increment", options.AutoConvergeIncrement, 1, 99),
            ("compression.mt_level", compression?.MtLevel, 0, 9),
            ("compression.mt_threads", compression?.MtThreads, 1, 255),
            ("compression.mt_decompression_threads", compression?.MtDecompressionThreads, 1, 255),
            ("compression.xbzrle_cache_bytes", compression?.XbzrleCacheBytes, 4096, long.MaxValue),
            ("compression.zlib_level", compression?.ZlibLevel, 0, 9),
            ("compression.zstd_level", compression?.ZstdLevel, 0, 20),
        ];
        return ranges.Where(range => range.Value < range.Least || range.Value > range.Most)
            .Select(range => new PolicyProblem($"options.{range.Key}", range.Most == long.MaxValue ? $"{range.Least} or more is wanted here" : $"{range.Least} to {range.Most} is wanted here"));
    }

    private static IEnumerable<PolicyProblem> Compression(TransferOptions options)
    {
        if (options.Compression is not { } compression)
        {
            yield break;
        }

        if (compression.Methods == CompressionMethods.None)
        {
            yield return new("options.compression.methods", "no method is named", "Name xbzrle or mt, or with parallel_connections zlib or zstd; or leave out compression.");
        }

        (string Key, long? Value, CompressionMethods Method)[] settings =
        [
            ("mt_level", compression.MtLevel, CompressionMethods.Mt), ("mt_threads", compression.MtThreads, CompressionMethods.Mt),
            ("mt_decompression_threads", compression.MtDecompressionThreads, CompressionMethods.Mt), ("xbzrle_cache_bytes", compression.XbzrleCacheBytes, CompressionMethods.Xbzrle),
            ("zlib_level", compression.ZlibLevel, CompressionMethods.Zlib), ("zstd_level", compression.ZstdLevel, CompressionMethods.Zstd),
        ];
        foreach ((string key, _, CompressionMethods method) in settings.Where(setting => setting.Value is not null && !compression.Methods.HasFlag(setting.Method)))
        {
            yield return new($"options.compression.{key}", "it belongs to a method that is not named", $"Add {PolicyWords.Of(method)} to methods, or leave it out.");
        }

        const CompressionMethods OnChannels = CompressionMethods.Zlib | CompressionMethods.Zstd;
        if (compression.Methods.HasFlag(OnChannels))
        {
            yield return new("options.compression.methods", "zlib and zstd exclude each other", "Name one of them.");
        }

        if ((compression.Methods & OnChannels) != 0 && options.ParallelConnections is null)
        {
            yield return new("options.compression.methods", "zlib and zstd compress parallel connections, and there are none", "Give parallel_connections.");
        }

        if ((compression.Methods & ~OnChannels) != 0 && options.ParallelConnections is not null)
        {
            yield return new("options.compression.methods", "mt and xbzrle do not go together with parallel connections", "Name zlib or zstd, or leave out parallel_connections.");
        }
    }

    private static IEnumerable<PolicyProblem> Contradictions(MigrationPolicy policy)
    {
        TransferOptions options = policy.Options;
        if (policy.PostCopy && options.ParallelConnections is not null)
        {
            yield return new("options.parallel_connections", "QEMU before 10.1 refuses parallel connections together with post-copy", "Take one of them.");
        }

        if (policy.PostCopy && options.Compression?.Methods.HasFlag(CompressionMethods.Mt) == true)
        {
            yield return new("options.compression.methods", "QEMU refuses mt together with post-copy", "Take one of them.");
        }

        if (!policy.PostCopy && options.PostCopyBandwidthMiBps is not null)
        {
            yield return new("options.post_copy_bandwidth_mib_s", "the policy is not begun with post-copy", "Write post_copy: true, or leave it out.");
        }

        if (!options.Tls && options.TlsDestination is not null)
        {
            yield return new("options.tls.destination", "without TLS no certificate is looked at", "Write enabled: true, or leave it out.");
        }

        if (options.TlsDestination is { } name && (name.Length == 0 || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))))
        {
            yield return new("options.tls.destination", "this is no name that a certificate could bear");
        }

        if (options.Storage is { Mode: StorageCopyMode.None, Disks.Count: > 0 })
        {
            yield return new("options.storage.disks", "no storage is copied", "Write copy: all or copy: incremental, or leave it out.");
        }

        if (options.Storage.Disks.FirstOrDefault(disk => disk.Length == 0 || !disk.All(char.IsAsciiLetterOrDigit)) is { } odd)
        {
            yield return new("options.storage.disks", $"\"{odd}\" is no target of a disk, such as vda");
        }

        if (options.Storage.Disks.Distinct(StringComparer.Ordinal).Count() < options.Storage.Disks.Count)
        {
            yield return new("options.storage.disks", "a disk is named twice");
        }

        if (!policy.AutoConverge && (options.AutoConvergeInitial ?? options.AutoConvergeIncrement) is not null)
        {
            yield return new("options.auto_converge", "the policy is not begun with auto-converge", "Write auto_converge: true, or leave it out.");
        }
    }
}
