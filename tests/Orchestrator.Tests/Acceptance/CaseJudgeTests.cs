using Orchestrator.Acceptance;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What a case came to.</summary>
public sealed class CaseJudgeTests
{
    private static readonly CaseCheck Held = new("it runs", CheckResult.Pass, "running");
    private static readonly CaseCheck Broken = new("it runs", CheckResult.Fail, "shut off");
    private static readonly CaseCheck Unclear = new("the downtime is short", CheckResult.Unknown, "990 ± 20 ms");

    [Test]
    public void Without_a_check_there_is_no_pass()
    {
        CaseEnd end = CaseJudge.Judge(CaseEnd.Done, [], []);
        Assert.That((end.Verdict, end.Code, end.Reason), Is.EqualTo((CaseVerdict.Fail, OutcomeCode.Failed, (string?)"nothing was looked at on the hosts")));
    }

    [Test]
    public void Checks_that_hold_are_a_pass() => Assert.That(CaseJudge.Judge(CaseEnd.Done, [Held], []), Is.EqualTo(CaseEnd.Done));

    [Test]
    public void A_check_that_does_not_hold_is_a_failure_whatever_else_does()
    {
        CaseEnd end = CaseJudge.Judge(CaseEnd.Done, [Held, Unclear, Broken], []);
        Assert.That((end.Verdict, end.Reason), Is.EqualTo((CaseVerdict.Fail, (string?)"it runs: shut off")));
    }

    [Test]
    public void What_cannot_be_told_is_no_pass()
    {
        CaseEnd end = CaseJudge.Judge(CaseEnd.Done, [Held, Unclear], []);
        Assert.That((end.Verdict, end.Code), Is.EqualTo((CaseVerdict.Inconclusive, OutcomeCode.Inconclusive)));
    }

    [Test]
    public void What_was_left_behind_is_a_failure_even_of_a_case_that_is_not_applicable()
    {
        CaseEnd end = CaseJudge.Judge(new(CaseVerdict.NotApplicable, "no card", OutcomeCode.Done), [], ["web1 on a: busy"]);
        Assert.That((end.Verdict, end.Code, end.Reason), Is.EqualTo((CaseVerdict.Fail, OutcomeCode.Degraded, (string?)"no card; left behind: web1 on a: busy")));
    }

    [Test]
    public void A_limit_that_is_exceeded_is_a_regression() =>
        Assert.That(CaseJudge.Judge(CaseEnd.Done, [Held, CaseJudge.OfLimit(new("a → b", 210, 1, "trace", 200, null), 200)], []).Code, Is.EqualTo(OutcomeCode.Regression));

    [TestCase(100.0, 5.0, 200.0, CheckResult.Pass)]
    [TestCase(198.0, 5.0, 200.0, CheckResult.Unknown)]
    [TestCase(203.0, 5.0, 200.0, CheckResult.Unknown)]
    [TestCase(210.0, 5.0, 200.0, CheckResult.Fail)]
    [TestCase(100.0, null, 200.0, CheckResult.Unknown)]
    [TestCase(null, null, 200.0, CheckResult.Unknown)]
    public void A_downtime_keeps_its_limit_by_more_than_its_doubt(double? value, double? doubt, double limit, CheckResult wanted) =>
        Assert.That(CaseJudge.OfLimit(new("a → b", value, doubt, "trace", limit, null), limit).Result, Is.EqualTo(wanted));
}
