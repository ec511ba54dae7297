namespace Orchestrator.Migration.Policies.Simulation;

/// <summary>How fast a guest dirties its working set from a moment on.</summary>
/// <param name="From">Since the migration began.</param>
/// <param name="BytesPerSecond">How fast, as long as nothing slows it down.</param>
public sealed record DirtyRate(TimeSpan From, long BytesPerSecond);

/// <summary>A guest that writes to a part of its memory over and over, and the link that it is to travel.</summary>
public sealed record SimulatedGuest
{
    /// <summary>The memory that has to be sent, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>The part of it that is written to, in bytes: it never leaves more than that to be sent again.</summary>
    public required long WorkingSetBytes { get; init; }

    /// <summary>How fast it is written to; nothing before the first.</summary>
    public required IReadOnlyList<DirtyRate> Dirtying { get; init; }

    /// <summary>
    /// How fast it could write if it did nothing else: as long as throttling leaves it that much of the processor, it makes up for what it missed. <see langword="null"/> for a guest that writes as
    /// fast as it can, which throttling slows down at once.
    /// </summary>
    public long? FullSpeedBytesPerSecond { get; init; }

    /// <summary>What the link carries, in bytes per second.</summary>
    public required long LinkBytesPerSecond { get; init; }

    /// <summary>The bandwidth that QEMU is allowed, in bytes per second, if less. It doesn't keep to it during the switch-over.</summary>
    public long? BandwidthBytesPerSecond { get; init; }

    /// <summary>What every switch-over costs beside the memory.</summary>
    public TimeSpan SwitchOverCost { get; init; } = TimeSpan.FromMilliseconds(15);

    /// <summary>What the devices' state costs at the switch-over. Neither QEMU's limit nor what is left to send knows of it.</summary>
    public TimeSpan DeviceCost { get; init; }

    /// <summary>Whether both hosts can do post-copy.</summary>
    public bool PostCopyAllowed { get; init; }
}
