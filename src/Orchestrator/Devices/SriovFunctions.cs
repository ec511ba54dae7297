namespace Orchestrator.Devices;

/// <summary>A physical function that can have virtual ones. What the host does not tell is <see langword="null"/>.</summary>
public sealed record PhysicalFunction
{
    /// <summary>The PCI address.</summary>
    public required string Address { get; init; }

    /// <summary>Vendor and product, as <c>19e5:a250</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The engine of the Kunpeng accelerator; <see langword="null"/> for another card.</summary>
    public AcceleratorEngine? Engine { get; init; }

    /// <summary>The bound driver.</summary>
    public string? Driver { get; init; }

    /// <summary>How many virtual functions it can have (<c>sriov_totalvfs</c>).</summary>
    public int TotalVfs { get; init; }

    /// <summary>How many it has (<c>sriov_numvfs</c>).</summary>
    public int NumVfs { get; init; }

    /// <summary>The NUMA node.</summary>
    public int? NumaNode { get; init; }

    /// <summary>The queues that the physical function keeps for itself, a parameter of an accelerator's module; both hosts of a migration need the same.</summary>
    public int? PfQNum { get; init; }

    /// <summary>The name in <c>/sys/class/uacce</c>, such as <c>hisi_zip-0</c>.</summary>
    public string? Uacce { get; init; }
}

/// <summary>A virtual function. What the host does not tell is <see langword="null"/>.</summary>
public sealed record VirtualFunction
{
    /// <summary>The PCI address.</summary>
    public required string Address { get; init; }

    /// <summary>Vendor and product, as <c>19e5:a251</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The address of the physical function it belongs to.</summary>
    public required string PhysicalFunction { get; init; }

    /// <summary>The engine of the Kunpeng accelerator; <see langword="null"/> for another card.</summary>
    public AcceleratorEngine? Engine { get; init; }

    /// <summary>The bound driver.</summary>
    public string? Driver { get; init; }

    /// <summary>The only driver that may be bound (<c>driver_override</c>).</summary>
    public string? DriverOverride { get; init; }

    /// <summary>The IOMMU group, whose node is <c>/dev/vfio/GROUP</c>.</summary>
    public int? IommuGroup { get; init; }

    /// <summary>How many devices, itself included, are in that group: more than one go to a guest together.</summary>
    public int IommuGroupSize { get; init; }

    /// <summary>The NUMA node.</summary>
    public int? NumaNode { get; init; }

    /// <summary>Who uses it.</summary>
    public IReadOnlyList<DeviceUser> Users { get; init; } = [];

    /// <summary>
    /// Whether the users are known: every process could be looked into, or libvirt told which domains use it. Where not, a function without users may have some.
    /// </summary>
    public bool UsersKnown { get; init; } = true;
}

/// <summary>The functions of a host's SR-IOV cards.</summary>
/// <param name="PhysicalFunctions">The physical functions, by address.</param>
/// <param name="VirtualFunctions">The virtual functions, by address.</param>
public sealed record SriovInventory(IReadOnlyList<PhysicalFunction> PhysicalFunctions, IReadOnlyList<VirtualFunction> VirtualFunctions)
{
    /// <summary>The part of it that belongs to the Kunpeng accelerator.</summary>
    public SriovInventory AcceleratorsOnly() => new(
        [.. PhysicalFunctions.Where(function => function.Engine is not null)], [.. VirtualFunctions.Where(function => function.Engine is not null)]);

    /// <summary>A part of it.</summary>
    /// <param name="engines">Only these engines; none for all.</param>
    /// <param name="numaNode">Only on this node; <see langword="null"/> for any.</param>
    /// <param name="free">Only virtual functions that nobody uses.</param>
    public SriovInventory Filter(IReadOnlyList<AcceleratorEngine> engines, int? numaNode, bool free)
    {
        return new(
            [.. PhysicalFunctions.Where(function => Fits(function.Engine, function.NumaNode))],
            [.. VirtualFunctions.Where(function => Fits(function.Engine, function.NumaNode) && !(free && function.Users.Count > 0))]);

        bool Fits(AcceleratorEngine? engine, int? node) => (engines.Count == 0 || (engine is { } known && engines.Contains(known))) && (numaNode is null || node == numaNode);
    }

    /// <summary>The virtual functions of a physical one.</summary>
    internal IEnumerable<VirtualFunction> Of(PhysicalFunction function) => VirtualFunctions.Where(virtualFunction => virtualFunction.PhysicalFunction == function.Address);
}
