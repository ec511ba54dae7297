namespace Orchestrator.Acceptance;

/// <summary>How the steps of a case ended.</summary>
/// <param name="Verdict">What that alone would make of it: pass when all steps were done.</param>
/// <param name="Reason">Why it is no pass.</param>
/// <param name="Code">The exit code of the reason.</param>
internal sealed record CaseEnd(CaseVerdict Verdict, string? Reason, int Code)
{
    internal static CaseEnd Done { get; } = new(CaseVerdict.Pass, null, OutcomeCode.Done);
}

/// <summary>The verdict of a case. Pure. A pass needs a check that held: steps that nobody looked at prove nothing.</summary>
internal static class CaseJudge
{
    /// <summary>Judges a case by what was seen, how its steps ended, and what was left behind.</summary>
    internal static CaseEnd Judge(CaseEnd end, IReadOnlyList<CaseCheck> checks, IReadOnlyList<string> leftBehind)
    {
        if (leftBehind.Count > 0)
        {
            string left = $"left behind: {string.Join("; ", leftBehind)}";
            return new(CaseVerdict.Fail, end.Reason is null ? left : $"{end.Reason}; {left}", OutcomeCode.Worst([end.Code, OutcomeCode.Degraded]));
        }

        if (end.Verdict is CaseVerdict.Fail or CaseVerdict.NotApplicable)
        {
            return end;
        }

        return checks.FirstOrDefault(check => check.Result == CheckResult.Fail) is { } failed ? new(CaseVerdict.Fail, $"{failed.What}: {failed.Observed}", failed.Code)
            : end.Verdict == CaseVerdict.Inconclusive ? end
            : checks.FirstOrDefault(check => check.Result == CheckResult.Unknown) is { } unknown ? new(CaseVerdict.Inconclusive, $"{unknown.What}: {unknown.Observed}", OutcomeCode.Inconclusive)
            : checks.Count == 0 ? new(CaseVerdict.Fail, "nothing was looked at on the hosts", OutcomeCode.Failed)
            : end;
    }

    /// <summary>A downtime against its limit: what the limit lies inside of is not known to keep it.</summary>
    internal static CaseCheck OfLimit(CaseDowntime run, double limitMs)
    {
        string what = FormattableString.Invariant($"the downtime {run.Direction} is at most {limitMs:0.###} ms");
        return run.ValueMs is not { } value ? new(what, CheckResult.Unknown, run.Problem ?? "it could not be measured")
            : new(
                what,
                run.UncertaintyMs is not { } doubt ? CheckResult.Unknown : value - doubt > limitMs ? CheckResult.Fail : value + doubt > limitMs ? CheckResult.Unknown : CheckResult.Pass,
                FormattableString.Invariant($"{value:0.0} ms{(run.UncertaintyMs is { } within ? FormattableString.Invariant($" ± {within:0.0}") : ", of unknown uncertainty")} ({run.Method})"))
            { Code = OutcomeCode.Regression };
    }
}

/// <summary>Ends a case before its last step.</summary>
internal sealed class CaseEndedException(CaseEnd end) : Exception(end.Reason)
{
    internal CaseEnd End => end;
}
