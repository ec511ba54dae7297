using System.Diagnostics;
using Orchestrator.Lifecycle;
using Storm;

namespace Chaos.Tests;

/// <summary>The judge of the storm: a right history passes, and each wrong one is found.</summary>
public sealed class StormJudgeTests
{
    private static readonly StormGuestFacts Off = new(0, 0, true, DomainCondition.Off, StormDevices.None, StormDevices.None, []);

    private int _index;

    [SetUp]
    public void Begin() => _index = 0;

    [Test]
    public void A_right_history_has_no_problem() => Assert.That(
        Judge(
            Off with { Condition = DomainCondition.Running, Live = StormDevices.Rng1, Config = StormDevices.Rng1 },
            Record(DomainOperation.Start, DomainCondition.Off),
            Record(DomainOperation.Start, DomainCondition.Running, StormResult.Refused),
            Record(DomainOperation.Suspend, DomainCondition.Running),
            Record(DomainOperation.Resume, DomainCondition.Paused),
            Record(DomainOperation.Attach, DomainCondition.Running) with
            { Request = new(0, DomainOperation.Attach, StormDevices.Rng1, StormPlaces.Live | StormPlaces.Config) }),
        Is.Empty);

    [Test]
    public void A_guest_that_is_not_what_the_last_request_left_is_found() => Assert.That(
        Judge(Off, Record(DomainOperation.Start, DomainCondition.Off), Record(DomainOperation.Start, DomainCondition.Off)),
        Has.Some.Contains("which it cannot be"));

    [Test]
    public void A_result_that_the_matrix_does_not_allow_is_found() => Assert.That(
        Judge(Off, Record(DomainOperation.Suspend, DomainCondition.Off)),
        Has.Some.Contains("not allowed"));

    [Test]
    public void A_refusal_of_what_could_be_done_is_found() => Assert.That(
        Judge(Off, Record(DomainOperation.Start, DomainCondition.Off, StormResult.Refused)),
        Has.Some.Contains("not allowed"));

    [Test]
    public void A_guest_that_ends_elsewhere_than_the_model_is_found() => Assert.That(
        Judge(Off, Record(DomainOperation.Start, DomainCondition.Off)),
        Has.Some.Contains("ended as"));

    [Test]
    public void A_device_that_is_left_behind_is_found() => Assert.That(Judge(Off with { Config = StormDevices.Nic }), Has.Some.Contains("ended as"));

    [Test]
    public void A_second_copy_is_found() => Assert.That(Judge(Off with { Elsewhere = ["lab-b"] }), Has.Some.Contains("also stands on lab-b"));

    [Test]
    public void A_request_that_never_ended_or_ended_late_is_found()
    {
        StormRecord late = Record(DomainOperation.Destroy, DomainCondition.Off, StormResult.Refused);
        Assert.That(Judge(Off, late with { Ended = late.Started + (Stopwatch.Frequency * 61) }), Has.Some.Contains("took 61 s"));
        Assert.That(StormJudge.Judge([], [], [Off], 2, 1, TimeSpan.FromMinutes(1)), Has.Some.Contains("1 requests were made and 0 ended"));
    }

    [Test]
    public void A_failure_is_forgiven_only_while_the_daemon_is_dead()
    {
        StormRecord failed = Record(DomainOperation.Start, DomainCondition.Off, StormResult.Unknown);
        Assert.That(Judge(Off, failed), Has.Some.Contains("not allowed"));
        Assert.That(StormJudge.Judge([failed], [new(0, failed.Started, failed.Ended)], [Off], 2, 1, TimeSpan.FromMinutes(1)), Is.Empty);
        Assert.That(StormJudge.Judge([failed], [new(1, failed.Started, failed.Ended)], [Off], 2, 1, TimeSpan.FromMinutes(1)), Has.Some.Contains("not allowed"), "the other host's daemon");
    }

    [Test]
    public void A_guest_that_was_asked_to_go_down_may_do_so_later_and_no_other() => Assert.Multiple(() =>
    {
        StormRecord started = Record(DomainOperation.Start, DomainCondition.Off);
        StormRecord asked = Record(DomainOperation.Shutdown, DomainCondition.Running, StormResult.TimedOut);
        Assert.That(Judge(Off, started, asked), Is.Empty);
        Assert.That(Judge(Off, started), Is.Not.Empty);
    });

    [Test]
    public void A_migrated_guest_is_on_the_other_host_with_all_it_has_and_is_worked_on_there()
    {
        StormRecord start = Record(DomainOperation.Start, DomainCondition.Off);
        StormRecord attached = Record(DomainOperation.Attach, DomainCondition.Running) with { Request = new(0, DomainOperation.Attach, StormDevices.Nic, StormPlaces.Live) };
        StormGuestFacts there = Off with { Host = 1, Condition = DomainCondition.Running, Live = StormDevices.Nic };
        StormRecord moved = Moved(0, 1);
        Assert.That(Judge(there, start, attached, moved), Is.Empty);
        Assert.That(Judge(there with { Host = 0 }, start, attached, moved), Has.Some.Contains("ended as"), "it came back by itself");
        Assert.That(Judge(there with { Live = StormDevices.None }, start, attached, moved), Has.Some.Contains("ended as"), "it lost a device on the way");
        Assert.That(Judge(there with { Elsewhere = ["lab-a"] }, start, attached, moved), Has.Some.Contains("also stands on"));
        StormRecord late = Record(DomainOperation.Suspend, DomainCondition.Running);
        Assert.That(Judge(there, start, attached, moved, late), Has.Some.Contains("which it cannot be"), "a running copy where it left");
        Assert.That(Judge(there with { Condition = DomainCondition.Paused }, start, attached, moved, late with { Host = 1 }), Is.Empty);
    }

    [Test]
    public void A_migration_that_others_wanted_ended_may_be_cancelled_and_the_guest_stays() => Assert.Multiple(() =>
    {
        StormRecord start = Record(DomainOperation.Start, DomainCondition.Off);
        StormRecord cancelled = Moved(0, 1) with { Result = StormResult.Cancelled };
        StormGuestFacts here = Off with { Condition = DomainCondition.Running };
        Assert.That(Judge(here, start, cancelled), Is.Empty);
        Assert.That(Judge(here with { Host = 1 }, start, cancelled), Has.Some.Contains("ended as"));
        Assert.That(Judge(here, start, cancelled with { Result = StormResult.Failed }), Has.Some.Contains("not allowed"));
        Assert.That(Judge(Off, Moved(0, 1)), Has.Some.Contains("which it cannot be"), "there was nothing to migrate");
    });

    [Test]
    public void A_migration_is_refused_outside_only_while_another_is_under_way()
    {
        StormRecord start = Record(DomainOperation.Start, DomainCondition.Off);
        StormRecord first = Moved(0, 1);
        StormRecord second = first with { Entered = null, Before = null, Started = first.Started + 1, Ended = first.Started + 1, Result = StormResult.Refused };
        StormGuestFacts there = Off with { Host = 1, Condition = DomainCondition.Running };
        Assert.That(Judge(there, start, first, second), Is.Empty);
        StormRecord cameToNothing = first with { Entered = null, Before = null, Result = StormResult.Cancelled };
        StormGuestFacts here = there with { Host = 0 };
        Assert.That(Judge(here, start, cameToNothing, second), Is.Empty);
        Assert.That(Judge(here, start, cameToNothing, second with { Request = new(0, DomainOperation.Destroy) }), Has.Some.Contains("without having the domain to itself"), "that one ends a migration");
        long after = first.Ended + Stopwatch.Frequency;
        Assert.That(Judge(there, start, first, second with { Host = 1, To = 0, Started = after, Ended = after }), Has.Some.Contains("without having the domain to itself"));
    }

    [Test]
    public void A_definition_on_another_host_than_the_guests_is_a_second_guest()
    {
        StormRecord start = Record(DomainOperation.Start, DomainCondition.Off);
        StormRecord defined = Record(DomainOperation.Define, DomainCondition.Absent) with { Host = 1 };
        Assert.That(Judge(Off with { Condition = DomainCondition.Running }, start, defined), Has.Some.Contains("not allowed"));
    }

    [Test]
    public void The_same_seed_is_the_same_storm()
    {
        StormRequest[] first = [.. StormRequest.Of(7, 3, 8, 200)];
        Assert.That(StormRequest.Of(7, 3, 8, 200), Is.EqualTo(first));
        Assert.That(StormRequest.Of(8, 3, 8, 200), Is.Not.EqualTo(first));
        Assert.That(StormRequest.Of(7, 4, 8, 200), Is.Not.EqualTo(first));
        Assert.That(first.Select(request => request.Operation).Distinct().Count(), Is.EqualTo(11), "every operation but migrate");
        Assert.That(StormRequest.Of(7, 3, 8, 200, migrates: true).Select(request => request.Operation), Does.Contain(DomainOperation.Migrate));
    }

    private static IReadOnlyList<string> Judge(StormGuestFacts facts, params StormRecord[] records) =>
        StormJudge.Judge(records, [], [facts], 2, records.Length, TimeSpan.FromMinutes(1));

    private StormRecord Moved(int from, int to) => Record(DomainOperation.Migrate, DomainCondition.Running) with { Host = from, To = to };

    private StormRecord Record(DomainOperation operation, DomainCondition before, StormResult result = StormResult.Done)
    {
        long at = ++_index * Stopwatch.Frequency;
        return new()
        {
            Worker = 0,
            Index = _index,
            Request = new(0, operation),
            Started = at,
            Entered = at + 1,
            Ended = at + 2,
            Before = before,
            Result = result,
        };
    }
}
