using Orchestrator.Devices;

namespace Orchestrator.Checks;

/// <summary>How much each check of a host weighs: what it is wanted for is an error when absent; what it seems to be for, a warning; the rest is worth knowing.</summary>
internal sealed class HostScope(HostFacts facts, IReadOnlyCollection<HostNeed> needs)
{
    internal HostFacts Facts { get; } = facts;

    internal string Name => Facts.Host.Name;

    /// <summary>Why a part of the host is unknown: it is …</summary>
    internal string Unseen => Facts.FilesSeen ? $"unreadable on {Name} for this user"
        : Facts.ChannelProblem is { } problem ? $"not visible through libvirt, and {Name} cannot be looked into ({problem})"
        : $"not visible through libvirt, and {Name} is not this machine";

    internal bool HasKae => Accelerator.All.Any(engine => Facts.KaePhysicalFunctions(engine) is { Count: > 0 } || Facts.KaeVirtualFunctions(engine) is { Count: > 0 });

    internal bool HasVdpa => Facts.VdpaDevices is { Count: > 0 } || Facts.Kernel is { VdpaBus: true };

    /// <summary>A check without which the layer is missing.</summary>
    internal Judge Essential(HostLayer layer, HostNeed need) => new(layer, Weight(need), Essential: true);

    /// <summary>Advice that weighs as much as what it is about.</summary>
    internal Judge Advice(HostLayer layer, HostNeed need) => new(layer, Weight(need));

    // Without a wish, a host with accelerators and no vDPA at all is taken for what it is; any other is judged by the layers of kernel vDPA.
    private CheckSeverity Weight(HostNeed need) =>
        needs.Contains(need) ? CheckSeverity.Error
        : needs.Count > 0 ? CheckSeverity.Info
        : need == HostNeed.Kae ? (HasKae ? CheckSeverity.Warning : CheckSeverity.Info)
        : HasVdpa || !HasKae ? CheckSeverity.Warning : CheckSeverity.Info;
}
