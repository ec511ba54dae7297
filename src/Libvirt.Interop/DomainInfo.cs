using System.Runtime.InteropServices;

namespace Libvirt.Interop;

/// <summary>What libvirt tells about a domain in one cheap call (<c>virDomainInfo</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct DomainInfo
{
    private readonly byte _state;
    private readonly CULong _maxMem;
    private readonly CULong _memory;
    private readonly ushort _nrVirtCpu;
    private readonly ulong _cpuTime;

    /// <summary>The domain's state.</summary>
    public DomainState State => (DomainState)_state;

    /// <summary>The most memory the domain may use, in KiB.</summary>
    public long MaxMemoryKiB => (long)_maxMem.Value;

    /// <summary>The memory the domain uses, in KiB.</summary>
    public long MemoryKiB => (long)_memory.Value;

    /// <summary>The number of virtual CPUs.</summary>
    public int VcpuCount => _nrVirtCpu;

    /// <summary>CPU time used so far, in nanoseconds.</summary>
    public ulong CpuTimeNs => _cpuTime;
}
