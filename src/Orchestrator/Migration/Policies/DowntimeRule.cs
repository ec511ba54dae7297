namespace Orchestrator.Migration.Policies;

/// <summary>How long the guest may stand still: QEMU switches over when what is left takes no longer than its limit.</summary>
/// <param name="Initial">The limit at the start; <see langword="null"/> for the ceiling, or where <paramref name="Steps"/> say it.</param>
/// <param name="Ceiling">What the limit never exceeds.</param>
/// <param name="Steps">Raises the limit by the clock, whether it helps or not; <see langword="null"/> for not.</param>
public sealed record DowntimeRule(TimeSpan? Initial, TimeSpan Ceiling, DowntimeSteps? Steps = null);

/// <summary>Steps by which the limit reaches the ceiling, evenly: the first is ceiling / count at the start, as in nova.</summary>
/// <param name="Count">How many more follow.</param>
/// <param name="Every">How long each lasts.</param>
public sealed record DowntimeSteps(int Count, ScaledDuration Every);
