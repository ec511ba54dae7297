using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>What it tells those who plan a migration: a host with plenty of everything, unless told otherwise.</summary>
internal sealed partial class FakeHost
{
    internal DomainObstacles Obstacles { get; set; } = new() { Snapshots = 0, BlockJobs = [], MonitorUsed = false };

    internal GuestOffer Offer { get; set; } = new() { Cpu = CpuComparison.Superset, Machine = true, FreeMemoryKiB = 64L << 20 };

    /// <summary>What it was asked for last.</summary>
    internal GuestNeeds? Needs { get; private set; }

    public Task<DomainObstacles> GetObstaclesAsync(Guid uuid, IReadOnlyList<string> disks, bool hostCpu, CancellationToken cancellationToken) => Answer(() => Obstacles);

    public Task<GuestOffer> GetOfferAsync(GuestNeeds needs, CancellationToken cancellationToken) => Answer(() =>
    {
        Needs = needs;
        return Offer;
    });
}
