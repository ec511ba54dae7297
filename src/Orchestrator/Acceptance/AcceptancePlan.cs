using System.Text.Json.Serialization;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Acceptance;

/// <summary>What an acceptance proves, and with what. Written as YAML: see <c>docs/acceptance.md</c>.</summary>
public sealed record AcceptancePlan
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in words.</summary>
    public string? Description { get; init; }

    /// <summary>The words of the Chinese report that no run can tell.</summary>
    public AcceptanceTexts Texts { get; init; } = new();

    /// <summary>The guest that cases make copies of: a document or one of the lab's, never a domain that is there.</summary>
    public required PlannedGuest Guest { get; init; }

    /// <summary>The document of <see cref="Guest"/>, where it has one.</summary>
    public string? GuestXml { get; init; }

    /// <summary>The management device on which network devices are made.</summary>
    public string? NetManagementDevice { get; init; }

    /// <summary>The management device on which disks are made.</summary>
    public string? BlkManagementDevice { get; init; }

    /// <summary>The cases, in the order in which they are run.</summary>
    public required IReadOnlyList<PlannedCase> Cases { get; init; }
}

/// <summary>What the Chinese report says that no run can tell; what is left out is marked there.</summary>
public sealed record AcceptanceTexts
{
    /// <summary>The feature under test.</summary>
    public string? Feature { get; init; }

    /// <summary>What the feature is.</summary>
    public string? Overview { get; init; }

    /// <summary>The version under test, such as <c>openEuler-24.03-LTS-SP3</c>.</summary>
    public string? Version { get; init; }

    /// <summary>The feature's constraints.</summary>
    public IReadOnlyList<string> Constraints { get; init; } = [];
}

/// <summary>A case with what the plan gives it.</summary>
public sealed record PlannedCase
{
    /// <summary>What it is called in the plan; no other case of the plan is called so.</summary>
    public required string Id { get; init; }

    /// <summary>The case.</summary>
    public required AcceptanceCase Case { get; init; }

    /// <summary>The kind of its devices.</summary>
    public CaseDeviceKind Kind { get; init; }

    /// <summary>How many devices its guest has: 0 to 3.</summary>
    public int Devices { get; init; }

    /// <summary>What the guest does during its migrations; <see langword="null"/> for nothing.</summary>
    public GuestLoad? Load { get; init; }

    /// <summary>How often it does what it does.</summary>
    public int Repetitions { get; init; } = 1;

    /// <summary>What no downtime of it may exceed; <see langword="null"/> for any.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>The limit that QEMU is given for the blackout; <see langword="null"/> for the policy's own.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>Consent to libvirt's warnings about storage.</summary>
    public bool Unsafe { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What tells it from another with the same case, in words.</summary>
    public string Setup => string.Join(", ", new[]
    {
        Devices == 0 ? null : FormattableString.Invariant($"{Devices} {CaseDeviceKinds.WordOf(Kind)}"), Load is null ? null : $"load {Load.Command[0]}",
        Repetitions == 1 ? null : FormattableString.Invariant($"{Repetitions} times"), Limit is { } limit ? FormattableString.Invariant($"at most {limit.TotalMilliseconds:0.###} ms") : null,
    }.OfType<string>());
}

/// <summary>A kind of devices that cases give to their guests.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CaseDeviceKind>))]
public enum CaseDeviceKind
{
    /// <summary>A random number generator: needs nothing of the host.</summary>
    [JsonStringEnumMemberName("rng")]
    Rng,

    /// <summary>A kernel vDPA network device, made for the case.</summary>
    [JsonStringEnumMemberName("net")]
    Net,

    /// <summary>A kernel vDPA disk, made for the case.</summary>
    [JsonStringEnumMemberName("blk")]
    Blk,

    /// <summary>A free virtual function of a Kunpeng accelerator: ZIP, then HPRE, then SEC.</summary>
    [JsonStringEnumMemberName("kae")]
    Kae,
}

/// <summary>The words of the kinds.</summary>
internal static class CaseDeviceKinds
{
    internal static readonly Dictionary<string, CaseDeviceKind> Words = new() { ["rng"] = CaseDeviceKind.Rng, ["net"] = CaseDeviceKind.Net, ["blk"] = CaseDeviceKind.Blk, ["kae"] = CaseDeviceKind.Kae };

    internal static string WordOf(CaseDeviceKind kind) => Words.First(pair => pair.Value == kind).Key;
}
