using Orchestrator.Acceptance;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What ends a case from outside is no finding about the product.</summary>
public sealed class CaseEndTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(7);

    [TestCase("migration-timed-out")]
    [TestCase("migration-cancelled")]
    [TestCase("concurrency-suspend-migrate")]
    public async Task Who_cancels_a_run_while_a_guest_migrates_is_told_that_it_was_cancelled(string id)
    {
        using var pair = new AcceptancePair();
        using var cancel = new CancellationTokenSource();
        pair.OnLeaving = _ => cancel.Cancel();
        AcceptanceRun run = await pair.RunAsync([Planned(id)], cancel.Token);
        Assert.That((run.Cases[0].Verdict, run.Cases[0].Code), Is.EqualTo((CaseVerdict.Inconclusive, OutcomeCode.Cancelled)), run.Cases[0].Reason);
        Assert.That(run.ExitCode, Is.EqualTo(OutcomeCode.Cancelled));
        AssertClean(pair);
    }

    [TestCase("migration-timed-out")]
    [TestCase("migration-cancelled")]
    public async Task A_case_that_is_late_while_a_guest_migrates_had_not_come_to_its_end(string id)
    {
        using var pair = new AcceptancePair();
        var time = new TimeThatEnds(Timeout);
        pair.Time = time;
        pair.OnLeaving = _ => time.End();
        AssertLate((await pair.RunAsync(Planned(id))).Cases.Single());
        AssertClean(pair);
    }

    [Test]
    public async Task Who_cancels_a_run_while_a_guest_shuts_down_is_told_that_it_was_cancelled()
    {
        using var pair = new AcceptancePair();
        using var cancel = new CancellationTokenSource();
        ShutsDownNever(pair, cancel.Cancel);
        AcceptanceRun run = await pair.RunAsync([Planned("lifecycle-shutdown")], cancel.Token);
        Assert.That((run.Cases[0].Verdict, run.Cases[0].Code), Is.EqualTo((CaseVerdict.Inconclusive, OutcomeCode.Cancelled)), run.Cases[0].Reason);
        AssertClean(pair);
    }

    [Test]
    public async Task A_case_that_is_late_while_a_guest_shuts_down_had_not_come_to_its_end()
    {
        using var pair = new AcceptancePair();
        var time = new TimeThatEnds(Timeout);
        pair.Time = time;
        ShutsDownNever(pair, time.End);
        AssertLate((await pair.RunAsync(Planned("lifecycle-shutdown"))).Cases.Single());
        AssertClean(pair);
    }

    private static void AssertLate(CaseResult result)
    {
        Assert.That((result.Verdict, result.Code), Is.EqualTo((CaseVerdict.Fail, OutcomeCode.TimedOut)), result.Reason);
        Assert.That(result.Reason, Is.EqualTo("it had not come to its end after 420 s"));
    }

    private static void AssertClean(AcceptancePair pair)
    {
        Assert.That(pair.Source.Domains, Is.Empty);
        Assert.That(pair.Destination.Domains, Is.Empty);
    }

    private static void ShutsDownNever(AcceptancePair pair, Action meanwhile)
    {
        pair.Source.IgnoresPowerButton = true;
        pair.Source.OnLifeCall = call =>
        {
            if (call == "shutdown")
            {
                meanwhile();
            }

            return null;
        };
    }

    private static PlannedCase Planned(string id) => new() { Id = id, Case = AcceptanceCatalogue.Find(id)!, Devices = 1, Timeout = Timeout };

    /// <summary>The system's time, of which one span is over when a test says so.</summary>
    private sealed class TimeThatEnds(TimeSpan span) : TimeProvider
    {
        private Action _end = () => throw new InvalidOperationException("nobody waits for that");

        internal void End() => _end();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == span)
            {
                _end = () => callback(state);
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
