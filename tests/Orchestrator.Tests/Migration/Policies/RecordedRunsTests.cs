using System.Text.Json;
using Orchestrator.Migration.Policies;
using Orchestrator.Migration.Policies.Simulation;
using static Orchestrator.Tests.Migration.Policies.Steps;

namespace Orchestrator.Tests.Migration.Policies;

/// <summary>
/// The simulator against real migrations under the built-in policies: parts of what <c>orchestrator migrate --json</c> printed in the lab (RecordedRuns.json; without KVM, on a machine that did other
/// things too). What was sent in the first iteration was the memory without the pages of zeros.
/// </summary>
public sealed class RecordedRunsTests
{
    /// <summary>How far a time or an amount may be off where nobody is throttled.</summary>
    private const double Factor = 1.15;

    /// <summary>The same under auto-converge: each look at a throttled guest's pages takes QEMU most of a second more, since the guest has to wake for it, and the model knows nothing of that.</summary>
    private const double ThrottledFactor = 1.5;

    /// <summary>The guest makes up for what it missed in 100 ms; of the second that QEMU lets a guest sleep at 99 percent, that is a tenth.</summary>
    private const double MakesUpFor = 10;

    private static readonly JsonElement Recorded = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "Migration", "Policies", "RecordedRuns.json"))).RootElement;

    private static IEnumerable<TestCaseData> Runs => Recorded.GetProperty("runs").EnumerateArray().Select(run =>
        new TestCaseData(run).SetArgDisplayNames($"{run.GetProperty("policy").GetProperty("name")}", $"{Number(run, "dirty_mib_s")} over {Number(run, "bandwidth_mib_s")} MiB/s"));

    [TestCaseSource(nameof(Runs))]
    public void The_simulator_comes_to_the_same_end_in_about_the_same_time(JsonElement run)
    {
        SimulationResult simulated = Simulate(run);
        Assert.That(simulated.Outcome, Is.EqualTo(run.GetProperty("outcome").GetString() == "completed" ? SimulationOutcome.Completed : SimulationOutcome.GaveUp));
        double real = Number(run.GetProperty("transfer"), "duration_ms") / 1000;
        Assert.That(simulated.Total.TotalSeconds / real, Is.InRange(1 / FactorOf(run), FactorOf(run)), $"{simulated.Total.TotalSeconds:0.0} s, really {real:0.0} s");
    }

    [TestCaseSource(nameof(Runs))]
    public void The_simulator_sends_about_as_much(JsonElement run)
    {
        double real = Number(run.GetProperty("transfer"), "memory_processed_bytes");
        Assert.That(Simulate(run).BytesSent / real, Is.InRange(1 / FactorOf(run), FactorOf(run)), $"{Simulate(run).BytesSent / MiB} MiB, really {real / MiB:0} MiB");
    }

    private static double FactorOf(JsonElement run) => PolicyOf(run).AutoConverge ? ThrottledFactor : Factor;

    private static MigrationPolicy PolicyOf(JsonElement run) => MigrationPolicy.Find(run.GetProperty("policy").GetProperty("name").GetString()!)!;

    private static SimulationResult Simulate(JsonElement run)
    {
        JsonElement guest = Recorded.GetProperty("guest");
        return PolicySimulator.Run(
            PolicyOf(run),
            new()
            {
                MemoryBytes = (long)(Number(guest, "memory_sent_mib") * MiB),
                WorkingSetBytes = (long)(Number(guest, "working_set_mib") * MiB),
                Dirtying = [new(TimeSpan.Zero, (long)(Number(run, "dirty_mib_s") * MiB))],
                FullSpeedBytesPerSecond = (long)(Number(run, "dirty_mib_s") * MakesUpFor * MiB),
                LinkBytesPerSecond = 1024 * MiB,
                BandwidthBytesPerSecond = (long)(Number(run, "bandwidth_mib_s") * MiB),
            },
            TimeSpan.FromSeconds(Number(run, "timeout_s")));
    }

    private static double Number(JsonElement of, string name) => of.GetProperty(name).GetDouble();
}
