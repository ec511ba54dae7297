namespace Orchestrator.Migration.Mapping;

/// <summary>How well a device of the destination can take the place of one of the source.</summary>
/// <param name="Obstacles">Why it cannot; nobody's word changes that.</param>
/// <param name="Doubts">What could not be checked: enough to pass it over, unless a person chose it.</param>
/// <param name="IsCrossVendor">Whether it is another vendor's.</param>
internal sealed record Fit(IReadOnlyList<string> Obstacles, IReadOnlyList<string> Doubts, bool IsCrossVendor)
{
    internal bool IsGood => Obstacles.Count == 0 && Doubts.Count == 0;

    /// <summary>Why it was not chosen.</summary>
    public override string ToString() => string.Join(", ", Obstacles.Concat(Doubts));
}
