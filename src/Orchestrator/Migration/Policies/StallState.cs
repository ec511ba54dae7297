using System.Collections.Immutable;

namespace Orchestrator.Migration.Policies;

/// <summary>What was left at the ends of iterations, as far as it matters.</summary>
internal sealed record StallState
{
    internal static readonly StallState Initial = new();

    /// <summary>The minima within the window, oldest and greatest first.</summary>
    internal ImmutableList<(TimeSpan At, long Remaining)> Recent { get; init; } = [];

    /// <summary>The least that was left before the window.</summary>
    internal long? Earlier { get; init; }

    /// <summary>The value that was last better than all before by the margin, and when.</summary>
    internal long Improved { get; init; } = long.MaxValue;

    internal TimeSpan ImprovedAt { get; init; }

    internal bool IsStalled { get; init; }

    /// <summary>What a value has to come near to, to count as a local minimum.</summary>
    internal long Target { get; init; }

    /// <summary>The least since the target was last relaxed: the next target.</summary>
    internal long NextTarget { get; init; } = long.MaxValue;

    internal TimeSpan Patience { get; init; }

    internal TimeSpan RelaxAt { get; init; }

    /// <summary>What is known after another end of an iteration.</summary>
    internal StallState Next(StallRule rule, TimeSpan elapsed, long remaining)
    {
        StallState next = Record(rule, elapsed, remaining);
        if (!next.IsStalled)
        {
            return next.Earlier is { } earlier && remaining >= earlier * (1 - rule.Margin)
                ? next with { IsStalled = true, Target = Math.Min(earlier, next.Recent.IsEmpty ? earlier : next.Recent[^1].Remaining), Patience = rule.Window, RelaxAt = elapsed + rule.Window }
                : next;
        }

        next = next with { NextTarget = Math.Min(next.NextTarget, remaining) };
        return elapsed < next.RelaxAt ? next : next with
        {
            Target = next.NextTarget,
            NextTarget = long.MaxValue,
            Patience = next.Patience * rule.PatienceDecay,
            RelaxAt = elapsed + (next.Patience * rule.PatienceDecay),
        };
    }

    /// <summary>Whether switching over now is about as cheap as it gets.</summary>
    internal bool IsLocalMinimum(StallRule rule, long remaining) => IsStalled && remaining <= Target * (1 + rule.Margin);

    private StallState Record(StallRule rule, TimeSpan elapsed, long remaining)
    {
        ImmutableList<(TimeSpan At, long Remaining)> recent = Recent;
        long? earlier = Earlier;
        while (!recent.IsEmpty && elapsed - recent[0].At >= rule.Window)
        {
            earlier = Math.Min(earlier ?? long.MaxValue, recent[0].Remaining);
            recent = recent.RemoveAt(0);
        }

        // Only a new minimum can ever be the least of a window that it has left.
        if (remaining < (recent.IsEmpty ? earlier ?? long.MaxValue : recent[^1].Remaining))
        {
            recent = recent.Add((elapsed, remaining));
        }

        bool improved = Improved == long.MaxValue || remaining < Improved * (1 - rule.Margin);
        return this with { Recent = recent, Earlier = earlier, Improved = improved ? remaining : Improved, ImprovedAt = improved ? elapsed : ImprovedAt };
    }
}
