namespace Orchestrator.Checks;

/// <summary>An engine of the Kunpeng accelerator (KAE).</summary>
/// <param name="Name">Its name.</param>
/// <param name="Module">The driver and module of its physical function.</param>
/// <param name="PhysicalDevice">The PCI device id of its physical function.</param>
/// <param name="VirtualDevice">The PCI device id of its virtual functions.</param>
public sealed record KaeEngine(string Name, string Module, ushort PhysicalDevice, ushort VirtualDevice)
{
    /// <summary>The PCI vendor id: Huawei.</summary>
    public const ushort Vendor = 0x19e5;

    /// <summary>The engines: compression, symmetric and asymmetric cryptography.</summary>
    public static IReadOnlyList<KaeEngine> All { get; } =
    [
        new("zip", "hisi_zip", 0xa250, 0xa251),
        new("sec", "hisi_sec2", 0xa255, 0xa256),
        new("hpre", "hisi_hpre", 0xa258, 0xa259),
    ];
}
