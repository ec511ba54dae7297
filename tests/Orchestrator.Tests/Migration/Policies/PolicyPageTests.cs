using System.Globalization;
using System.Text;
using Orchestrator.Migration.Policies;
using Orchestrator.Migration.Policies.Simulation;
using static Orchestrator.Tests.Migration.Policies.Steps;

namespace Orchestrator.Tests.Migration.Policies;

/// <summary>The table of docs/policies.md is what the simulator says.</summary>
public sealed class PolicyPageTests
{
    private const string Begin = "<!-- simulated: begin -->\n";
    private const string End = "<!-- simulated: end -->\n";

    private static readonly SimulatedGuest Server = new()
    {
        MemoryBytes = 8192 * MiB, WorkingSetBytes = 1024 * MiB, Dirtying = [], LinkBytesPerSecond = 1150 * MiB, PostCopyAllowed = true,
    };

    private static readonly (string Name, SimulatedGuest Guest)[] Guests =
    [
        ("quiet: 64 MiB at 50 MiB/s", Server with { WorkingSetBytes = 64 * MiB, Dirtying = At(50) }),
        ("busy: 1 GiB at 900 MiB/s", Server with { Dirtying = At(900) }),
        ("faster than the link: 1 GiB at 2000 MiB/s", Server with { Dirtying = At(2000) }),
        ("faster, and large: 4 GiB at 2000 MiB/s", Server with { WorkingSetBytes = 4096 * MiB, Dirtying = At(2000) }),
        ("the same with three vDPA devices of 230 ms", Server with { WorkingSetBytes = 4096 * MiB, Dirtying = At(2000), DeviceCost = TimeSpan.FromMilliseconds(690), PostCopyAllowed = false }),
        ("wild: 4 GiB at 200 GiB/s", Server with { WorkingSetBytes = 4096 * MiB, Dirtying = At(200 * 1024) }),
        ("wild for a minute, then at rest", Server with { WorkingSetBytes = 4096 * MiB, Dirtying = [.. At(200 * 1024), new(TimeSpan.FromMinutes(1), 0)] }),
    ];

    private static readonly MigrationPolicy[] Policies =
    [
        MigrationPolicy.Fixed with { Name = "none (QEMU's 300 ms)", MaxDowntime = new(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300)), Completion = new(new(TimeSpan.FromHours(4))) },
        MigrationPolicy.Fixed, MigrationPolicy.Stepped, MigrationPolicy.KubeVirt, MigrationPolicy.Adaptive, MigrationPolicy.AdaptivePostCopy,
    ];

    [Test]
    public void The_page_says_what_the_simulator_says()
    {
        string path = Path.Combine(PolicyDocumentTests.Root, "docs", "policies.md");
        string page = File.ReadAllText(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        Assert.That(begin >= Begin.Length && end >= begin, "the page has a place for the table");

        string now = Table();
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_APPROVE") == "1")
        {
            File.WriteAllText(path, page = page[..begin] + now + page[end..]);
            end = begin + now.Length;
        }

        Assert.That(page[begin..end], Is.EqualTo(now), "the table is made by the simulator: ORCHESTRATOR_APPROVE=1 makes it anew");
    }

    private static DirtyRate[] At(long mibPerSecond) => [new(TimeSpan.Zero, mibPerSecond * MiB)];

    private static string Table()
    {
        var table = new StringBuilder("| guest | policy | outcome | total | blackout | sent | throttled | what the policy did |\n|---|---|---|---|---|---|---|---|\n");
        foreach ((string name, SimulatedGuest guest) in Guests)
        {
            foreach (MigrationPolicy policy in Policies)
            {
                SimulationResult result = PolicySimulator.Run(policy, guest);
                string did = string.Join(", ", result.Actions.Select(Words));
                table.Append(CultureInfo.InvariantCulture, $"| {(policy == Policies[0] ? name : "")} | {policy.Name} | {Outcome(result.Outcome)} | {result.Total.TotalSeconds:0.0} s | {Blackout(result)} ")
                    .Append(CultureInfo.InvariantCulture, $"| {result.BytesSent / (double)(1 << 30):0.0} GiB | {result.ThrottlePercent} % | {did} |\n");
            }
        }

        return table.ToString();
    }

    private static string Blackout(SimulationResult result) =>
        result.Outcome == SimulationOutcome.GaveUp ? "–" : string.Create(CultureInfo.InvariantCulture, $"{result.Downtime.TotalMilliseconds:0} ms");

    private static string Outcome(SimulationOutcome outcome) => outcome switch
    {
        SimulationOutcome.Completed => "moved",
        SimulationOutcome.PostCopy => "moved, post-copy",
        _ => "**gave up**",
    };

    private static string Words(SimulatedAction done) => done.Action switch
    {
        SetMaxDowntime set => string.Create(CultureInfo.InvariantCulture, $"{set.Limit.TotalMilliseconds:0} ms at {done.At.TotalSeconds:0} s"),
        StartPostCopy => string.Create(CultureInfo.InvariantCulture, $"post-copy at {done.At.TotalSeconds:0} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"gave up at {done.At.TotalSeconds:0} s"),
    };
}
