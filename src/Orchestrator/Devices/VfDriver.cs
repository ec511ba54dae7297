using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The drivers that give a virtual function to a guest, and what of them a host has.</summary>
public static class VfDriver
{
    /// <summary>The kernel's general driver; openEuler 22.03 migrates accelerators with it and the module <c>hisi_migration</c>.</summary>
    public const string VfioPci = "vfio-pci";

    /// <summary>The accelerator's own driver, which migrates: Linux 5.18, openEuler 24.03.</summary>
    public const string HisiAccVfioPci = "hisi_acc_vfio_pci";

    internal const string MigrationModule = "hisi_migration";

    /// <summary>What the engines' drivers need. Only the vendor's build is loaded piece by piece; modprobe knows the distribution's.</summary>
    internal const string Uacce = "uacce";

    internal const string QueueManager = "hisi_qm";

    // extra/ and updates/ are where a build of the vendor's goes; it has precedence over the kernel's own.
    private static readonly (string Driver, string[] Folders)[] Places =
    [
        .. ((string[])[Uacce, QueueManager, .. Accelerator.All.Select(known => known.Driver)]).Select(module => (module, new[] { "extra", "updates" })),
        (VfioPci, ["extra", "updates", "kernel/drivers/vfio/pci"]),
        (HisiAccVfioPci, ["extra", "updates", "kernel/drivers/vfio/pci/hisilicon", "kernel/drivers/vfio/pci"]),
        (MigrationModule, ["extra", "updates", "kernel/drivers/vfio/pci", "kernel/drivers/crypto/hisilicon", "kernel/drivers/crypto/hisilicon/migration"]),
    ];

    /// <summary>The driver for accelerators' functions that this machine would migrate with.</summary>
    /// <param name="files">The machine's files.</param>
    /// <returns>The driver, and why that one.</returns>
    public static (string Driver, string Reason) Choose(HostFiles files)
    {
        if (IsLoaded(files, HisiAccVfioPci))
        {
            return (HisiAccVfioPci, $"{HisiAccVfioPci} is loaded");
        }

        if (FindModule(files, HisiAccVfioPci) is { } module)
        {
            return (HisiAccVfioPci, $"this kernel has {module}");
        }

        return (VfioPci, IsLoaded(files, MigrationModule) ? $"{MigrationModule} is loaded, as on openEuler 22.03"
            : FindModule(files, MigrationModule) is { } migration ? $"this kernel has {migration}, as on openEuler 22.03"
            : $"this kernel has neither {HisiAccVfioPci} nor {MigrationModule}: guests get the function, but it will not migrate");
    }

    /// <summary>Whether a driver is there to be bound, or a module loaded.</summary>
    internal static bool IsLoaded(HostFiles files, string driver) =>
        files.Exists($"/sys/bus/pci/drivers/{driver}") || files.Exists($"/sys/module/{driver.Replace('-', '_')}");

    /// <summary>The file of a module for the running kernel; its name has <c>-</c> or <c>_</c>, and it may be compressed.</summary>
    internal static string? FindModule(HostFiles files, string driver)
    {
        if (files.ReadText("/proc/sys/kernel/osrelease") is not { Length: > 0 } release || release.Contains('/', StringComparison.Ordinal))
        {
            return null;
        }

        string name = driver.Replace('-', '_') + ".ko";
        return Places.First(place => place.Driver == driver).Folders
            .Select(folder => $"/lib/modules/{release}/{folder}")
            .SelectMany(folder => files.List(folder).Where(file => Fits(file.Replace('-', '_'), name)).Select(file => $"{folder}/{file}"))
            .FirstOrDefault();

        static bool Fits(string file, string name) => file == name || (file.StartsWith(name + ".", StringComparison.Ordinal) && file[(name.Length + 1)..] is "xz" or "zst" or "gz");
    }

    /// <summary>Whether a module's file is of the vendor's build, which insmod loads: alone, without what it needs.</summary>
    internal static bool IsVendors(string? path) => path?.Contains("/extra/", StringComparison.Ordinal) == true;

    /// <summary>How to load a driver that is not loaded; <see langword="null"/> when this kernel has no module of it.</summary>
    internal static string? LoadCommand(HostFiles files, string driver) => FindModule(files, driver) switch
    {
        null => null,
        // The vendor's procedure loads what it built by its path: depmod may not have been run.
        { } path when IsVendors(path) => $"insmod {path}",
        _ => $"modprobe {driver}",
    };

    /// <summary>Refuses a driver that cannot be bound now.</summary>
    /// <exception cref="HostDeviceException">It is no driver for guests, not loaded, or not installed.</exception>
    internal static void Require(HostFiles files, string driver)
    {
        if (driver is not (VfioPci or HisiAccVfioPci))
        {
            throw new HostDeviceException(HostDeviceProblem.InvalidInput, $"'{driver}' is no driver that gives a function to a guest", $"Take {VfioPci} or {HisiAccVfioPci}.");
        }

        if (!files.Exists($"/sys/bus/pci/drivers/{driver}"))
        {
            throw LoadCommand(files, driver) is { } load
                ? new HostDeviceException(HostDeviceProblem.ModuleNotLoaded, $"the driver {driver} is not loaded", $"Load it: {load}")
                : new HostDeviceException(
                    HostDeviceProblem.ModuleNotLoaded,
                    $"the driver {driver} is not loaded, and this kernel has no module of it in /lib/modules",
                    driver == HisiAccVfioPci ? "Build KAE for this kernel (sh build.sh driver_migration), or take --driver vfio-pci." : "Install the kernel's modules package.");
        }
    }
}
