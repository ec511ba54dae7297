namespace Orchestrator.Migration.Checks;

/// <summary>What a check is about.</summary>
public enum CheckSubject
{
    /// <summary>One migration of one domain.</summary>
    Migration,

    /// <summary>Two hosts between which guests are to move.</summary>
    Pair,

    /// <summary>One host.</summary>
    Host,
}

/// <summary>A check, explained.</summary>
/// <param name="Id">Its stable id.</param>
/// <param name="Subject">What it is about. One of a migration may be made of a host, too.</param>
/// <param name="Means">What it looks at.</param>
/// <param name="Why">Why that matters.</param>
/// <param name="Remedy">What to do when it fails.</param>
/// <param name="Consent">The flag that lets it pass; <see langword="null"/> when none does.</param>
public sealed record CheckExplanation(string Id, CheckSubject Subject, string Means, string Why, string Remedy, string? Consent = null);

/// <summary>Every check that a migration or <c>host check</c> can make.</summary>
public static partial class CheckCatalogue
{
    /// <summary>All, those of migrations first, in the order in which they are made.</summary>
    public static IReadOnlyList<CheckExplanation> All { get; } = [.. Migrations, .. Devices, .. Pairs, .. Hosts];

    /// <summary>The check of an id; <see langword="null"/> for none.</summary>
    /// <param name="id">The id.</param>
    public static CheckExplanation? Find(string id) => All.FirstOrDefault(check => check.Id == id);
}
