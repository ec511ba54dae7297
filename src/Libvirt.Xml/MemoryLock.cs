using System.Globalization;

namespace Libvirt.Xml;

/// <summary>
/// How much memory QEMU has to lock for a domain's devices: (vDPA devices + NVMe disks + VFIO term) x guest memory + 1 GiB, libvirt's own formula, which however leaves vDPA host
/// devices and devices of QEMU's command line out of its count.
/// </summary>
/// <param name="GuestMemoryKiB">The guest's memory, in KiB.</param>
/// <param name="VdpaDevices">vDPA devices of every kind: each may pin the guest's memory for itself.</param>
/// <param name="NvmeDisks">NVMe disks that QEMU drives itself.</param>
/// <param name="VfioTerm">With a virtual IOMMU the number of VFIO devices, each of which has a mapping of its own; without one 1 for any number.</param>
/// <param name="RequiredKiB">What has to be allowed, in KiB; 0 when nothing is locked.</param>
/// <param name="AllowedKiB">The domain's <c>hard_limit</c>, in KiB; <see langword="null"/> without one.</param>
/// <param name="IsUnlimited">The domain's memory is <c>locked</c> as a whole, which lifts the limit.</param>
public sealed record MemoryLock(long GuestMemoryKiB, int VdpaDevices, int NvmeDisks, int VfioTerm, long RequiredKiB, long? AllowedKiB, bool IsUnlimited)
{
    /// <summary>Whether the document allows what is needed.</summary>
    public bool IsEnough => RequiredKiB == 0 || IsUnlimited || AllowedKiB >= RequiredKiB;

    /// <summary>The same with more vDPA devices, which the document does not tell of.</summary>
    /// <param name="count">How many.</param>
    public MemoryLock WithMore(int count) => count == 0 ? this : this with
    {
        VdpaDevices = VdpaDevices + count,
        RequiredKiB = (long)Int128.Min(((Int128)(VdpaDevices + count + NvmeDisks + VfioTerm) * GuestMemoryKiB) + (1024 * 1024), long.MaxValue >> 10),
    };

    /// <summary>The sum in one line, for people.</summary>
    public override string ToString() => RequiredKiB == 0
        ? "no device locks memory"
        : string.Create(CultureInfo.InvariantCulture, $"({VdpaDevices} vDPA + {NvmeDisks} NVMe + {VfioTerm} VFIO) x {GuestMemoryKiB} KiB + {1024 * 1024} KiB = {RequiredKiB} KiB");
}
