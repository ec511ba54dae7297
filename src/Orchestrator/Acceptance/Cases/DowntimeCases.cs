namespace Orchestrator.Acceptance.Cases;

/// <summary>The blackout against its limit.</summary>
internal static class DowntimeCases
{
    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(MigrationCases.ThereAndBackAsync)
        {
            Id = "downtime-limit", Takes = CaseKeys.Repetitions | CaseKeys.Move, Group = CaseGroup.Downtime, Name = "The downtime keeps its limit", ChineseName = "热迁移中断时间", Severity = CaseSeverity.Major,
            Preconditions = ["a limit in the plan"], Covers = "each migration, there and back, is within the limit by more than its doubt", NeedsLimit = true,
        },
    ];
}
