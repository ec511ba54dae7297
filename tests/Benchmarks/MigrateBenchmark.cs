using Orchestrator.Lab;

namespace Benchmarks;

/// <summary>A whole migration by a whole process, with its checks and its measurement, against virsh, which has neither.</summary>
internal static class MigrateBenchmark
{
    private const string Domain = "bench1";

    public static async Task<IReadOnlyList<Row>> RunAsync(Options options)
    {
        string orchestrator = options.Orchestrator ?? throw new InvalidOperationException("migrate needs --orchestrator FILE: run eng/bench");
        await using VirtualLab lab = await VirtualLab.StartAsync(new LabOptions());
        _ = await lab.StartGuestAsync(new GuestOptions { Name = Domain });
        string[] uris = [lab.Hosts[0].Uri, lab.Hosts[1].Uri];
        int at = 0;

        async Task<double> OursAsync()
        {
            (string from, string to) = Next();
            return await Command.TimeAsync(orchestrator, "migrate", Domain, "--from", from, "--to", to, "--quiet");
        }

        async Task<double> VirshAsync()
        {
            (string from, string to) = Next();
            return await Command.TimeAsync("virsh", "-q", "-c", from, "migrate", Domain, to, "--live", "--p2p", "--persistent", "--undefinesource",
                "--migrateuri", "tcp://127.0.0.1", "--listen-address", "127.0.0.1");
        }

        (string From, string To) Next()
        {
            string from = uris[at];
            at = 1 - at;
            return (from, uris[at]);
        }

        // The first migration between two daemons asks QEMU what it can do.
        _ = await VirshAsync();
        _ = await VirshAsync();
        var (ours, theirs) = await Rounds.CompareAsync(10, OursAsync, VirshAsync);
        return [new("orchestrator migrate, whole process", ours, theirs, "ms", "virsh migrate --live --p2p", 1.15)];
    }
}
