using System.Diagnostics;
using Libvirt.Interop;

namespace Benchmarks;

/// <summary>The cost of the bindings: a call that does next to nothing, against the same call in C.</summary>
internal static class GetInfoBenchmark
{
    private const int Calls = 500_000;

    public static async Task<IReadOnlyList<Row>> RunAsync()
    {
        using GetInfoTwin twin = await GetInfoTwin.CompileAsync();
        using var connection = LibvirtConnection.Open("test:///default");
        using LibvirtDomain domain = connection.LookupByName("test");
        _ = Loop(domain);

        var (ours, theirs) = await Rounds.CompareAsync(7, () => Task.FromResult(Loop(domain)), () => twin.MeasureAsync("test:///default", "test", Calls, 1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = Loop(domain);
        double allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Calls;

        return
        [
            new("GetInfo, test:///default, synchronous", ours, theirs, "ns", "the same loop in C", 1.1),
            new("GetInfo, test:///default, allocated per call", allocated, 0, "bytes", "nothing", 0),
        ];
    }

    private static double Loop(LibvirtDomain domain)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Calls; i++)
        {
            _ = domain.GetInfo();
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Calls;
    }
}
