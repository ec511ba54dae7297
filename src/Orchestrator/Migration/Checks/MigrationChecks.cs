namespace Orchestrator.Migration.Checks;

/// <summary>What must hold, and what is worth knowing, before a migration. Pure.</summary>
internal static class MigrationChecks
{
    internal static IReadOnlyList<Check> All(PlanContext plan) =>
    [
        .. HostPairChecks.Of(plan),
        .. DomainChecks.Of(plan),
        .. MachineChecks.Of(plan),
        .. StorageChecks.Of(plan),
        .. DeviceChecks.Of(plan),
        .. AcceleratorChecks.Of(plan),
        .. DocumentChecks.Of(plan),
        .. TransportChecks.Of(plan),
        .. DowntimeChecks.Of(plan),
    ];
}
