namespace Orchestrator.Devices;

/// <summary>How a physical function comes to a number of virtual ones.</summary>
/// <param name="Function">The physical function, as it was found.</param>
/// <param name="Count">The number.</param>
/// <param name="Writes">The writes, in order; none when it has the number.</param>
public sealed record VfCountPlan(PhysicalFunction Function, int Count, IReadOnlyList<SysfsWrite> Writes);

/// <summary>How functions come to a driver for guests.</summary>
/// <param name="Driver">The driver.</param>
/// <param name="Functions">The functions, in order.</param>
public sealed record VfBindPlan(string Driver, IReadOnlyList<VfBindStep> Functions)
{
    /// <summary>Why that driver, and what else a person should know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>How one function comes to its driver.</summary>
/// <param name="Function">The function, as it was found.</param>
/// <param name="Writes">The writes, in order; none when it has the driver.</param>
public sealed record VfBindStep(VirtualFunction Function, IReadOnlyList<SysfsWrite> Writes);
