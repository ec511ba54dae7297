namespace Orchestrator.Devices;

/// <summary>An engine of the Kunpeng accelerator (KAE), and what the kernel knows it by.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Name">Its name, as it is written on command lines and in documents.</param>
/// <param name="Driver">The driver of its physical function on the host itself, which is its module too.</param>
/// <param name="PhysicalDevice">The PCI device id of its physical function.</param>
/// <param name="VirtualDevice">The PCI device id of its virtual functions.</param>
public sealed record Accelerator(AcceleratorEngine Engine, string Name, string Driver, ushort PhysicalDevice, ushort VirtualDevice)
{
    /// <summary>The PCI vendor id: Huawei.</summary>
    public const ushort Vendor = 0x19e5;

    /// <summary>All engines.</summary>
    public static IReadOnlyList<Accelerator> All { get; } =
    [
        new(AcceleratorEngine.Zip, "zip", "hisi_zip", 0xa250, 0xa251),
        new(AcceleratorEngine.Sec, "sec", "hisi_sec2", 0xa255, 0xa256),
        new(AcceleratorEngine.Hpre, "hpre", "hisi_hpre", 0xa258, 0xa259),
    ];

    /// <summary>The engine that a function belongs to, by its ids.</summary>
    internal static AcceleratorEngine? EngineOf(int? vendor, int? product) =>
        vendor == Vendor ? All.FirstOrDefault(known => known.PhysicalDevice == product || known.VirtualDevice == product)?.Engine : null;

    /// <summary>Whether a function is the physical one of an engine.</summary>
    internal static bool IsPhysical(int? vendor, int? product) => vendor == Vendor && All.Any(known => known.PhysicalDevice == product);

    /// <summary>The driver of an engine on the host itself, which is its module too.</summary>
    internal static string DriverOf(AcceleratorEngine engine) => Of(engine).Driver;

    /// <summary>Reads the name of an engine; <see langword="null"/> for a name of none.</summary>
    /// <param name="name">The name, in small letters or capitals.</param>
    public static AcceleratorEngine? Parse(string name) => All.FirstOrDefault(known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Engine;

    /// <summary>The name of an engine.</summary>
    internal static string NameOf(AcceleratorEngine engine) => Of(engine).Name;

    private static Accelerator Of(AcceleratorEngine engine) => All.First(known => known.Engine == engine);
}
