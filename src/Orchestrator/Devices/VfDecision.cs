using System.Globalization;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>Which writes bring virtual functions from what a host has to what was asked for, or why none may.</summary>
internal static class VfDecision
{
    /// <summary>The physical function that an address or an engine's name means.</summary>
    /// <param name="inventory">The host's functions.</param>
    /// <param name="target">The address or name.</param>
    /// <param name="numaNode">Only on this node; <see langword="null"/> for any.</param>
    /// <exception cref="HostDeviceException">None, or more than one.</exception>
    internal static PhysicalFunction FindPhysical(SriovInventory inventory, string target, int? numaNode)
    {
        if (Accelerator.Parse(target) is { } engine)
        {
            PhysicalFunction[] found = [.. inventory.PhysicalFunctions.Where(function => function.Engine == engine && (numaNode is null || function.NumaNode == numaNode))];
            return found switch
            {
                [var one] => one,
                [] => throw new HostDeviceException(
                    HostDeviceProblem.NotFound,
                    string.Create(CultureInfo.InvariantCulture, $"there is no {Accelerator.NameOf(engine)} engine{(numaNode is { } node ? $" on NUMA node {node}" : "")}"),
                    $"See what there is: orchestrator vf list. The kernel's driver for it is {Accelerator.DriverOf(engine)}; firmware may have it off."),
                _ => throw new HostDeviceException(
                    HostDeviceProblem.InvalidInput,
                    $"there are several {Accelerator.NameOf(engine)} engines: {string.Join(", ", found.Select(function => string.Create(CultureInfo.InvariantCulture, $"{function.Address} (NUMA node {function.NumaNode})")))}",
                    "Name one by its address, or its node with --numa."),
            };
        }

        string address = ReadAddress(target, "a PCI address or an engine (zip, sec, hpre)");
        return inventory.PhysicalFunctions.FirstOrDefault(function => function.Address == address) ?? throw new HostDeviceException(
            HostDeviceProblem.NotFound,
            inventory.VirtualFunctions.FirstOrDefault(function => function.Address == address) is { } virtualFunction
                ? $"{address} is a virtual function, of {virtualFunction.PhysicalFunction}"
                : $"there is no physical function {address} that can have virtual ones",
            "See what there is: orchestrator vf list --all.");
    }

    /// <summary>The writes that give a physical function a number of virtual ones; none when it has them and that will do.</summary>
    /// <exception cref="HostDeviceException">It cannot have them, or not now.</exception>
    internal static IReadOnlyList<SysfsWrite> SetCount(SriovInventory inventory, PhysicalFunction function, int count, bool ifNeeded)
    {
        if (count < 0)
        {
            throw new HostDeviceException(HostDeviceProblem.InvalidInput, string.Create(CultureInfo.InvariantCulture, $"{count} virtual functions do not exist"), "Take 0 or more.");
        }

        if (function.NumVfs == count)
        {
            return ifNeeded ? [] : throw new HostDeviceException(
                HostDeviceProblem.AlreadyExists, string.Create(CultureInfo.InvariantCulture, $"{function.Address} has {count} virtual functions already"), "Say --if-needed when that will do.");
        }

        if (count > function.TotalVfs)
        {
            throw new HostDeviceException(
                HostDeviceProblem.OverTotal,
                string.Create(CultureInfo.InvariantCulture, $"{function.Address} can have {function.TotalVfs} virtual functions, not {count}"),
                function.TotalVfs == 0 ? "SR-IOV is off: in the firmware, or on the kernel's command line." : null);
        }

        if (function.Driver is null)
        {
            throw new HostDeviceException(
                HostDeviceProblem.ModuleNotLoaded, $"{function.Address} has no driver, which would make its virtual functions",
                function.Engine is { } engine ? $"Load it: modprobe {Accelerator.DriverOf(engine)}." : "Bind the card's own driver.");
        }

        // The kernel goes from one number to another only through 0, and 0 pulls the functions out of their guests without asking.
        VirtualFunction[] used = [.. inventory.Of(function).Where(virtualFunction => virtualFunction.Users.Count > 0)];
        if (used.Length > 0)
        {
            throw new HostDeviceException(
                HostDeviceProblem.InUse,
                $"the virtual functions of {function.Address} cannot be made anew while one is in use: {string.Join("; ", used.Select(Describe))}",
                "Move or end what uses them first: their guests would lose them. A vDPA device goes with orchestrator vdpa delete.");
        }

        if (inventory.Of(function).FirstOrDefault(virtualFunction => !virtualFunction.UsersKnown) is { } unseen)
        {
            throw DeviceOpenings.Unseen(unseen.Address);
        }

        string path = CountPath(function);
        return function.NumVfs == 0 || count == 0 ? [new(path, Text(count))] : [new(path, "0"), new(path, Text(count))];
    }

    /// <summary>The functions that addresses name, in that order.</summary>
    /// <exception cref="HostDeviceException">One is no virtual function, or in use.</exception>
    internal static IReadOnlyList<VirtualFunction> FindVirtual(SriovInventory inventory, IReadOnlyList<string> addresses)
    {
        var found = new List<VirtualFunction>();
        foreach (string address in addresses.Select(address => ReadAddress(address, "a PCI address")).Distinct())
        {
            found.Add(inventory.VirtualFunctions.FirstOrDefault(function => function.Address == address) ?? throw new HostDeviceException(
                HostDeviceProblem.NotFound,
                inventory.PhysicalFunctions.Any(function => function.Address == address)
                    ? $"{address} is a physical function: the host would lose the card"
                    : $"there is no virtual function {address}",
                "See what there is: orchestrator vf list --all; vf enable makes some."));
        }

        return found;
    }

    /// <summary>The writes that bind a function to a driver for guests; none when it is bound.</summary>
    /// <exception cref="HostDeviceException">It is in use.</exception>
    internal static IReadOnlyList<SysfsWrite> Bind(VirtualFunction function, string driver)
    {
        if (function.Driver == driver)
        {
            // Without the override the next probe would take another driver.
            return function.DriverOverride == driver ? [] : [new(OverridePath(function), driver)];
        }

        if (function.Users.Count > 0)
        {
            throw new HostDeviceException(HostDeviceProblem.InUse, $"{Describe(function)}: it cannot get another driver now", "Detach it, or end what uses it, first. A vDPA device goes with orchestrator vdpa delete.");
        }

        if (!function.UsersKnown)
        {
            throw DeviceOpenings.Unseen(function.Address);
        }

        return [.. Unbind(function.Address, function.Driver), new(OverridePath(function), driver), new(ProbePath, function.Address)];
    }

    /// <summary>The writes that bring a function back to how it was, from whatever driver it has now.</summary>
    internal static IReadOnlyList<SysfsWrite> Restore(VirtualFunction was, string? driverNow) =>
    [
        .. driverNow == was.Driver ? [] : Unbind(was.Address, driverNow),
        new(OverridePath(was), was.DriverOverride ?? SysfsWrite.Nothing),
        .. was.Driver is null || driverNow == was.Driver ? Array.Empty<SysfsWrite>() : [new(ProbePath, was.Address)],
    ];

    internal static string CountPath(PhysicalFunction function) => $"{Sysfs.PciDevices}/{function.Address}/sriov_numvfs";

    private const string ProbePath = "/sys/bus/pci/drivers_probe";

    private static string OverridePath(VirtualFunction function) => $"{Sysfs.PciDevices}/{function.Address}/driver_override";

    private static SysfsWrite[] Unbind(string address, string? driver) => driver is null ? [] : [new($"/sys/bus/pci/drivers/{driver}/unbind", address)];

    private static string ReadAddress(string text, string what)
    {
        try
        {
            return $"{PciAddress.Parse(text)}";
        }
        catch (FormatException e)
        {
            throw new HostDeviceException(HostDeviceProblem.InvalidInput, e.Message, $"Write {what}.", inner: e);
        }
    }

    private static string Describe(VirtualFunction function) => $"{function.Address} is in use by {string.Join(" and by ", function.Users)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
