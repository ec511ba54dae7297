namespace Orchestrator.Downtime;

/// <summary>What no blackout can be.</summary>
internal static class Plausibility
{
    /// <summary>Why this value is rejected, or <see langword="null"/>.</summary>
    public static string? Problem(double valueMs, MigrationEvidence evidence, HostClocks clocks)
    {
        var call = (evidence.Call.Ended - evidence.Call.Started).TotalMilliseconds;
        var doubt = clocks.IntervalUncertainty ?? 0;
        var blame = clocks.OffsetsKnown ? "" : ", and the hosts' clock offsets are unknown";
        return valueMs switch
        {
            < 0 => $"rejected: {valueMs:0.0} ms is negative{blame}",
            _ when valueMs > call + doubt => $"rejected: {valueMs:0.0} ms is longer than the call took ({call:0.0} ms){blame}",
            _ when !clocks.OffsetsKnown && clocks.Difference is { LowMs: > 0 } or { HighMs: < 0 }
                => $"rejected: the hosts' clocks don't agree ({clocks.Difference.LowBy ?? clocks.Difference.HighBy}, but its stamp doesn't){blame}",
            _ => null,
        };
    }
}
