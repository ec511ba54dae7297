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

    /// <summary>The management devices on which network devices are made: the first of a case on the first, and so on; all on the only one, where that carries several.</summary>
    public IReadOnlyList<string> NetManagementDevices { get; init; } = [];

    /// <summary>The management devices on which disks are made, in the same way.</summary>
    public IReadOnlyList<string> BlkManagementDevices { get; init; } = [];

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

    /// <summary>What tells it from another with the same case, in words: only what the case makes use of.</summary>
    public string Setup => string.Join(", ", new[]
    {
        (Case.FixedDevices ?? Devices) is var devices && devices == 0 ? null : FormattableString.Invariant($"{devices} {CaseDeviceKinds.WordOf(Kind)}"),
        Load is null || !Case.Takes.HasFlag(CaseKeys.Load) ? null : $"load {Load.Command[0]}",
        Repetitions == 1 || !Case.Takes.HasFlag(CaseKeys.Repetitions) ? null : FormattableString.Invariant($"{Repetitions} times"),
        JudgedLimit is { } limit ? FormattableString.Invariant($"at most {limit.TotalMilliseconds:0.###} ms") : null,
    }.OfType<string>());

    /// <summary>The limit, where the case judges one.</summary>
    internal TimeSpan? JudgedLimit => Case.Takes.HasFlag(CaseKeys.Limit) ? Limit : null;
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

    /// <summary>The management device for a case's vDPA device, or why there is none. Pure.</summary>
    /// <param name="kind">The device's kind.</param>
    /// <param name="named">What the plan names for it.</param>
    /// <param name="ordinal">Which of the case's devices it is, from 0.</param>
    internal static (string? Name, string? Problem) ManagementDevice(CaseDeviceKind kind, IReadOnlyList<string> named, int ordinal)
    {
        if (ordinal < named.Count)
        {
            return (named[ordinal], null);
        }

        // A function of a card (pci/..., auxiliary/...) is good for one device; the kernel's own, such as vdpasim_net, for many.
        return named is [var only] && !only.Contains('/', StringComparison.Ordinal) ? (only, null)
            : named.Count == 0 ? (null, $"the plan names no management device for {WordOf(kind)}")
            : (null, FormattableString.Invariant($"the plan names {named.Count} of the management devices for {WordOf(kind)} ({string.Join(", ", named)}), each of which is good for one device, and this takes {ordinal + 1}"));
    }
}
