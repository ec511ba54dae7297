using Orchestrator.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>What a host has of the kinds of devices that a domain uses. A part that is <see langword="null"/> was not asked for, or could not be listed.</summary>
public sealed record DeviceInventory
{
    /// <summary>The vDPA devices.</summary>
    public IReadOnlyList<VdpaDevice>? Vdpa { get; init; }

    /// <summary>What vDPA devices can be made on; <see langword="null"/> also where we could make none: on another machine.</summary>
    public IReadOnlyList<VdpaManagementDevice>? Management { get; init; }

    /// <summary>The functions of SR-IOV cards.</summary>
    public SriovInventory? Functions { get; init; }

    /// <summary>Of the sockets that were asked for, whether they are there; one that could not be looked for is not in it.</summary>
    public IReadOnlyDictionary<string, bool> Sockets { get; init; } = new Dictionary<string, bool>();

    /// <summary>Why a part could not be listed; <see langword="null"/> when all that was asked for was.</summary>
    public string? Problem { get; init; }
}
