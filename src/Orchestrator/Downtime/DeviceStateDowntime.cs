namespace Orchestrator.Downtime;

/// <summary>What saving and loading each device's state took of the blackout, as QEMU's <c>vmstate_downtime_save</c> and <c>_load</c> tell (QEMU 8.2 and later).</summary>
public sealed record DeviceStateDowntime
{
    /// <summary>The devices, the costliest first.</summary>
    public IReadOnlyList<DeviceDowntime> Devices { get; init; } = [];

    /// <summary>What all saving took on the source, in microseconds; <see langword="null"/> when it wasn't traced.</summary>
    public long? SaveUs { get; init; }

    /// <summary>What all loading took on the destination, in microseconds; <see langword="null"/> when it wasn't traced.</summary>
    public long? LoadUs { get; init; }

    /// <summary>Why a side's costs are unknown; <see langword="null"/> when both are known.</summary>
    public string? Problem { get; init; }
}

/// <summary>What one device's state took of the blackout.</summary>
/// <param name="Device">QEMU's name of it (<c>idstr</c>), such as <c>0000:00:02.0/virtio-net</c>.</param>
/// <param name="Instance">Tells several of one name apart.</param>
/// <param name="Type"><c>iterable</c> (memory's last part, and other state that is sent piece by piece) or <c>non-iterable</c>.</param>
/// <param name="SaveUs">How long saving it took on the source, in microseconds; <see langword="null"/> when the source didn't tell.</param>
/// <param name="LoadUs">How long loading it took on the destination, in microseconds; <see langword="null"/> when the destination didn't tell.</param>
public sealed record DeviceDowntime(string Device, long Instance, string Type, long? SaveUs, long? LoadUs);
