using System.Buffers;
using System.Collections.Frozen;

namespace Orchestrator.Downtime;

/// <summary>The trace events, libvirt lines and error texts that are looked for in a domain's QEMU log.</summary>
internal static class QemuLogEvents
{
    public const string AllVcpusPaused = "all_vcpus_paused";
    public const string AllVcpusPrepared = "all_vcpus_prepared";
    public const string VmStateNotify = "vm_state_notify";
    public const string DowntimeCheckpoint = "vmstate_downtime_checkpoint";
    public const string DowntimeSave = "vmstate_downtime_save";
    public const string DowntimeLoad = "vmstate_downtime_load";
    public const string Incoming = "-incoming ";
    public const string EnterMigrate = "qmp_enter_migrate";

    private static readonly string[] Events =
    [
        AllVcpusPaused, AllVcpusPrepared, VmStateNotify, DowntimeCheckpoint, EnterMigrate, DowntimeSave, DowntimeLoad,
        "runstate_set", "migrate_set_state", "qmp_enter_cont", "process_incoming_migration_co_end", "postcopy_start",
    ];

    private static readonly string[] LibvirtTexts = [": starting up", ": initiating migration", ": shutting down"];

    // Where QEMU tells of a device that is dead for the guest, and nowhere else: openEuler's vDPA migration (hw/virtio/vdpa-dev-mig.c), rings that the kernel refuses, memory that may
    // not be pinned.
    private static readonly string[] MappingErrors = ["vhost vdpa map fail", "DMA mapping failed"];

    private static readonly string[] RingErrors = ["vhost_set_vring_num failed", "unable to start vhost net: 22"];

    private static readonly string[] DeviceErrors =
    [
        "vdpa device failed", "vdpa device resume failed", "Failed to set state", "pre start device failed", "set dev buffer failed",
        "get dev buffer", "restore device buffer", "vdpa device buffer failed", "dest resume device failed", "backend type isn't VDPA",
        "vhost guest notifier", "unable to start vhost net", "vhost_set_vring_num failed", "Error starting vhost",
        .. MappingErrors,
    ];

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Known =
        Events.ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly SearchValues<string> Errors = SearchValues.Create(DeviceErrors, StringComparison.Ordinal);

    /// <summary>Every text that makes a line worth keeping.</summary>
    public static readonly ByteNeedles Needles = new([.. Events, .. LibvirtTexts, Incoming, .. DeviceErrors]);

    public static bool IsKnown(ReadOnlySpan<char> name) => Known.Contains(name);

    public static bool IsDeviceError(ReadOnlySpan<char> line) => line.ContainsAny(Errors);

    /// <summary>Whether the line says that the guest's memory could not be pinned for a device. QEMU goes on then, and calls the device started.</summary>
    public static bool IsMappingError(string line) => Array.Exists(MappingErrors, text => line.Contains(text, StringComparison.Ordinal));

    /// <summary>Whether the line says that the kernel refused the size of a ring.</summary>
    public static bool IsRingError(string line) => Array.Exists(RingErrors, text => line.Contains(text, StringComparison.Ordinal));
}
