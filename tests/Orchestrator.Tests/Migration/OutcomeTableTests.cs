using Libvirt.Interop;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;

namespace Orchestrator.Tests.Migration;

/// <summary>Every cell of the table of what is where, and what that means.</summary>
internal sealed class OutcomeTableTests
{
    private static readonly CopyState[] NoQemu = [CopyState.None, CopyState.Left];
    private static readonly CopyState[] GuestIsThere = [CopyState.Runs, CopyState.Paused];

    private static IEnumerable<TestCaseData> Cells() =>
        from source in Enum.GetValues<CopyState>()
        from destination in Enum.GetValues<CopyState>()
        select new TestCaseData(source, destination).SetName($"{source} here, {destination} there");

    private static IEnumerable<TestCaseData> Ends() =>
        from source in Enum.GetValues<CopyState>()
        from destination in Enum.GetValues<CopyState>()
        from job in Enum.GetValues<JobResult>()
        select new TestCaseData(source, destination, job).SetName($"{source} here, {destination} there, {job}");

    [TestCaseSource(nameof(Cells))]
    public void Nothing_is_taken_away_unless_the_other_host_is_known_to_have_the_guest(CopyState source, CopyState destination)
    {
        OutcomeDecision decision = OutcomeTable.Decide(source, destination);

        if (decision.Action == OutcomeAction.RemoveSourceCopy)
        {
            Assert.That((source, destination), Is.EqualTo((CopyState.Stranded, CopyState.Runs)).Or.EqualTo((CopyState.Stranded, CopyState.Leaving)));
        }

        if (decision.Action == OutcomeAction.RemoveDestinationCopy)
        {
            Assert.That(GuestIsThere, Does.Contain(source));
            Assert.That(destination, Is.EqualTo(CopyState.Arriving).Or.EqualTo(CopyState.Stranded), "a copy that never ran");
        }

        if (decision.Action == OutcomeAction.ResumeSource)
        {
            Assert.That((source, destination), Is.EqualTo((CopyState.Stranded, CopyState.None)), "two copies would run");
        }

        if (source == CopyState.Unknown)
        {
            Assert.That(decision.Action, Is.EqualTo(OutcomeAction.AskAgain), "nothing is done on ignorance");
        }

        if (destination == CopyState.Unknown)
        {
            Assert.That(decision.Action, Is.AnyOf(OutcomeAction.AskAgain, OutcomeAction.None, OutcomeAction.Follow, OutcomeAction.ResumePostCopy));
        }
    }

    [TestCaseSource(nameof(Ends))]
    public void A_good_end_is_one_copy_alone(CopyState source, CopyState destination, JobResult job)
    {
        MigrationOutcome outcome = OutcomeOf(source, destination, job);
        if (source == CopyState.Unknown)
        {
            Assert.That(outcome, Is.EqualTo(MigrationOutcome.NeedsPerson), "nothing is concluded from silence");
        }

        if (outcome == MigrationOutcome.Completed)
        {
            Assert.That(source, Is.EqualTo(CopyState.None).Or.EqualTo(CopyState.Left).Or.EqualTo(CopyState.Arriving), "what arrives here is another migration's: the guest has left");
            Assert.That(destination, Is.EqualTo(CopyState.Runs).Or.EqualTo(CopyState.Paused).Or.EqualTo(CopyState.Leaving));
        }

        if (outcome is MigrationOutcome.Failed or MigrationOutcome.Cancelled or MigrationOutcome.TimedOut)
        {
            Assert.That(GuestIsThere, Does.Contain(source));
            Assert.That(NoQemu, Does.Contain(destination));
        }

        if (GuestIsThere.Contains(source) && GuestIsThere.Contains(destination))
        {
            Assert.That(outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        }

        if (source == CopyState.None && destination == CopyState.None)
        {
            Assert.That(outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        }

        Assert.That(job == JobResult.Unanswered && outcome is not (MigrationOutcome.Completed or MigrationOutcome.Degraded or MigrationOutcome.NeedsPerson), Is.False, "a call that goes on may still change everything");
    }

    [TestCase(CopyState.Runs, CopyState.None, JobResult.Failed, MigrationFinding.Stayed, OutcomeAction.None, MigrationOutcome.Failed)]
    [TestCase(CopyState.Runs, CopyState.None, JobResult.Cancelled, MigrationFinding.Stayed, OutcomeAction.None, MigrationOutcome.Cancelled)]
    [TestCase(CopyState.Runs, CopyState.None, JobResult.TimedOut, MigrationFinding.Stayed, OutcomeAction.None, MigrationOutcome.TimedOut)]
    [TestCase(CopyState.Runs, CopyState.None, JobResult.Unseen, MigrationFinding.Stayed, OutcomeAction.None, MigrationOutcome.Failed)]
    [TestCase(CopyState.Runs, CopyState.None, JobResult.Unanswered, MigrationFinding.Stayed, OutcomeAction.None, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Runs, CopyState.Unknown, JobResult.Failed, MigrationFinding.StayedUnseen, OutcomeAction.None, MigrationOutcome.Unreachable)]
    [TestCase(CopyState.Runs, CopyState.Runs, JobResult.Succeeded, MigrationFinding.TwoCopies, OutcomeAction.SuspendSource, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Runs, CopyState.Arriving, JobResult.Failed, MigrationFinding.HalfCopy, OutcomeAction.RemoveDestinationCopy, MigrationOutcome.Degraded)]
    [TestCase(CopyState.None, CopyState.Runs, JobResult.Succeeded, MigrationFinding.Moved, OutcomeAction.None, MigrationOutcome.Completed)]
    [TestCase(CopyState.None, CopyState.Runs, JobResult.Failed, MigrationFinding.Moved, OutcomeAction.None, MigrationOutcome.Completed)]
    [TestCase(CopyState.None, CopyState.Runs, JobResult.Unanswered, MigrationFinding.Moved, OutcomeAction.None, MigrationOutcome.Completed)]
    [TestCase(CopyState.None, CopyState.None, JobResult.Failed, MigrationFinding.NoCopy, OutcomeAction.None, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.None, CopyState.Unknown, JobResult.Failed, MigrationFinding.NobodyKnows, OutcomeAction.AskAgain, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Stranded, CopyState.None, JobResult.Unseen, MigrationFinding.SourceNotResumed, OutcomeAction.ResumeSource, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Stranded, CopyState.Runs, JobResult.Unseen, MigrationFinding.SourceNotRemoved, OutcomeAction.RemoveSourceCopy, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Stranded, CopyState.Unknown, JobResult.Unseen, MigrationFinding.NobodyKnows, OutcomeAction.AskAgain, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Stranded, CopyState.Arriving, JobResult.Unseen, MigrationFinding.Settling, OutcomeAction.AskAgain, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Leaving, CopyState.Arriving, JobResult.Unseen, MigrationFinding.Underway, OutcomeAction.Follow, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.PostCopy, CopyState.PostCopy, JobResult.Unseen, MigrationFinding.Underway, OutcomeAction.Follow, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.PostCopyBroken, CopyState.PostCopyBroken, JobResult.Failed, MigrationFinding.PostCopyBroken, OutcomeAction.ResumePostCopy, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Stranded, CopyState.Left, JobResult.Unseen, MigrationFinding.WasThere, OutcomeAction.None, MigrationOutcome.NeedsPerson)]
    [TestCase(CopyState.Left, CopyState.Runs, JobResult.Succeeded, MigrationFinding.Moved, OutcomeAction.None, MigrationOutcome.Completed)]
    [TestCase(CopyState.None, CopyState.Changing, JobResult.Succeeded, MigrationFinding.Settling, OutcomeAction.AskAgain, MigrationOutcome.NeedsPerson)]
    public void A_cell_says_what_to_do(CopyState source, CopyState destination, JobResult job, MigrationFinding finding, OutcomeAction action, MigrationOutcome outcome)
    {
        Assert.That(OutcomeTable.Decide(source, destination), Is.EqualTo(new OutcomeDecision(finding, action)));
        Assert.That(OutcomeOf(source, destination, job), Is.EqualTo(outcome));
    }

    [Test]
    public void Every_condition_of_a_domain_means_something([Values] DomainCondition condition) =>
        Assert.That(OutcomeTable.Of(condition) == CopyState.Unknown, Is.EqualTo(condition == DomainCondition.Unclear));

    /// <summary>The verdict on two copies that stand like this.</summary>
    private static MigrationOutcome OutcomeOf(CopyState source, CopyState destination, JobResult job)
    {
        DomainWhereabouts here = Standing("lab-a", source), there = Standing("lab-b", destination);
        Assert.That((here.State(wasRunning: true), there.State(wasRunning: false)), Is.EqualTo((source, destination)));
        return MigrationVerdict.Judge(new("web1", Samples.Uuid, WasRunning: true, PersistentOnDestination: true, UndefinesSource: false), Samples.Host("lab-a"), Samples.Host("lab-b"), here, there, new(job)).Outcome;
    }

    private static DomainWhereabouts Standing(string host, CopyState state) => new(host, state != CopyState.Unknown, state switch
    {
        CopyState.Unknown or CopyState.None => null,
        CopyState.Runs => Samples.Domain(),
        CopyState.Paused => Samples.Domain(DomainState.Paused, (int)DomainPausedReason.User),
        CopyState.Stranded => Samples.Domain(DomainState.Paused, (int)DomainPausedReason.Migration),
        CopyState.Leaving => Samples.Domain() with { JobOperation = DomainJobOperation.MigrationOut },
        CopyState.Arriving => Samples.Domain(DomainState.Paused, (int)DomainPausedReason.Migration) with { JobOperation = DomainJobOperation.MigrationIn },
        CopyState.PostCopy => Samples.Domain(reason: (int)DomainRunningReason.Postcopy),
        CopyState.PostCopyBroken => Samples.Domain(DomainState.Paused, (int)DomainPausedReason.PostcopyFailed),
        CopyState.Changing => Samples.Domain(DomainState.Shutdown),
        CopyState.Left => Samples.Domain(DomainState.Shutoff, (int)DomainShutoffReason.Shutdown),
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    });
}
