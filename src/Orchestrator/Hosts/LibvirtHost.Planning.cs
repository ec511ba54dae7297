using Libvirt.Interop;
using Libvirt.Xml;

namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    /// <inheritdoc/>
    public Task<DomainObstacles> GetObstaclesAsync(Guid uuid, IReadOnlyList<string> disks, bool hostCpu, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                using LibvirtDomain? domain = connection.TryLookupByUuid(uuid);
                return new DomainObstacles
                {
                    Snapshots = domain is null ? null : Try<int?>(() => domain.CountSnapshots(), out _),
                    BlockJobs = domain is null ? null : Try<IReadOnlyList<string>>(() => [.. disks.Where(domain.HasBlockJob)], out _),
                    MonitorUsed = domain is null || !LibvirtDomain.CanGetTaints ? null : Try<bool?>(() => domain.GetTaints().Any(IsAboutTheMonitor), out _),
                    HostCpu = hostCpu ? Try(() => HostCapabilities.Parse(connection.GetCapabilities()).HostCpu, out _) : null,
                };
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<GuestOffer> GetOfferAsync(GuestNeeds needs, CancellationToken cancellationToken) =>
        InvokeAsync(
            connection =>
            {
                LibvirtException? cpuProblem = null;
                CpuComparison? cpu = needs.Cpu is not { } guest ? null
                    : Try<CpuComparison?>(() => connection.CompareHypervisorCpu(guest, needs.Emulator, needs.Architecture, needs.Machine, needs.Type), out cpuProblem);

                string? machine = Try(() => connection.GetDomainCapabilities(needs.Architecture, needs.Machine, needs.Type, needs.Emulator), out LibvirtException? machineProblem);
                IReadOnlyDictionary<string, long>? memory = Try(connection.GetMemoryStats, out _);
                IReadOnlyList<long>? pages = needs.PageSizesKiB.Count == 0 ? null : Try(() => connection.GetFreePages(needs.PageSizesKiB), out _);
                return new GuestOffer
                {
                    Cpu = cpu,
                    CpuProblem = cpuProblem?.Message,
                    HostCpu = needs.HostCpu ? Try(() => HostCapabilities.Parse(connection.GetCapabilities()).HostCpu, out _) : null,
                    Machine = machine is not null ? true : machineProblem is { Code: LibvirtErrorCode.NoSupport } ? null : false,
                    MachineProblem = machineProblem?.Message,
                    FreeMemoryKiB = memory is null ? null : memory.GetValueOrDefault("free") + memory.GetValueOrDefault("buffers") + memory.GetValueOrDefault("cached"),
                    FreePages = pages is null ? null : needs.PageSizesKiB.Zip(pages).ToDictionary(),
                    Volumes = Volumes(connection, needs.Volumes),
                };
            },
            cancellationToken);

    // libvirt tells in sentences, of its daemon's language: one that cannot be read may be about the monitor as well.
    private static bool IsAboutTheMonitor(string taint) => taint.Contains("monitor", StringComparison.OrdinalIgnoreCase) || !System.Text.Ascii.IsValid(taint);

    private static Dictionary<string, bool> Volumes(LibvirtConnection connection, IReadOnlyList<string> paths)
    {
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            if (Try<bool?>(() => connection.HasStorageVolume(path), out _) is not { } there)
            {
                break; // no driver for storage
            }

            found[path] = there;
        }

        return found;
    }

    /// <summary>An answer that a driver, or a release, may not have; <see langword="default"/> then. A lost connection is no answer.</summary>
    private static T? Try<T>(Func<T?> question, out LibvirtException? refusal)
    {
        try
        {
            refusal = null;
            return question();
        }
        catch (LibvirtException e) when (!e.IsConnectionLost)
        {
            refusal = e;
            return default;
        }
    }
}
