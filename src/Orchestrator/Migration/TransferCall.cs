using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Migration;

/// <summary>What a policy becomes in libvirt's call. Pure.</summary>
internal static class TransferCall
{
    /// <summary>What the policy has to know of the guest; of PCI functions the document does not tell which are an accelerator's.</summary>
    internal static PolicyContext ContextOf(MigrationRequest request, DomainSnapshot domain)
    {
        (long memory, bool holdsHostDevices, int vdpa) = Read(domain);
        return new(memory, PostCopyAllowed: request.Policy.PostCopy && !holdsHostDevices, request.MaxDowntime, request.Timeout, CostOf(DeviceFloor.Of(vdpa, accelerators: 0)));
    }

    /// <summary>What is kept free of the blackout for the devices: the most that was measured, for the limit is a promise.</summary>
    internal static TimeSpan CostOf(DeviceFloor? floor) => TimeSpan.FromMilliseconds(floor?.HighMs ?? 0);

    /// <summary>Whether the guest holds devices with which post-copy never goes together.</summary>
    internal static bool HoldsHostDevices(DomainSnapshot domain) => Read(domain).HoldsHostDevices;

    internal static DomainMigrateFlags FlagsOf(MigrationPolicy policy, PolicyContext context)
    {
        TransferOptions options = policy.Options;
        DomainMigrateFlags flags = DomainMigrateFlags.None;
        Set(policy.AutoConverge, DomainMigrateFlags.AutoConverge);
        Set(context.PostCopyAllowed, DomainMigrateFlags.Postcopy);
        Set(options.ParallelConnections is not null, DomainMigrateFlags.Parallel);
        Set(options.Compression is not null, DomainMigrateFlags.Compressed);
        Set(options.Tls, DomainMigrateFlags.Tls);
        Set(options.Storage.Mode == StorageCopyMode.All, DomainMigrateFlags.NonSharedDisk);
        Set(options.Storage.Mode == StorageCopyMode.Incremental, DomainMigrateFlags.NonSharedInc);
        return flags;

        void Set(bool wanted, DomainMigrateFlags flag) => flags |= wanted ? flag : DomainMigrateFlags.None;
    }

    internal static IEnumerable<KeyValuePair<string, object>> ParametersOf(MigrationPolicy policy, PolicyContext context, long? bandwidthMiBps)
    {
        TransferOptions options = policy.Options;
        var parameters = new List<KeyValuePair<string, object>>();
        Add(MigrateParameter.Bandwidth, (ulong?)(bandwidthMiBps ?? options.BandwidthMiBps));
        Add(MigrateParameter.BandwidthPostCopy, context.PostCopyAllowed ? (ulong?)options.PostCopyBandwidthMiBps : null);
        Add(MigrateParameter.AutoConvergeInitial, policy.AutoConverge ? options.AutoConvergeInitial : null);
        Add(MigrateParameter.AutoConvergeIncrement, policy.AutoConverge ? options.AutoConvergeIncrement : null);
        Add(MigrateParameter.ParallelConnections, options.ParallelConnections);
        Add(MigrateParameter.TlsDestination, options.TlsDestination);
        if (options.Compression is { } compression)
        {
            foreach (CompressionMethods method in Enum.GetValues<CompressionMethods>().Where(method => method != CompressionMethods.None && compression.Methods.HasFlag(method)))
            {
                Add(MigrateParameter.Compression, $"{method}".ToLowerInvariant());
            }

            Add(MigrateParameter.CompressionMtLevel, compression.MtLevel);
            Add(MigrateParameter.CompressionMtThreads, compression.MtThreads);
            Add(MigrateParameter.CompressionMtDthreads, compression.MtDecompressionThreads);
            Add(MigrateParameter.CompressionXbzrleCache, (ulong?)compression.XbzrleCacheBytes);
            Add(MigrateParameter.CompressionZlibLevel, compression.ZlibLevel);
            Add(MigrateParameter.CompressionZstdLevel, compression.ZstdLevel);
        }

        foreach (string disk in options.Storage.Mode == StorageCopyMode.None ? [] : options.Storage.Disks)
        {
            Add(MigrateParameter.MigrateDisks, disk);
        }

        return parameters;

        void Add(string name, object? value)
        {
            if (value is not null)
            {
                parameters.Add(new(name, value));
            }
        }
    }

    /// <summary>The guest's memory, whether it holds devices whose state cannot be fetched afterwards (vDPA and VFIO, and vhost-user, of whose backend nobody knows), and how many of them are vDPA.</summary>
    private static (long MemoryBytes, bool HoldsHostDevices, int Vdpa) Read(DomainSnapshot domain)
    {
        try
        {
            DomainDocument document = DomainDocument.Parse(domain.Xml);
            return (document.MemoryKiB << 10, document.Devices.Any(device => device.Scheme.IsOfTheHost()), document.Devices.Count(DeviceMapper.IsVdpa));
        }
        catch (DomainDocumentException)
        {
            return (0, true, 0); // a check says that it cannot be read
        }
    }
}
