using System.Text.Json.Serialization;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Records;

/// <summary>What a lab's folder says about it, to this and to other processes.</summary>
internal sealed record LabRecord
{
    /// <summary>The version of the format.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>The process the lab belongs to and ends with; <see langword="null"/> for a lab that lives until it is taken down.</summary>
    public ProcessIdentity? Owner { get; init; }

    /// <summary>The ports of each host's migrations.</summary>
    public required IReadOnlyList<PortRange> Ports { get; init; }

    /// <summary>The emulated machines, each with two hosts.</summary>
    public IReadOnlyList<MachineRecord> Machines { get; init; } = [];

    /// <summary>The guests that were started in the lab.</summary>
    public IReadOnlyList<LabGuest> Guests { get; init; } = [];

    /// <summary>The format this version writes, and the newest it reads.</summary>
    public const int CurrentFormat = 1;
}

/// <summary>What is one emulated machine's alone.</summary>
/// <param name="Ports">The ports of this machine that lead into it.</param>
/// <param name="HostUuids">Its hosts' UUIDs.</param>
internal sealed record MachineRecord(PortRange Ports, IReadOnlyList<Guid> HostUuids);

[JsonSerializable(typeof(LabRecord))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class LabJson : JsonSerializerContext;
