using System.Globalization;

namespace Orchestrator.Migration;

/// <summary>The blackout that devices cost by themselves, whatever the limit: they are suspended, their state is read, sent and loaded.</summary>
/// <param name="Devices">The devices, in words.</param>
/// <param name="LowMs">The least that was measured, in milliseconds.</param>
/// <param name="HighMs">The most that was measured.</param>
/// <param name="Evidence">Where that is known from.</param>
public sealed record DeviceFloor(string Devices, double LowMs, double HighMs, string Evidence)
{
    private const int Measured = 3;

    /// <summary>openEuler's test report of kernel vDPA: a guest of 4 vCPUs and 8 GiB with three single-queue devices of a SmartNIC.</summary>
    private static readonly DeviceFloor Vdpa = new("vDPA devices", 600, 800, "600 to 800 ms with three of them in openEuler's test report");

    /// <summary>The report of accelerator migration: 8 vCPUs and 16 GiB, a ZIP, an HPRE and a SEC function under load, limit 100 ms.</summary>
    private static readonly DeviceFloor Kae = new("accelerator functions", 147, 158, "147 to 158 ms with three of them at a limit of 100 ms in the KAE migration report");

    /// <summary>The floor of a domain's devices; <see langword="null"/> when it has none whose cost is known. Devices are taken one after the other, so that it grows with their number.</summary>
    /// <param name="vdpa">How many devices on vhost-vdpa.</param>
    /// <param name="accelerators">How many accelerator functions.</param>
    public static DeviceFloor? Of(int vdpa, int accelerators) => (vdpa, accelerators) switch
    {
        ( <= 0, <= 0) => null,
        (_, <= 0) => Scaled(Vdpa, vdpa),
        ( <= 0, _) => Scaled(Kae, accelerators),
        _ => Sum(Scaled(Vdpa, vdpa), Scaled(Kae, accelerators)),
    };

    private static DeviceFloor Scaled(DeviceFloor floor, int count) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{count} {floor.Devices}"), floor.LowMs * count / Measured, floor.HighMs * count / Measured, floor.Evidence);

    private static DeviceFloor Sum(DeviceFloor one, DeviceFloor other) =>
        new($"{one.Devices} and {other.Devices}", one.LowMs + other.LowMs, one.HighMs + other.HighMs, $"{one.Evidence}; {other.Evidence}");
}
