using Libvirt.Interop;
using Orchestrator.Downtime;

namespace Orchestrator.Migration;

/// <summary>Reads job statistics. Pure.</summary>
internal static class JobSamples
{
    internal static JobSample Of(DomainJobStats job, DateTimeOffset at)
    {
        TypedParameters statistics = job.Statistics;
        return new()
        {
            At = at,
            ElapsedMs = statistics.FindInteger("time_elapsed") ?? 0,
            MemoryTotal = statistics.FindInteger("memory_total") ?? 0,
            MemoryProcessed = statistics.FindInteger("memory_processed") ?? 0,
            MemoryRemaining = statistics.FindInteger("memory_remaining") ?? 0,
            MemoryBytesPerSecond = statistics.FindInteger("memory_bps") ?? 0,
            DirtyPagesPerSecond = statistics.FindInteger("memory_dirty_rate") ?? 0,
            PageSize = statistics.FindInteger("memory_page_size") ?? 0,
            Iteration = statistics.FindInteger("memory_iteration") ?? 0,
            ExpectedDowntimeMs = statistics.FindInteger("downtime"),
        };
    }
}
