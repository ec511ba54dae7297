using Libvirt.Xml;

namespace Orchestrator.Checks;

/// <summary>A PCI function of a host.</summary>
public sealed record PciFunctionFacts
{
    /// <summary>Where it is.</summary>
    public required PciAddress Address { get; init; }

    /// <summary>The vendor's id.</summary>
    public required ushort Vendor { get; init; }

    /// <summary>The device's id.</summary>
    public required ushort Device { get; init; }

    /// <summary>The class: base class, subclass and interface, a byte each.</summary>
    public int Class { get; init; }

    /// <summary>The driver it is bound to.</summary>
    public string? Driver { get; init; }

    /// <summary>The NUMA node; <see langword="null"/> when the firmware tells none.</summary>
    public int? NumaNode { get; init; }

    /// <summary>The most virtual functions it can have; <see langword="null"/> when it has no SR-IOV.</summary>
    public int? TotalVirtualFunctions { get; init; }

    /// <summary>The physical function whose virtual function it is.</summary>
    public PciAddress? PhysicalFunction { get; init; }

    /// <summary>Vendor and device as lspci prints them: <c>19e5:a250</c>.</summary>
    public string Id => $"{Vendor:x4}:{Device:x4}";

    /// <summary>Whether it is an Ethernet controller.</summary>
    public bool IsEthernet => Class >> 8 == 0x0200;
}
