using Libvirt.Interop;
using Orchestrator.Migration;

namespace Orchestrator.Tests.Migration;

/// <summary>The table of what is where after a migration, and what that means.</summary>
internal sealed class MigrationVerdictTests
{
    private static readonly LibvirtException Failed = new(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "job 'migration out' failed");

    private static readonly DomainWhereabouts RunningHere = new("lab-a", true, Samples.Domain());
    private static readonly DomainWhereabouts GoneHere = new("lab-a", true, null);
    private static readonly DomainWhereabouts UnknownHere = new("lab-a", false, null);
    private static readonly DomainWhereabouts RunningThere = new("lab-b", true, Samples.Domain(reason: 2));
    private static readonly DomainWhereabouts AbsentThere = new("lab-b", true, null);
    private static readonly DomainWhereabouts UnknownThere = new("lab-b", false, null);

    private static IEnumerable<TestCaseData> Table()
    {
        DomainWhereabouts offHere = new("lab-a", true, Samples.Domain(DomainState.Shutoff));
        DomainWhereabouts pausedHere = new("lab-a", true, Samples.Domain(DomainState.Paused, (int)DomainPausedReason.Migration));
        DomainWhereabouts busyHere = new("lab-a", true, Samples.Domain(job: DomainJobType.Unbounded));
        DomainWhereabouts pausedThere = new("lab-b", true, Samples.Domain(DomainState.Paused, (int)DomainPausedReason.User));
        DomainWhereabouts transientThere = new("lab-b", true, Samples.Domain(persistent: false));

        yield return Row(GoneHere, RunningThere, null, StopReason.None, MigrationOutcome.Completed).SetName("moved");
        yield return Row(GoneHere, RunningThere, Failed, StopReason.None, MigrationOutcome.Completed).SetName("moved although the call failed");
        yield return Row(GoneHere, RunningThere, null, StopReason.Cancelled, MigrationOutcome.Completed).SetName("moved although cancelled: the truth");
        yield return Row(GoneHere, pausedThere, null, StopReason.None, MigrationOutcome.Degraded).SetName("moved but paused");
        yield return Row(GoneHere, transientThere, null, StopReason.None, MigrationOutcome.Degraded).SetName("moved but not persistent");
        yield return Row(offHere, RunningThere, null, StopReason.None, MigrationOutcome.Degraded).SetName("moved but still defined on the source");
        yield return Row(RunningHere, AbsentThere, Failed, StopReason.None, MigrationOutcome.Failed).SetName("failed, runs on the source");
        yield return Row(RunningHere, AbsentThere, Failed, StopReason.Cancelled, MigrationOutcome.Cancelled).SetName("cancelled, runs on the source");
        yield return Row(RunningHere, AbsentThere, Failed, StopReason.TimedOut, MigrationOutcome.TimedOut).SetName("timed out, runs on the source");
        yield return Row(RunningHere, UnknownThere, Failed, StopReason.None, MigrationOutcome.Unreachable).SetName("runs on the source, destination lost");
        yield return Row(RunningHere, RunningThere, null, StopReason.None, MigrationOutcome.NeedsPerson).SetName("two copies");
        yield return Row(RunningHere, RunningThere, Failed, StopReason.Cancelled, MigrationOutcome.NeedsPerson).SetName("two copies after a cancel");
        yield return Row(offHere, AbsentThere, Failed, StopReason.None, MigrationOutcome.NeedsPerson).SetName("no copy runs");
        yield return Row(UnknownHere, UnknownThere, Failed, StopReason.None, MigrationOutcome.NeedsPerson).SetName("nobody knows");
        yield return Row(UnknownHere, RunningThere, Failed, StopReason.None, MigrationOutcome.NeedsPerson).SetName("runs there, source unknown");
        yield return Row(UnknownHere, AbsentThere, Failed, StopReason.None, MigrationOutcome.NeedsPerson).SetName("not there, source unknown");
        yield return Row(GoneHere, UnknownThere, Failed, StopReason.None, MigrationOutcome.NeedsPerson).SetName("not here, destination unknown");
        yield return Row(pausedHere, AbsentThere, Failed, StopReason.None, MigrationOutcome.NeedsPerson).SetName("left paused on the source");
        yield return Row(busyHere, AbsentThere, Failed, StopReason.None, MigrationOutcome.NeedsPerson).SetName("a job still runs on the source");

        static TestCaseData Row(DomainWhereabouts source, DomainWhereabouts destination, LibvirtException? error, StopReason stop, MigrationOutcome expected) =>
            new(source, destination, error, stop, expected);
    }

    [TestCaseSource(nameof(Table))]
    public void Verdict_follows_from_what_is_where(
        DomainWhereabouts source, DomainWhereabouts destination, LibvirtException? error, StopReason stop, MigrationOutcome expected)
    {
        MigrationVerdict verdict = Judge(Samples.Plan(), source, destination, error, stop, began: true);
        Assert.That(verdict.Outcome, Is.EqualTo(expected));
        Assert.That(verdict.Message, Does.Contain("web1"));
        Assert.That(verdict.Outcome is MigrationOutcome.NeedsPerson && verdict.Remedy is null, Is.False, "who must look is told where");
    }

    [TestCase(null, null, "lab-a", TestName = "Migrated on from the source: nothing of it ever came to the destination")]
    [TestCase(DomainShutoffReason.Migrated, null, "lab-b", TestName = "Migrated on from the destination")]
    [TestCase(DomainShutoffReason.Shutdown, null, null, TestName = "It came to the destination and shut down there")]
    [TestCase(null, JobResult.Succeeded, null, TestName = "It came to the destination, transient, and ended there")]
    public void A_guest_that_went_on_to_a_third_host_is_not_to_be_started_anywhere(DomainShutoffReason? there, JobResult? job, string? from)
    {
        DomainWhereabouts here = new("lab-a", true, Samples.Domain(DomainState.Shutoff, (int)DomainShutoffReason.Migrated));
        DomainWhereabouts other = new("lab-b", true, there is { } reason ? Samples.Domain(DomainState.Shutoff, (int)reason) : null);

        MigrationPlan plan = Samples.Plan();
        var verdict = MigrationVerdict.Judge(plan.Expectation, plan.Source, plan.Destination, here, other, new(job ?? JobResult.Unseen));

        Assert.That(verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        if (from is not null)
        {
            Assert.That(verdict.Message, Does.Contain($"migrated on from {from} to a host that is not known here"));
            Assert.That(verdict.Remedy, Does.Contain("start it nowhere").And.Not.Contain("virsh"));
        }
        else
        {
            Assert.That(verdict.Remedy, Does.EndWith($"virsh -c '{(there is null ? plan.Source : plan.Destination).Uri}' start {Samples.Uuid}"), "where its definition is");
        }
    }

    [TestCase(LibvirtErrorCode.MigrateUnsafe)]
    [TestCase(LibvirtErrorCode.OperationInvalid)]
    [TestCase(LibvirtErrorCode.OperationUnsupported)]
    [TestCase(LibvirtErrorCode.CpuIncompatible)]
    public void An_error_of_libvirts_own_checks_before_anything_began_is_a_refusal(LibvirtErrorCode code)
    {
        var error = new LibvirtException(code, 10, "virDomainMigrateToURI3", "cannot migrate domain: a blocker");
        MigrationVerdict before = Judge(Samples.Plan(), RunningHere, AbsentThere, error, StopReason.None, began: false);
        MigrationVerdict later = Judge(Samples.Plan(), RunningHere, AbsentThere, error, StopReason.None, began: true);
        Assert.That((before.Outcome, later.Outcome), Is.EqualTo((MigrationOutcome.Refused, MigrationOutcome.Failed)));
    }

    [Test]
    public void A_paused_guest_that_arrives_paused_is_completed()
    {
        MigrationPlan plan = Samples.Plan(domain: Samples.Domain(DomainState.Paused, (int)DomainPausedReason.User));
        DomainWhereabouts there = new("lab-b", true, Samples.Domain(DomainState.Paused, (int)DomainPausedReason.User));
        Assert.That(Judge(plan, GoneHere, there, null, StopReason.None, began: true).Outcome, Is.EqualTo(MigrationOutcome.Completed));
    }

    [Test]
    public void A_definition_left_on_the_source_is_as_asked_for_with_transient()
    {
        MigrationPlan plan = Samples.Plan(Samples.Request with { Persistence = MigrationPersistence.Transient });
        DomainWhereabouts off = new("lab-a", true, Samples.Domain(DomainState.Shutoff));
        DomainWhereabouts there = new("lab-b", true, Samples.Domain(persistent: false));
        Assert.That(Judge(plan, off, there, null, StopReason.None, began: true).Outcome, Is.EqualTo(MigrationOutcome.Completed));
    }

    private static MigrationVerdict Judge(MigrationPlan plan, DomainWhereabouts source, DomainWhereabouts destination, LibvirtException? error, StopReason stop, bool began)
    {
        JobResult result = (error, stop) switch
        {
            (null, _) => JobResult.Succeeded,
            (_, StopReason.Cancelled) => JobResult.Cancelled,
            (_, StopReason.TimedOut) => JobResult.TimedOut,
            _ => JobResult.Failed,
        };
        return MigrationVerdict.Judge(plan.Expectation, plan.Source, plan.Destination, source, destination, new(result, error, began));
    }
}
