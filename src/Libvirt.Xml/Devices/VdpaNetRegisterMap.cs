using System.Globalization;

namespace Libvirt.Xml.Devices;

/// <summary>A live-migration register of the vdpa-net simulation.</summary>
/// <param name="Offset">The offset in bytes from the beginning of the region.</param>
/// <param name="Name">The name in the layout's own source.</param>
/// <param name="WidthBits">The number of bits that mean something. Accesses are of 1 to 4 bytes, little-endian.</param>
/// <param name="Queue">The virtqueue whose state it holds; <see langword="null"/> for the registers of the device.</param>
public sealed record VdpaNetRegister(int Offset, string Name, int WidthBits, int? Queue);

/// <summary>
/// The live-migration registers of the vdpa-net simulation, which follow the notify region in the device's modern BAR. Two layouts exist: the one that the device's
/// <see cref="Document"/> describes, which is that of the kernel's ifcvf driver, and the one that QEMU's <see cref="Code"/> had before it was reverted. A guest driver
/// made for one doesn't work with the other.
/// </summary>
public sealed class VdpaNetRegisterMap
{
    /// <summary>The number of virtqueues that have a state register: vq0 to vq1023.</summary>
    public const int Queues = 1024;

    /// <summary>The size of the region in bytes: the device's registers and a state register for each queue. The BAR is rounded up to a power of two.</summary>
    public const int RegionSize = FirstRingState + (Queues * RingStateSize);

    /// <summary>Written to LM_LOGGING_CTRL, switches the marking of dirty pages (a bit per 4 KiB, for what the device writes) off.</summary>
    public const uint LoggingOff = 0;

    /// <summary>Written to LM_LOGGING_CTRL, switches it on. Any other value is refused.</summary>
    public const uint LoggingOn = 1;

    private const int FirstRingState = 0x20;
    private const int RingStateSize = 4;

    private VdpaNetRegisterMap(string name, int baseLow, int baseHigh, int endLow, int endHigh, string ringState)
    {
        Name = name;
        Registers =
        [
            new(0x00, "LM_LOGGING_CTRL", 4, null),
            new(baseLow, "LM_BASE_ADDR_LOW", 32, null),
            new(baseHigh, "LM_BASE_ADDR_HIGH", 32, null),
            new(endLow, "LM_END_ADDR_LOW", 32, null),
            new(endHigh, "LM_END_ADDR_HIGH", 32, null),
            .. Enumerable.Range(0, Queues).Select(queue => new VdpaNetRegister(FirstRingState + (queue * RingStateSize), ringState, 32, queue)),
        ];
    }

    /// <summary>As the device's document and the kernel's ifcvf driver have it.</summary>
    public static VdpaNetRegisterMap Document { get; } = new("document", 0x10, 0x14, 0x18, 0x1c, "LM_RING_STATE_OFFSET");

    /// <summary>As the reverted QEMU code had it.</summary>
    public static VdpaNetRegisterMap Code { get; } = new("code", 0x04, 0x08, 0x0c, 0x10, "LM_VRING_STATE_OFFSET");

    /// <summary><c>document</c> or <c>code</c>.</summary>
    public string Name { get; }

    /// <summary>All registers in the order of their offsets.</summary>
    public IReadOnlyList<VdpaNetRegister> Registers { get; }

    /// <summary>The state register of a queue.</summary>
    /// <param name="queue">The queue, 0 to 1023.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such queue.</exception>
    public VdpaNetRegister RingState(int queue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(queue);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(queue, Queues);
        return Registers.First(register => register.Queue == queue);
    }

    /// <summary>The value of a ring state register of a split ring.</summary>
    /// <param name="lastAvailable">The index of the next available descriptor that the device will take.</param>
    /// <param name="used">The index of the next used descriptor that it will write.</param>
    public static uint PackRingState(ushort lastAvailable, ushort used) => lastAvailable | ((uint)used << 16);

    /// <summary>The two indices of a ring state register.</summary>
    /// <param name="state">The register's value.</param>
    public static (ushort LastAvailable, ushort Used) UnpackRingState(uint state) => ((ushort)state, (ushort)(state >> 16));

    /// <summary>The layout's name and size.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"vdpa-net registers ({Name}), 0x{RegionSize:x} bytes");
}
