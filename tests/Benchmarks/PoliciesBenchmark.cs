using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Libvirt.Interop;
using Orchestrator.Lab;

namespace Benchmarks;

/// <summary>
/// A guest that writes twice as fast as the link carries, under virsh and under each policy, one after the other and all with the same bandwidth. Who has not finished when the time is over is ended.
/// The table is printed; the figures are those of adaptive.
/// </summary>
internal static class PoliciesBenchmark
{
    private const string Domain = "contest1";
    private const int BandwidthMiB = 32;
    private const int DirtyMiB = 64;
    private const double MiB = 1 << 20;

    private const string Moved = "moved";

    /// <summary>What adaptive allows by itself.</summary>
    private const double CeilingMs = 1000;

    /// <summary>What stops beside the memory, on a machine without KVM: QEMU's limit counts memory alone.</summary>
    private const double SwitchOverMs = 250;

    private static readonly TimeSpan Cap = TimeSpan.FromSeconds(75);
    private static readonly string[] Policies = ["stepped", "kubevirt", "adaptive", "fixed"];

    public static async Task<IReadOnlyList<Row>> RunAsync(Options options)
    {
        string orchestrator = options.Orchestrator ?? throw new InvalidOperationException("policies needs --orchestrator FILE: run eng/bench");
        await using VirtualLab lab = await VirtualLab.StartAsync(new LabOptions());
        _ = await lab.StartGuestAsync(new GuestOptions { Name = Domain, DirtyMiBPerSecond = DirtyMiB });

        List<Contender> contenders = [await VirshAsync(lab)];
        foreach (string policy in Policies)
        {
            await BringBackAsync(lab, orchestrator);
            contenders.Add(await OursAsync(lab, orchestrator, policy));
        }

        Print(contenders);
        Contender adaptive = contenders.Single(contender => contender.Name == "adaptive");
        var rows = new List<Row> { new("adaptive, a guest that outruns the link", adaptive.Outcome == Moved ? adaptive.Seconds : Cap.TotalSeconds, 60, "s", "a minute, which is not enough for virsh", 1) };
        if (adaptive.DowntimeMs is { } downtime)
        {
            rows.Add(new("its blackout", downtime, CeilingMs + SwitchOverMs, "ms", "adaptive's ceiling and the switch-over", 1));
        }

        return rows;
    }

    private static async Task<Contender> VirshAsync(VirtualLab lab)
    {
        using LibvirtConnection source = LibvirtConnection.Open(lab.Hosts[0].Uri);
        using LibvirtDomain domain = source.TryLookupByName(Domain)!;
        long start = Stopwatch.GetTimestamp();
        using Process virsh = Process.Start(new ProcessStartInfo("virsh",
        [
            "-q", "-c", lab.Hosts[0].Uri, "migrate", Domain, lab.Hosts[1].Uri, "--live", "--p2p", "--persistent", "--undefinesource",
            "--migrateuri", "tcp://127.0.0.1", "--listen-address", "127.0.0.1", "--bandwidth", $"{BandwidthMiB}",
        ])
        {
            RedirectStandardError = true, // it says there that it was ended
        })!;
        using var cap = new CancellationTokenSource(Cap);
        try
        {
            await virsh.WaitForExitAsync(cap.Token);
        }
        catch (OperationCanceledException)
        {
            long sent = domain.GetJobStats().Statistics.FindInteger("memory_processed") ?? 0;
            domain.AbortJob();
            await virsh.WaitForExitAsync(CancellationToken.None);
            return new("virsh", Unfinished, Cap.TotalSeconds, null, sent);
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        using LibvirtConnection destination = LibvirtConnection.Open(lab.Hosts[1].Uri);
        using LibvirtDomain? moved = virsh.ExitCode == 0 ? destination.TryLookupByName(Domain) : null;
        TypedParameters? completed = moved?.GetJobStats(DomainJobStatsFlags.Completed).Statistics;
        return new(
            "virsh", moved is null ? $"failed with {virsh.ExitCode}" : Moved, took.TotalSeconds,
            completed?.FindInteger("downtime_net") ?? completed?.FindInteger("downtime"), completed?.FindInteger("memory_processed") ?? 0);
    }

    private static async Task<Contender> OursAsync(VirtualLab lab, string orchestrator, string policy)
    {
        JsonElement result = JsonDocument.Parse(await Command.OutputAsync(
            orchestrator, "migrate", Domain, "--from", lab.Hosts[0].Uri, "--to", lab.Hosts[1].Uri, "--policy", policy,
            "--bandwidth", $"{BandwidthMiB}", "--timeout", $"{Cap.TotalSeconds}s", "--json")).RootElement;
        JsonElement transfer = result.GetProperty("transfer");
        double seconds = transfer.GetProperty("duration_ms").GetDouble() / 1000;
        return new(
            policy,
            result.GetProperty("outcome").GetString() switch
            {
                "completed" => Moved,
                "timed_out" when seconds >= Cap.TotalSeconds => Unfinished,
                "timed_out" => "gave up",
                var other => other!,
            },
            seconds,
            result.TryGetProperty("downtime", out JsonElement downtime) && downtime.ValueKind == JsonValueKind.Object && downtime.GetProperty("value_ms") is { ValueKind: JsonValueKind.Number } value
                ? value.GetDouble() : null,
            transfer.GetProperty("memory_processed_bytes").GetInt64());
    }

    /// <summary>Where the one before has moved the guest, it comes back, at rest.</summary>
    private static async Task BringBackAsync(VirtualLab lab, string orchestrator)
    {
        LabStatus status = await lab.GetStatusAsync();
        string[] on = [.. status.Guests.Single(guest => guest.Guest.Name == Domain).Places.Where(place => place.State == "running").Select(place => place.Host)];
        if (!on.Contains(lab.Hosts[0].Name))
        {
            await lab.SetDirtyRateAsync(Domain, 0);
            _ = await Command.RunAsync(orchestrator, "migrate", Domain, "--from", lab.Hosts[1].Uri, "--to", lab.Hosts[0].Uri, "--quiet");
            await lab.SetDirtyRateAsync(Domain, DirtyMiB);
        }
    }

    private static string Unfinished => $"unfinished after {Cap.TotalSeconds:0} s";

    private static void Print(IEnumerable<Contender> contenders)
    {
        Console.WriteLine($"A guest of 128 MiB that writes {DirtyMiB} MiB/s to 48 MiB of them, over a bandwidth of {BandwidthMiB} MiB/s:");
        Console.WriteLine($"{"",-10} {"outcome",-24} {"total s",8} {"downtime ms",12} {"MiB sent",9}");
        foreach (Contender contender in contenders)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{contender.Name,-10} {contender.Outcome,-24} {contender.Seconds,8:0.0} {contender.DowntimeMs?.ToString("0.0", CultureInfo.InvariantCulture) ?? "-",12} {contender.Sent / MiB,9:0}"));
        }

        Console.WriteLine();
    }

    /// <summary>How one of them fared.</summary>
    private sealed record Contender(string Name, string Outcome, double Seconds, double? DowntimeMs, long Sent);
}
