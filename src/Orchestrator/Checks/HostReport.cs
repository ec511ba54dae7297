namespace Orchestrator.Checks;

/// <summary>A layer of a host.</summary>
/// <param name="Name">The layer.</param>
/// <param name="Result">Whether it is there.</param>
/// <param name="Needed">Whether it counts for what the host is wanted for.</param>
/// <param name="Remedy">The command that mends it; <see langword="null"/> when it is there or nobody knows.</param>
public sealed record LayerResult(HostLayer Name, CheckResult Result, bool Needed, string? Remedy);

/// <summary>The judgement of one host.</summary>
/// <param name="Facts">What was observed.</param>
/// <param name="Layers">The seven layers of kernel vDPA, from the top.</param>
/// <param name="FirstMissing">The first needed layer that is missing; <see langword="null"/> when none is.</param>
/// <param name="Checks">Every check, in the order of the layers.</param>
public sealed record HostReport(HostFacts Facts, IReadOnlyList<LayerResult> Layers, LayerResult? FirstMissing, IReadOnlyList<HostCheck> Checks)
{
    /// <summary>Whether a check of severity error failed.</summary>
    public bool IsRefused => Checks.Any(check => check.Check.Refuses);

    /// <summary>Judges a host. Pure.</summary>
    /// <param name="facts">What was observed.</param>
    /// <param name="needs">What it is wanted for.</param>
    public static HostReport Of(HostFacts facts, IReadOnlyCollection<HostNeed>? needs = null)
    {
        IReadOnlyList<HostCheck> checks = HostChecks.Of(facts, needs);
        LayerResult[] layers = [.. Enum.GetValues<HostLayer>().Where(layer => layer <= HostLayer.Hardware).Select(layer => Judge(layer, [.. checks.Where(check => check.Layer == layer)]))];
        return new(facts, layers, layers.FirstOrDefault(layer => layer is { Needed: true, Result: CheckResult.Fail }), checks);
    }

    private static LayerResult Judge(HostLayer layer, HostCheck[] checks)
    {
        HostCheck[] essential = [.. checks.Where(check => check.Essential)];
        HostCheck[] needed = [.. essential.Where(check => check.Check.Severity > CheckSeverity.Info)];
        HostCheck[] judged = needed.Length > 0 ? needed : essential;
        HostCheck? failed = judged.FirstOrDefault(check => check.Check.Result == CheckResult.Fail);
        return failed is not null ? new(layer, CheckResult.Fail, needed.Length > 0, failed.Check.Remedy)
            : new(layer, judged.Any(check => check.Check.Result == CheckResult.Unknown) ? CheckResult.Unknown : CheckResult.Pass, needed.Length > 0, null);
    }
}
