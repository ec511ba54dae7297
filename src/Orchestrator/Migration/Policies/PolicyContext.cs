namespace Orchestrator.Migration.Policies;

/// <summary>What is known before a migration begins.</summary>
/// <param name="MemoryBytes">The guest's memory.</param>
/// <param name="PostCopyAllowed">Whether post-copy is possible: never with vDPA or VFIO devices, nor when the migration was begun without it. Set to false once starting it has failed.</param>
/// <param name="MaxDowntimeOverride">A limit that the user gives: the ceiling, instead of the policy's.</param>
/// <param name="TimeoutOverride">A time that the user gives, instead of the policy's.</param>
/// <param name="DeviceCost">What the devices are known to add to the blackout. QEMU's limit counts memory alone, so this is taken off the ceiling.</param>
public sealed record PolicyContext(
    long MemoryBytes,
    bool PostCopyAllowed = false,
    TimeSpan? MaxDowntimeOverride = null,
    TimeSpan? TimeoutOverride = null,
    TimeSpan DeviceCost = default);
