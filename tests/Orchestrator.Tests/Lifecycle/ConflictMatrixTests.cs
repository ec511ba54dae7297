using System.Reflection;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>The table itself: that it is whole, and that the page says what it says.</summary>
public sealed class ConflictMatrixTests
{
    [Test]
    public void The_columns_are_all_operations_in_the_order_of_their_numbers() =>
        Assert.That(ConflictMatrix.Operations, Is.EqualTo(Enum.GetValues<DomainOperation>()));

    [Test]
    public void Every_cell_decides_and_says_why_unless_it_simply_does_it()
    {
        IEnumerable<MatrixDecision> cells =
            from operation in Enum.GetValues<DomainOperation>()
            from cell in (MatrixDecision[])
            [
                .. Enum.GetValues<DomainCondition>().Select(condition => ConflictMatrix.Decide(operation, condition)),
                .. Enum.GetValues<DomainOperation>().Select(holder => ConflictMatrix.Decide(operation, holder)),
                .. Enum.GetValues<GuestDoing>().Select(doing => ConflictMatrix.Decide(operation, doing)),
            ]
            select cell;

        Assert.That(cells.ToList(), Has.Count.EqualTo(12 * (17 + 12 + 2)).And.All.Matches<MatrixDecision>(cell => cell.Action == MatrixAction.Do == (cell.Reason.Length == 0)));
    }

    [Test]
    public void Only_migrations_and_waits_for_a_guest_are_cancelled_by_reset_and_destroy_and_by_what_lets_a_paused_guest_answer() => Assert.That(
        from requested in Enum.GetValues<DomainOperation>()
        from holder in Enum.GetValues<DomainOperation>()
        where ConflictMatrix.Decide(requested, holder).Action == MatrixAction.CancelThenDo
        select (requested, holder),
        Is.EquivalentTo(new[]
        {
            (DomainOperation.Reset, DomainOperation.Shutdown), (DomainOperation.Reset, DomainOperation.Reboot), (DomainOperation.Reset, DomainOperation.Detach),
            (DomainOperation.Destroy, DomainOperation.Shutdown), (DomainOperation.Destroy, DomainOperation.Reboot), (DomainOperation.Destroy, DomainOperation.Detach),
            (DomainOperation.Destroy, DomainOperation.Migrate), (DomainOperation.Resume, DomainOperation.Detach),
        }));

    [Test]
    public void What_could_make_a_second_copy_of_a_guest_is_refused([Values(DomainCondition.Moved, DomainCondition.Leaving, DomainCondition.Arriving, DomainCondition.PostCopy)] DomainCondition condition) =>
        Assert.That(ConflictMatrix.Decide(DomainOperation.Start, condition).Action, Is.EqualTo(MatrixAction.Refuse));

    [Test]
    public void The_copy_that_arrives_is_never_destroyed_whoever_migrates_it([Values] DomainOperation holder) =>
        Assert.That(ConflictMatrix.Decide(DomainOperation.Destroy, holder, DomainCondition.Arriving).Action, Is.Not.EqualTo(MatrixAction.CancelThenDo).And.Not.EqualTo(MatrixAction.Do));

    [Test]
    public void Nothing_is_cancelled_for_what_is_so_already() => Assert.That(
        ConflictMatrix.Decide(DomainOperation.Resume, DomainOperation.Detach, DomainCondition.Running).Action, Is.EqualTo(MatrixAction.Wait));

    [Test]
    public void A_holder_that_does_not_tell_is_waited_for([Values] DomainOperation requested) =>
        Assert.That(ConflictMatrix.Decide(requested, (DomainOperation?)null).Action, Is.EqualTo(MatrixAction.Wait));

    [Test]
    public void The_page_says_what_the_table_says()
    {
        string path = Path.Combine(Root(), "docs", "conflicts.md");
        string now = ConflictPage.Write();
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_APPROVE") == "1")
        {
            File.WriteAllText(path, now);
        }

        Assert.That(File.Exists(path) ? File.ReadAllText(path) : "", Is.EqualTo(now), "docs/conflicts.md is made from the table: ORCHESTRATOR_APPROVE=1 makes it anew");
    }

    [TestCase(DomainState.Running, (int)DomainRunningReason.Booted, DomainJobOperation.Backup, DomainCondition.Running)]
    [TestCase(DomainState.Running, (int)DomainRunningReason.Booted, DomainJobOperation.Dump, DomainCondition.Busy)]
    [TestCase(DomainState.Blocked, 0, DomainJobOperation.Unknown, DomainCondition.Running)]
    [TestCase(DomainState.Paused, (int)DomainPausedReason.Unknown, DomainJobOperation.Unknown, DomainCondition.Paused)]
    [TestCase(DomainState.Paused, (int)DomainPausedReason.Watchdog, DomainJobOperation.Unknown, DomainCondition.Halted)]
    [TestCase(DomainState.Paused, (int)DomainPausedReason.ShuttingDown, DomainJobOperation.Unknown, DomainCondition.ShuttingDown)]
    [TestCase(DomainState.Paused, (int)DomainPausedReason.Migration, DomainJobOperation.MigrationOut, DomainCondition.Leaving)]
    [TestCase(DomainState.Paused, (int)DomainPausedReason.Migration, DomainJobOperation.MigrationIn, DomainCondition.Arriving)]
    [TestCase(DomainState.Paused, (int)DomainPausedReason.Postcopy, DomainJobOperation.MigrationOut, DomainCondition.PostCopy)]
    [TestCase(DomainState.Shutoff, (int)DomainShutoffReason.Crashed, DomainJobOperation.Unknown, DomainCondition.Off)]
    public void A_condition_is_told_by_state_reason_and_job(DomainState state, int reason, DomainJobOperation job, DomainCondition condition) => Assert.That(
        DomainConditions.Of(new DomainSnapshot
        {
            Name = "web1",
            Uuid = Guid.NewGuid(),
            State = state,
            Reason = reason,
            Job = job == DomainJobOperation.Unknown ? DomainJobType.None : DomainJobType.Unbounded,
            JobOperation = job,
            Xml = "<domain/>",
        }),
        Is.EqualTo(condition));

    // A build for CI has no paths of its machine in it; the project file says where it stands.
    private static string Root() => Path.GetFullPath(Path.Combine(
        typeof(ConflictMatrixTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "ProjectFolder").Value!, "..", ".."));
}
