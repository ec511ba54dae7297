using Faults;

namespace Chaos.Tests;

/// <summary>The judge of the fault matrix: what is right passes, and each wrong is found.</summary>
public sealed class CellJudgeTests
{
    private static readonly HostFacts Gone = new();
    private static readonly HostFacts Runs = new() { State = "running/booted", IsDefined = true, Qemus = 1 };
    private static readonly HostFacts Off = new() { State = "shutoff/crashed", IsDefined = true };
    private static readonly HostFacts Silent = new() { IsKnown = false };
    private static readonly BothFacts OnSource = new(Runs, Gone);
    private static readonly BothFacts OnDestination = new(Gone, Runs);

    private static readonly ToolRun Completed = new(0, "completed", null, null, TimeSpan.FromSeconds(5)) { DowntimeMs = 20 };
    private static readonly ToolRun Failed = new(1, "failed", "failed", "the link", TimeSpan.FromSeconds(5));
    private static readonly ToolRun Lost = new(7, "needs_person", "needs_person", "runs on neither", TimeSpan.FromSeconds(5));

    private static readonly Guid Uuid = Guid.Parse("3a1f0c9e-5b7d-4e21-9c80-6f2d1b4a7e53");
    private static readonly Undecided Left = new(new(Runs with { State = "paused/user" }, Runs), true, Lost with
    {
        Remedy = $"To keep it on b: virsh -c 'qemu+unix:///session?socket=/a' destroy {Uuid}; to keep it on a: virsh -c 'qemu+unix:///session?socket=/b' destroy {Uuid}",
    }, Uuid);

    private static CellEvidence Chosen => Evidence(Fault.RpcCut, FaultPhase.Resumed, Left.Recovery, OnDestination) with { AtItsEnd = Left.Facts, Undecided = Left };

    private static readonly CellEvidence Arrived = Evidence(Fault.LinkStalled, FaultPhase.LaterIteration, Completed, OnDestination);
    private static readonly CellEvidence Stayed = Evidence(Fault.LinkCut, FaultPhase.FirstIteration, Failed, OnSource);

    [Test]
    public void A_migration_that_went_on_after_a_stall_is_right() => Assert.That(CellJudge.Judge(Arrived), Is.Empty);

    [Test]
    public void A_migration_that_failed_and_left_the_guest_is_right() => Assert.That(CellJudge.Judge(Stayed), Is.Empty);

    [Test]
    public void A_killed_tool_says_nothing_and_either_host_is_right([Values] bool arrived) => Assert.That(
        CellJudge.Judge(Evidence(Fault.OrchestratorKilled, FaultPhase.SwitchOver, null, arrived ? OnDestination : OnSource)), Is.Empty);

    [Test]
    public void Two_copies_are_wrong_whatever_was_said() => Assert.That(
        CellJudge.Judge(Stayed with { Migration = Lost, Settled = new(Runs, Runs) }), Has.Some.Contains("both hosts"));

    [Test]
    public void A_lost_guest_is_wrong_unless_its_own_qemu_was_the_victim() => Assert.Multiple(() =>
    {
        var lost = new BothFacts(Off, Gone);
        Assert.That(CellJudge.Judge(Stayed with { Migration = Lost, Settled = lost, Next = null }), Has.Some.Contains("no host"));
        Assert.That(CellJudge.Judge(Evidence(Fault.SourceQemuKilled, FaultPhase.FirstIteration, Lost, lost)), Is.Empty);
        Assert.That(CellJudge.Judge(Evidence(Fault.DestinationQemuKilled, FaultPhase.FirstIteration, Lost, lost)), Has.Some.Contains("no host"), "the source still had it");
    });

    [Test]
    public void A_guest_that_is_gone_must_be_told_of() => Assert.That(
        CellJudge.Judge(Evidence(Fault.SourceQemuKilled, FaultPhase.FirstIteration, Failed, new(Off, Gone))),
        Has.Some.Contains("nobody said so").And.Some.Contains("7 would tell that"));

    [Test]
    public void A_guest_that_ran_on_the_destination_is_not_the_sources_any_more() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.MayBeLost(Fault.DestinationQemuKilled, FaultPhase.After), Is.True);
        Assert.That(CellJudge.MayBeLost(Fault.DestinationQemuKilled, FaultPhase.Finish), Is.False, "the source still has it, stopped");
        Assert.That(CellJudge.MayBeLost(Fault.SourceQemuKilled, FaultPhase.Resumed), Is.False);
        Assert.That(CellJudge.Judge(Evidence(Fault.RpcCut, FaultPhase.Resumed, Failed, OnSource)), Has.Some.Contains("should be on destination"));
        Assert.That(CellJudge.Judge(Evidence(Fault.LinkCut, FaultPhase.After, Failed, OnSource)), Has.Some.Contains("should be on destination"));
    });

    [Test]
    public void A_code_that_tells_something_else_than_what_is_there_is_wrong() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.Judge(Stayed with { Migration = Completed }), Has.Some.Contains("ended with code 0"));
        Assert.That(CellJudge.Judge(Arrived with { Migration = Failed }), Has.Some.Contains("ended with code 1"));
        Assert.That(CellJudge.Judge(Stayed with { Migration = Failed with { ExitCode = 130 } }), Has.Some.Contains("outcome failed"));
    });

    [Test]
    public void Nobody_knows_is_right_only_while_nobody_could() => Assert.Multiple(() =>
    {
        CellEvidence blind = Evidence(Fault.DestinationDaemonKilled, FaultPhase.LaterIteration, Lost, OnSource);
        Assert.That(CellJudge.Judge(blind with { AtItsEnd = new(Runs, Silent) }), Is.Empty);
        Assert.That(CellJudge.Judge(blind), Has.Some.Contains("ended with code 7"));
    });

    [Test]
    public void Degraded_is_right_only_when_something_had_not_come_along() => Assert.Multiple(() =>
    {
        ToolRun degraded = new(6, "degraded", "degraded", "its definition is still there", TimeSpan.FromSeconds(5));
        CellEvidence evidence = Evidence(Fault.SourceDaemonKilled, FaultPhase.Finish, degraded, OnDestination);
        Assert.That(CellJudge.Judge(evidence with { AtItsEnd = new(Off, Runs) }), Is.Empty);
        Assert.That(CellJudge.Judge(evidence), Has.Some.Contains("ended with code 6"));
    });

    [Test]
    public void Unreachable_is_right_only_when_a_daemon_or_the_way_to_it_was_the_victim() => Assert.Multiple(() =>
    {
        ToolRun unreachable = new(3, "unreachable", "unreachable", "no answer", TimeSpan.FromSeconds(5));
        Assert.That(CellJudge.Judge(Evidence(Fault.RpcCut, FaultPhase.Plan, unreachable, OnSource)), Is.Empty);
        Assert.That(CellJudge.Judge(Evidence(Fault.LinkCut, FaultPhase.Plan, unreachable, OnSource)), Has.Some.Contains("ended with code 3"));
    });

    [Test]
    public void A_run_without_an_end_or_a_document_is_wrong() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.Judge(Stayed with { Migration = new(null, null, null, null, TimeSpan.FromSeconds(120)) }), Has.Some.Contains("did not end within 120 s"));
        Assert.That(CellJudge.Judge(Stayed with { Migration = new(1, null, null, "Unhandled exception", TimeSpan.Zero) { HasDocument = false } }), Has.Some.Contains("one document"));
    });

    [Test]
    public void A_copy_that_does_not_run_or_gives_no_sign_of_life_is_wrong() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.Judge(Stayed with { Settled = new(Runs with { State = "paused/migrating" }, Gone) }), Has.Some.Contains("paused/migrating"));
        Assert.That(CellJudge.Judge(Stayed with { IsAlive = false }), Has.Some.Contains("no sign of life"));
    });

    private static IEnumerable<TestCaseData> Leftovers()
    {
        yield return new(new BothFacts(Runs, Off)) { ExpectedResult = "the destination still has the guest" };
        yield return new(new BothFacts(Runs, new HostFacts { Qemus = 1 })) { ExpectedResult = "the destination has 1 QEMU processes" };
        yield return new(new BothFacts(Runs with { IsDefined = false }, Gone)) { ExpectedResult = "the source has lost the guest's definition" };
        yield return new(new BothFacts(Runs with { Job = "Unbounded MigrationOut" }, Gone)) { ExpectedResult = "a job is left on the source" };
        yield return new(new BothFacts(Runs with { Metadata = ["{urn}operation"] }, Gone)) { ExpectedResult = "a mark is left" };
        yield return new(new BothFacts(Runs, new HostFacts { StrangeFiles = ["run/libvirt/qemu/struck.pid"] })) { ExpectedResult = "files are left on the destination" };
    }

    [TestCaseSource(nameof(Leftovers))]
    public string? What_is_left_behind_is_wrong(object settled)
    {
        string problem = CellJudge.Judge(Stayed with { Settled = (BothFacts)settled }).Single();
        return Leftovers().Select(known => (string)known.ExpectedResult!).SingleOrDefault(problem.StartsWith);
    }

    [Test]
    public void Recovery_must_end_well_and_close_its_journal() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.Judge(Stayed with { Recovery = Failed }), Has.Some.Contains("recover ended with code 1"));
        Assert.That(CellJudge.Judge(Stayed with { OpenOperations = 1 }), Has.Some.Contains("still open"));
        Assert.That(CellJudge.Judge(Stayed with { Recovery = null }), Is.Empty, "when none was asked for");
    });

    [Test]
    public void The_next_migration_must_complete_and_be_measured() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.Judge(Stayed with { Next = Failed }), Has.Some.Contains("next migration"));
        Assert.That(CellJudge.Judge(Stayed with { Next = Completed with { DowntimeMs = null } }), Has.Some.Contains("next migration"));
    });

    [Test]
    public void Two_copies_that_have_both_run_are_left_to_a_person() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.Judge(Chosen), Is.Empty);
        Assert.That(CellJudge.Judge(Chosen with { Migration = Completed }), Has.Some.Contains("7 would tell that"));
        Assert.That(CellJudge.Judge(Chosen with { Undecided = null, Settled = Left.Facts }), Has.Some.Contains("both hosts"), "nobody chose");
        Assert.That(CellJudge.Judge(Chosen with { Undecided = Left with { SourceRanAgain = false } }), Has.Some.Contains("only one had run"));
        Assert.That(CellJudge.Judge(Chosen with { Undecided = Left with { Facts = new(Runs, Runs) } }), Has.Some.Contains("the destination's copy alone was to run"));
        Assert.That(CellJudge.Judge(Chosen with { Undecided = Left with { Recovery = Left.Recovery with { ExitCode = 0 } } }), Has.Some.Contains("recover ended with code 0"));
        Assert.That(CellJudge.Judge(Chosen with { Undecided = Left with { Recovery = Left.Recovery with { Remedy = "Look." } } }), Has.Some.Contains("recover does not say how"));
    });

    [TestCase("rpc-cut", "finish")]
    [TestCase("rpc-cut", "after")]
    [TestCase("link-cut", "resumed")]
    [TestCase("source-daemon-killed", "resumed")]
    public void Any_other_fault_leaves_nothing_to_a_person(string fault, string phase) => Assert.That(
        CellJudge.Judge(Chosen with { Cell = new(FaultMode.P2p, FaultCell.Parse<Fault>(fault), FaultPhase.Resumed), Struck = FaultCell.Parse<FaultPhase>(phase) }),
        Has.Some.Contains("only one had run"));

    [Test]
    public void What_a_person_chose_has_to_be_put_in_order_as_anything_else() => Assert.Multiple(() =>
    {
        Assert.That(CellJudge.Judge(Chosen with { Recovery = Lost }), Has.Some.Contains("recover ended with code 7"));
        Assert.That(CellJudge.Judge(Chosen with { OpenOperations = 1 }), Has.Some.Contains("still open"));
        Assert.That(CellJudge.Judge(Chosen with { Settled = new(Gone, Runs with { Metadata = ["{urn}operation"] }) }), Has.Some.Contains("a mark is left"));
        Assert.That(CellJudge.Judge(Chosen with { Settled = new(Off, Runs) }), Has.Some.Contains("the source still has the guest"));
        Assert.That(CellJudge.Judge(Chosen with { Next = Failed }), Has.Some.Contains("next migration"));
    });

    [Test]
    public void Every_cell_that_can_be_is_in_the_matrix_and_a_sample_has_each_fault() => Assert.Multiple(() =>
    {
        Assert.That(FaultCell.All, Is.Unique.And.Count.EqualTo((2 * 10 * 8) - 4));
        Assert.That(FaultCell.Sample(1, 2).Select(cell => cell.Fault).Distinct(), Is.EquivalentTo(Enum.GetValues<Fault>()));
        Assert.That(FaultCell.Sample(1, 2), Is.EqualTo(FaultCell.Sample(1, 2)));
    });

    private static CellEvidence Evidence(Fault fault, FaultPhase phase, ToolRun? run, BothFacts settled) => new()
    {
        Cell = new(FaultMode.P2p, fault, phase),
        Struck = phase,
        Migration = run,
        AtItsEnd = settled,
        Recovery = new(0, null, null, null, TimeSpan.FromSeconds(1)),
        OpenOperations = 0,
        Settled = settled,
        IsAlive = settled.Place != GuestPlace.None,
        Next = settled.Place == GuestPlace.None ? null : Completed,
    };
}
