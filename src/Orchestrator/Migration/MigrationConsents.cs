namespace Orchestrator.Migration;

/// <summary>What a person can allow: each name lets one check pass that would refuse.</summary>
public static class MigrationConsents
{
    /// <summary>A vDPA device may become one of another vendor.</summary>
    public const string CrossVendor = "cross-vendor";

    /// <summary>A domain that another manager owns may be migrated.</summary>
    public const string ForeignOwner = "foreign-owner";

    /// <summary>A domain that another machine's unfinished operation has marked may be migrated.</summary>
    public const string ForeignOperation = "foreign-operation";

    /// <summary>With <c>--unsafe</c>: disks of which nobody can tell whether the destination has them.</summary>
    public const string UnknownStorage = "unknown-storage";

    /// <summary>The destination may have less free memory than the guest has.</summary>
    public const string Overcommit = "overcommit";

    /// <summary>The check of the gate, which lets a domain pass that others work on or manage.</summary>
    internal const string FreeToMigrate = "free-to-migrate";

    /// <summary>The names, in order.</summary>
    public static IReadOnlyList<string> Known { get; } = [CrossVendor, ForeignOperation, ForeignOwner, Overcommit, UnknownStorage];

    /// <summary>Refuses names that are none.</summary>
    /// <param name="names">The names.</param>
    /// <exception cref="ArgumentException">One is unknown; the message lists those that are known.</exception>
    public static void Validate(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.FirstOrDefault(name => !Known.Contains(name)) is { } unknown)
        {
            throw new ArgumentException($"'{unknown}' is nothing that could be allowed. There are: {string.Join(", ", Known)}.", nameof(names));
        }
    }
}

/// <summary>A consent that a plan made use of.</summary>
/// <param name="Flag">The flag that gave it: <c>--unsafe</c>, <c>--allow cross-vendor</c>.</param>
/// <param name="Check">The check that it let pass.</param>
/// <param name="What">What was consented to.</param>
public sealed record MigrationConsent(string Flag, string Check, string What);
