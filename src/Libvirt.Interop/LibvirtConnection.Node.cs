using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>How a guest's CPU compares with what a host can offer.</summary>
[NativeEnum("VIR_CPU_COMPARE_")]
public enum CpuComparison
{
    /// <summary><c>VIR_CPU_COMPARE_INCOMPATIBLE</c>: the host cannot offer it.</summary>
    Incompatible = 0,

    /// <summary><c>VIR_CPU_COMPARE_IDENTICAL</c>: it is just what the host has.</summary>
    Identical = 1,

    /// <summary><c>VIR_CPU_COMPARE_SUPERSET</c>: the host can offer more.</summary>
    Superset = 2,
}

public sealed partial class LibvirtConnection
{
    /// <summary>Compares a guest's CPU with what the hypervisor of this host can offer.</summary>
    /// <param name="cpu">The <c>cpu</c> element of a domain document.</param>
    /// <param name="emulator">The emulator's path; the host's own by default.</param>
    /// <param name="architecture">The guest's architecture.</param>
    /// <param name="machine">The machine type.</param>
    /// <param name="type">The hypervisor type (<c>kvm</c>, <c>qemu</c>).</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.OperationUnsupported"/> or another: it does so for some architectures only.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virConnectCompareHypervisorCPU"/></remarks>
    public CpuComparison CompareHypervisorCpu(string cpu, string? emulator = null, string? architecture = null, string? machine = null, string? type = null) =>
        (CpuComparison)VirCall.Check(
            LibVirt.virConnectCompareHypervisorCPU(_handle, emulator, architecture, machine, type, VirCall.Text(cpu), 0), nameof(LibVirt.virConnectCompareHypervisorCPU));

    /// <summary>How many memory pages of each size are free on the whole host.</summary>
    /// <param name="sizesKiB">The sizes of pages, in KiB.</param>
    /// <returns>The number of free pages, in the order of the sizes.</returns>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virNodeGetFreePages"/></remarks>
    public unsafe IReadOnlyList<long> GetFreePages(IReadOnlyList<int> sizesKiB)
    {
        ArgumentNullException.ThrowIfNull(sizesKiB);
        uint[] sizes = [.. sizesKiB.Select(size => (uint)size)];
        ulong[] counts = new ulong[sizes.Length];
        fixed (uint* pages = sizes)
        {
            fixed (ulong* free = counts)
            {
                VirCall.Check(LibVirt.virNodeGetFreePages(_handle, (uint)sizes.Length, pages, -1, 1, free, 0), nameof(LibVirt.virNodeGetFreePages));
            }
        }

        return [.. counts.Select(count => (long)count)];
    }

    /// <summary>The host's memory in KiB, by libvirt's names: <c>total</c>, <c>free</c>, <c>buffers</c>, <c>cached</c>.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-host.html#virNodeGetMemoryStats"/></remarks>
    public unsafe IReadOnlyDictionary<string, long> GetMemoryStats()
    {
        const string Operation = nameof(LibVirt.virNodeGetMemoryStats);
        const int WholeHost = -1;
        int count = 0;
        VirCall.Check(LibVirt.virNodeGetMemoryStats(_handle, WholeHost, null, &count, 0), Operation);
        var native = new VirNodeMemoryStats[count];
        var stats = new Dictionary<string, long>(count, StringComparer.Ordinal);
        fixed (VirNodeMemoryStats* first = native)
        {
            VirCall.Check(LibVirt.virNodeGetMemoryStats(_handle, WholeHost, first, &count, 0), Operation);
            for (int i = 0; i < count; i++)
            {
                stats[Marshal.PtrToStringUTF8((nint)first[i].field) ?? ""] = (long)first[i].value;
            }
        }

        return stats;
    }

    /// <summary>Whether a volume of one of the host's active storage pools has a path.</summary>
    /// <param name="path">The path.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.NoSupport"/>: the daemon has no driver for storage.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-storage.html#virStorageVolLookupByPath"/></remarks>
    public bool HasStorageVolume(string path)
    {
        using StorageVolumeHandle? volume = VirCall.CheckOrAbsent(
            LibVirt.virStorageVolLookupByPath(_handle, VirCall.Text(path)), nameof(LibVirt.virStorageVolLookupByPath));
        return volume is not null;
    }
}
