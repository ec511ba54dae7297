using Orchestrator.Acceptance.Cases;

namespace Orchestrator.Acceptance;

/// <summary>All cases that plans can select.</summary>
public static class AcceptanceCatalogue
{
    /// <summary>The cases, group by group.</summary>
    public static IReadOnlyList<AcceptanceCase> Cases { get; } =
    [
        .. LifecycleCases.All, .. HotPlugCases.All, .. MigrationCases.All, .. VdpaDeviceCases.All, .. PersistenceCases.All, .. ExclusivityCases.All, .. ConcurrencyCases.All, .. KaeCases.All,
        .. DowntimeCases.All,
    ];

    /// <summary>A case by its id; <see langword="null"/> for an id of none.</summary>
    /// <param name="id">The id.</param>
    public static AcceptanceCase? Find(string id) => Cases.FirstOrDefault(known => known.Id == id);
}
