using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>Everything observed of a host. A part that is <see langword="null"/> could not be seen; nothing is guessed.</summary>
public sealed record HostFacts
{
    /// <summary>What the host is.</summary>
    public required HostIdentity Host { get; init; }

    /// <summary>Whether its daemon runs on this machine: then its files can be read.</summary>
    public bool IsThisMachine { get; init; }

    /// <summary>How its files were read elsewhere, such as <c>over SSH as ops@node1</c>; <see langword="null"/> when they were not.</summary>
    public string? Channel { get; init; }

    /// <summary>Why they could not be read over SSH.</summary>
    public string? ChannelProblem { get; init; }

    /// <summary>Whether its files were read.</summary>
    public bool FilesSeen => IsThisMachine || Channel is not null;

    /// <summary>What stands there for the daemon's end of a connection over SSH: <c>virt-ssh-helper</c>, <c>nc</c>, <c>netcat</c>; <see langword="null"/> when it is not reached so, or could not be seen.</summary>
    public IReadOnlyList<string>? SshHelpers { get; init; }

    /// <summary>What its libvirt and QEMU understand; <see langword="null"/> for another driver than QEMU.</summary>
    public HostDialect? Dialect { get; init; }

    /// <summary>The CPU model, as libvirt names it.</summary>
    public string? CpuModel { get; init; }

    /// <summary>The NUMA nodes.</summary>
    public IReadOnlyList<NumaNode> NumaNodes { get; init; } = [];

    /// <summary>The emulator for guests of the host's own architecture.</summary>
    public string? Emulator { get; init; }

    /// <summary>The firmware.</summary>
    public FirmwareFacts? Firmware { get; init; }

    /// <summary>Other managers of virtual machines that left their marks.</summary>
    public IReadOnlyList<ManagerFacts> Managers { get; init; } = [];

    /// <summary>The kernel and its modules.</summary>
    public KernelFacts? Kernel { get; init; }

    /// <summary>How many IOMMU groups there are; 0 when no IOMMU is on.</summary>
    public int? IommuGroups { get; init; }

    /// <summary>The PCI functions.</summary>
    public IReadOnlyList<PciFunctionFacts>? PciFunctions { get; init; }

    /// <summary>The vDPA devices.</summary>
    public IReadOnlyList<VdpaDeviceFacts>? VdpaDevices { get; init; }

    /// <summary>The libvirt daemon's process, and the account of its QEMUs.</summary>
    public DaemonFacts? Daemon { get; init; }

    /// <summary>What <c>qemu.conf</c> sets.</summary>
    public QemuConfiguration? QemuConfiguration { get; init; }

    /// <summary>The names of the trace events that the emulator offers.</summary>
    public IReadOnlySet<string>? TraceEvents { get; init; }

    /// <summary>Whether this user may list the folder of QEMU's logs.</summary>
    public bool? LogsReadable { get; init; }

    /// <summary>Whether QEMU's own events reach us.</summary>
    public bool MonitorEvents { get; init; }

    /// <summary>How well the host's clock is kept.</summary>
    public ClockFacts? Clock { get; init; }

    /// <summary>The virtual functions of a KAE engine; <see langword="null"/> when PCI functions could not be seen.</summary>
    /// <param name="engine">The engine.</param>
    public IReadOnlyList<PciFunctionFacts>? KaeVirtualFunctions(Accelerator engine) =>
        PciFunctions is { } all ? [.. all.Where(function => function.Vendor == Accelerator.Vendor && function.Device == engine.VirtualDevice)] : null;

    /// <summary>The physical functions of a KAE engine; <see langword="null"/> when PCI functions could not be seen.</summary>
    /// <param name="engine">The engine.</param>
    public IReadOnlyList<PciFunctionFacts>? KaePhysicalFunctions(Accelerator engine) =>
        PciFunctions is { } all ? [.. all.Where(function => function.Vendor == Accelerator.Vendor && function.Device == engine.PhysicalDevice)] : null;
}

/// <summary>A host's firmware (BIOS).</summary>
/// <param name="Vendor">Who made it.</param>
/// <param name="Version">Its version.</param>
/// <param name="Date">Its date.</param>
/// <param name="Product">The machine's model.</param>
public sealed record FirmwareFacts(string? Vendor, string? Version, string? Date, string? Product);

/// <summary>Another manager of virtual machines.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Evidence">Where it was seen.</param>
public sealed record ManagerFacts(string Name, string Evidence);

/// <summary>How well a clock is kept.</summary>
/// <param name="Source">Who says so: the kernel, or chrony.</param>
/// <param name="Synchronised">Whether it follows a reference.</param>
/// <param name="ErrorMs">The estimated greatest error, in milliseconds.</param>
public sealed record ClockFacts(string Source, bool Synchronised, double? ErrorMs);
