using System.Diagnostics;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lab;

namespace Benchmarks;

/// <summary>The cost of the asynchronous host API: GetInfo over a daemon's socket, one at a time and 16 in flight.</summary>
internal static class HostBenchmark
{
    private const int Calls = 8_000;
    private const string Domain = "bench";

    public static async Task<IReadOnlyList<Row>> RunAsync()
    {
        using GetInfoTwin twin = await GetInfoTwin.CompileAsync();
        await using VirtualLab lab = await VirtualLab.StartAsync(new LabOptions { Hosts = 1 });
        string uri = lab.Hosts[0].Uri;
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(HostAddress.FromUri(uri));
        using LibvirtDomain domain = await host.InvokeAsync(connection => connection.DefineXml(
            $"<domain type='qemu'><name>{Domain}</name><memory unit='MiB'>64</memory><os><type machine='q35'>hvm</type></os></domain>"));
        _ = await LoopAsync(host, domain, 4);

        var one = await Rounds.CompareAsync(7, () => LoopAsync(host, domain, 1), () => twin.MeasureAsync(uri, Domain, Calls, 1));
        var many = await Rounds.CompareAsync(7, () => LoopAsync(host, domain, 16), () => twin.MeasureAsync(uri, Domain, Calls, 16));
        return
        [
            new("GetInfo, daemon's socket, host API", one.Ours / 1e3, one.Yardstick / 1e3, "us", "the same loop in C", 1.2),
            new("GetInfo, daemon's socket, host API, 16 in flight", 1e9 / many.Ours, 1e9 / many.Yardstick, "calls/s", "16 threads in C", 0.9, MoreIsBetter: true),
        ];
    }

    // Nanoseconds of wall clock per call.
    private static async Task<double> LoopAsync(LibvirtHost host, LibvirtDomain domain, int inFlight)
    {
        async Task CallAsync()
        {
            for (int i = 0; i < Calls / inFlight; i++)
            {
                _ = await host.InvokeAsync(_ => domain.GetInfo()).ConfigureAwait(false);
            }
        }

        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => CallAsync()));
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Calls;
    }
}
