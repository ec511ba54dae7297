using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class TraceBlackoutTests
{
    private const string Started = "2026-11-21 02:00:00.000+0000: starting up libvirt version: 11.3.0";
    private const string Initiated = "2026-11-21 02:00:30.000+0000: initiating migration";
    private const string Migrated = "2026-11-21 02:00:50.000+0000: shutting down, reason=migrated";

    [Test]
    public void Find_stock_qemu_falls_back_to_vm_state_notify()
    {
        var found = Find(
            [
                Initiated,
                "130@1795226215.692854:runstate_set current_run_state 9 (running) new_state 7 (finish-migrate)",
                "130@1795226215.692892:vm_state_notify running 0 reason 7 (finish-migrate)",
                "130@1795226215.886726:migrate_set_state new state completed",
            ],
            [
                Started,
                "89@1795226215.886308:process_incoming_migration_co_end ret=0 postcopy-state=0",
                "89@1795226215.886343:runstate_set current_run_state 1 (inmigrate) new_state 4 (paused)",
                "89@1795226215.896793:qmp_enter_cont {}",
                "89@1795226215.896838:vm_state_notify running 1 reason 9 (running)",
            ]);

        Assert.That(found.Problem, Is.Null);
        Assert.That((found.Prepared - found.Paused)!.Value.TotalMilliseconds, Is.EqualTo(203.946));
        Assert.That(found.Events, Is.EqualTo(new[] { "vm_state_notify running 0", "vm_state_notify running 1" }));
    }

    [Test]
    public void Find_openeuler_events_come_before_vm_state_notify()
    {
        var found = Find(
            [Initiated, Paused(100), Stopped(101)],
            [Started, Running(109), Prepared(110)]);

        Assert.That(found.Events, Is.EqualTo(new[] { "all_vcpus_paused", "all_vcpus_prepared" }));
        Assert.That((found.Prepared - found.Paused)!.Value, Is.EqualTo(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public void Find_suspends_and_earlier_migrations_of_the_name_are_passed_over()
    {
        var found = Find(
            [
                Started, Prepared(1), Paused(2), Prepared(3), Initiated, Paused(10), Migrated,
                Started, Prepared(20), Paused(21), Prepared(22), Initiated, Paused(30), Migrated,
            ],
            [Started, Prepared(11), Initiated, Paused(19), Migrated, Started, Prepared(31), Paused(40), Prepared(41)]);

        Assert.That((found.Paused, found.Prepared), Is.EqualTo((Second(30), Second(31))));
    }

    [Test]
    public void Find_suspend_and_resume_while_copying_counts_the_last_pause()
    {
        var found = Find([Initiated, Paused(10), Prepared(12), Paused(30), Migrated], [Started, Prepared(31)]);

        Assert.That(found.Paused, Is.EqualTo(Second(30)));
    }

    [Test]
    public void Find_guest_came_back_to_the_source_later_uses_the_migration_before()
    {
        var found = Find([Initiated, Paused(30), Migrated, Started, Prepared(60)], [Started, Prepared(31), Initiated, Paused(59), Migrated]);

        Assert.That((found.Paused, found.Prepared), Is.EqualTo((Second(30), Second(31))));
    }

    [Test]
    public void Find_libvirt_without_initiating_line_uses_the_last_pause_before_the_footer()
    {
        var found = Find([Started, Prepared(1), Paused(5), Prepared(6), Paused(30), Migrated], [Started, Prepared(31)]);

        Assert.That(found.Paused, Is.EqualTo(Second(30)));
    }

    [Test]
    public void Find_windows_pick_the_call_out_of_several()
    {
        var source = new LogEvidence { Lines = [At("initiating migration", 9), Paused(10), At("starting up", 20), At("initiating migration", 29), Paused(30)] };
        var destination = new LogEvidence { Lines = [At("starting up", 8), Prepared(11), At("starting up", 28), Prepared(31)] };
        var window = new TimeWindow(Second(7), Second(15));

        var found = TraceBlackout.Find(source, destination, window, window);

        Assert.That((found.Paused, found.Prepared), Is.EqualTo((Second(10), Second(11))));
    }

    [Test]
    public void Find_earlier_migration_only_is_no_value_for_this_call()
    {
        var log = new LogEvidence { Lines = [At("initiating migration", 9), Paused(10)] };
        var window = new TimeWindow(Second(100), Second(110));

        var found = TraceBlackout.Find(log, new LogEvidence { Lines = [At("starting up", 8), Prepared(11)] }, window, window);

        Assert.That(found.Paused, Is.Null);
        Assert.That(found.Problem, Is.EqualTo("source: the guest was already paused when the migration began"));
    }

    [TestCase(new[] { Initiated, "P10", "R11" }, new[] { Started, "R30" }, "source: the migration was rolled back: the guest ran again on the source")]
    [TestCase(new[] { Started, "R1", "P2", Initiated, Migrated }, new[] { Started, "R30" }, "source: the guest was already paused when the migration began")]
    [TestCase(new[] { Initiated, "P10", Migrated }, new[] { Started }, "destination: the log holds no all_vcpus_prepared: QEMU was started without this trace event, or doesn't know it")]
    [TestCase(new[] { Initiated, Migrated }, new[] { Started }, "source: the log holds no all_vcpus_paused: QEMU was started without this trace event, or doesn't know it")]
    [TestCase(new[] { Initiated, "all_vcpus_paused ", Migrated }, new[] { Started, "all_vcpus_prepared " }, "source: the trace events carry no time: log_timestamp is off in qemu.conf")]
    [TestCase(new string[0], new[] { Started, "R30" }, "source: the log tells of no migration")]
    [TestCase(new[] { Initiated, "P10", Migrated }, new[] { "R30" }, "destination: the log doesn't hold the start of the domain's QEMU: its first run can't be told from a later one")]
    public void Find_incomplete_pair_says_why(string[] source, string[] destination, string problem)
        => Assert.That(Find(Spell(source), Spell(destination)).Problem, Is.EqualTo(problem));

    [Test]
    public void Find_source_ended_otherwise_says_how()
    {
        var found = Find([Initiated, Paused(10), "2026-11-21 02:00:50.000+0000: shutting down, reason=crashed"], [Started, Prepared(11)]);

        Assert.That(found.Problem, Is.EqualTo("source: the domain did not migrate: it ended there with reason=crashed"));
    }

    [Test]
    public void Find_unreadable_log_says_whose()
    {
        var found = TraceBlackout.Find(new LogEvidence { Lines = [Initiated, Paused(1)] }, new LogEvidence { Problem = "no right to read a.log" });

        Assert.That(found.Problem, Is.EqualTo("destination: no right to read a.log"));
    }

    private static TraceBlackout Find(string[] source, string[] destination)
        => TraceBlackout.Find(new LogEvidence { Lines = source }, new LogEvidence { Lines = destination });

    private static string[] Spell(string[] lines) => [.. lines.Select(line => line[0] switch
    {
        'P' => Paused(int.Parse(line[1..])),
        'R' => Prepared(int.Parse(line[1..])),
        _ => line,
    })];

    private static DateTimeOffset Second(int second) => DateTimeOffset.FromUnixTimeSeconds(1795226000 + second);

    private static string Paused(int second) => $"1@{1795226000 + second}.000000:all_vcpus_paused ";

    private static string Prepared(int second) => $"1@{1795226000 + second}.000000:all_vcpus_prepared ";

    private static string Stopped(int second) => $"1@{1795226000 + second}.000000:vm_state_notify running 0 reason 7 (finish-migrate)";

    private static string Running(int second) => $"1@{1795226000 + second}.000000:vm_state_notify running 1 reason 9 (running)";

    private static string At(string text, int second) => $"{Second(second):yyyy-MM-dd HH:mm:ss.fff}+0000: {text}";
}
