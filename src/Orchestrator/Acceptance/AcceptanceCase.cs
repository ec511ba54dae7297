using System.Text.Json.Serialization;

namespace Orchestrator.Acceptance;

/// <summary>What a group of cases is about.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CaseGroup>))]
public enum CaseGroup
{
    /// <summary>Define, start, suspend, resume, reboot, shut down, destroy, undefine.</summary>
    [JsonStringEnumMemberName("lifecycle")]
    Lifecycle,

    /// <summary>Devices that come and go.</summary>
    [JsonStringEnumMemberName("hot-plug")]
    HotPlug,

    /// <summary>Live migration.</summary>
    [JsonStringEnumMemberName("migration")]
    Migration,

    /// <summary>vDPA devices of the host: made, listed, deleted.</summary>
    [JsonStringEnumMemberName("vdpa-devices")]
    VdpaDevices,

    /// <summary>What has to outlive a reboot, a new definition, a migration.</summary>
    [JsonStringEnumMemberName("persistence")]
    Persistence,

    /// <summary>One device has one owner.</summary>
    [JsonStringEnumMemberName("exclusivity")]
    Exclusivity,

    /// <summary>Two operations at once.</summary>
    [JsonStringEnumMemberName("concurrency")]
    Concurrency,

    /// <summary>Functions of Kunpeng accelerators.</summary>
    [JsonStringEnumMemberName("kae")]
    Kae,

    /// <summary>The blackout against its limit.</summary>
    [JsonStringEnumMemberName("downtime")]
    Downtime,
}

/// <summary>How bad it is when a case fails.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CaseSeverity>))]
public enum CaseSeverity
{
    /// <summary>A guest or its data can be lost.</summary>
    [JsonStringEnumMemberName("critical")]
    Critical,

    /// <summary>A promised operation does not work.</summary>
    [JsonStringEnumMemberName("major")]
    Major,

    /// <summary>There is a way around it.</summary>
    [JsonStringEnumMemberName("minor")]
    Minor,

    /// <summary>Hardly anybody will meet it.</summary>
    [JsonStringEnumMemberName("trivial")]
    Trivial,
}

/// <summary>What a case takes of a plan, besides devices and its timeout; other keys would mean nothing to it.</summary>
[Flags]
internal enum CaseKeys
{
    None = 0,

    /// <summary>How often it does what it does.</summary>
    Repetitions = 1,

    /// <summary>What its guest does while it migrates.</summary>
    Load = 2,

    /// <summary>What its downtimes may not exceed.</summary>
    Limit = 4,

    /// <summary>How it migrates: QEMU's limit, consent to warnings.</summary>
    Migration = 8,

    /// <summary>All that a plain migration takes.</summary>
    Move = Load | Limit | Migration,
}

/// <summary>A functional case: makes what it needs, does something through this library's API, looks at the host, and removes what it made.</summary>
public sealed record AcceptanceCase
{
    internal AcceptanceCase(Func<CaseBench, Task> run) => RunAsync = run;

    /// <summary>Its id, in kebab case, for plans.</summary>
    public required string Id { get; init; }

    /// <summary>What it is about.</summary>
    public required CaseGroup Group { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its name in Chinese.</summary>
    public required string ChineseName { get; init; }

    /// <summary>What it covers: what would be broken if it failed.</summary>
    public required string Covers { get; init; }

    /// <summary>How bad that would be.</summary>
    public CaseSeverity Severity { get; init; } = CaseSeverity.Major;

    /// <summary>What has to be there; without it the case is not applicable.</summary>
    public IReadOnlyList<string> Preconditions { get; init; } = [];

    /// <summary>Whether it is about devices, and makes no sense without.</summary>
    internal bool NeedsDevices { get; init; }

    /// <summary>How many devices it makes, whatever a plan says; <see langword="null"/> for as many as the plan says.</summary>
    internal int? FixedDevices { get; init; }

    /// <summary>What it takes of a plan.</summary>
    internal CaseKeys Takes { get; init; }

    /// <summary>Whether it compares with a limit.</summary>
    internal bool NeedsLimit { get; init; }

    /// <summary>The kinds of devices that it is about; empty for any.</summary>
    internal IReadOnlyList<CaseDeviceKind> Kinds { get; init; } = [];

    /// <summary>What it does.</summary>
    internal Func<CaseBench, Task> RunAsync { get; }
}
