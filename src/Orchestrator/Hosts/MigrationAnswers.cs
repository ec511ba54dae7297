using Libvirt.Interop;

namespace Orchestrator.Hosts;

/// <summary>What of a running domain could stand in the way of its migration. A part that is <see langword="null"/> could not be told.</summary>
public sealed record DomainObstacles
{
    /// <summary>How many snapshots it has.</summary>
    public int? Snapshots { get; init; }

    /// <summary>The disks on which a job works: a copy, a commit, a pull.</summary>
    public IReadOnlyList<string>? BlockJobs { get; init; }

    /// <summary>Whether somebody has talked to its QEMU past libvirt, as devices that libvirt does not know are plugged in.</summary>
    public bool? MonitorUsed { get; init; }

    /// <summary>The host's own CPU, as its capabilities tell; only when it was asked for.</summary>
    public string? HostCpu { get; init; }
}

/// <summary>What a domain needs of the host that it is to go to.</summary>
public sealed record GuestNeeds
{
    /// <summary>The architecture.</summary>
    public string? Architecture { get; init; }

    /// <summary>The machine type.</summary>
    public string? Machine { get; init; }

    /// <summary>The hypervisor type (<c>kvm</c>, <c>qemu</c>).</summary>
    public string? Type { get; init; }

    /// <summary>The emulator's path, which the destination starts, too.</summary>
    public string? Emulator { get; init; }

    /// <summary>The <c>cpu</c> element; <see langword="null"/> when there is nothing to compare.</summary>
    public string? Cpu { get; init; }

    /// <summary>Whether the host's own CPU is to be told: the guest has that of its host.</summary>
    public bool HostCpu { get; init; }

    /// <summary>The sizes of huge pages, in KiB.</summary>
    public IReadOnlyList<int> PageSizesKiB { get; init; } = [];

    /// <summary>The paths of files to look for in storage pools.</summary>
    public IReadOnlyList<string> Volumes { get; init; } = [];
}

/// <summary>What a host can offer to a domain that is to come. A part that is <see langword="null"/> could not be told.</summary>
public sealed record GuestOffer
{
    /// <summary>How the guest's CPU compares with what the host can offer.</summary>
    public CpuComparison? Cpu { get; init; }

    /// <summary>Why that could not be told, in libvirt's words.</summary>
    public string? CpuProblem { get; init; }

    /// <summary>The host's own CPU, as its capabilities tell; only when it was asked for.</summary>
    public string? HostCpu { get; init; }

    /// <summary>Whether the emulator is there and knows the machine type.</summary>
    public bool? Machine { get; init; }

    /// <summary>Why not, in libvirt's words.</summary>
    public string? MachineProblem { get; init; }

    /// <summary>Memory that is free or could be freed at once (buffers, cache), in KiB.</summary>
    public long? FreeMemoryKiB { get; init; }

    /// <summary>How many huge pages of each size are free.</summary>
    public IReadOnlyDictionary<int, long>? FreePages { get; init; }

    /// <summary>Of the files that were asked for, whether a storage pool has them; none where there is no driver for storage.</summary>
    public IReadOnlyDictionary<string, bool> Volumes { get; init; } = new Dictionary<string, bool>();
}
