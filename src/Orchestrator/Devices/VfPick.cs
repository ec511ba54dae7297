using System.Globalization;
using System.Xml.Linq;
using Libvirt.Xml;
using Libvirt.Xml.Devices;

namespace Orchestrator.Devices;

/// <summary>A function that was not chosen, and why.</summary>
/// <param name="Address">The function.</param>
/// <param name="Reason">Why.</param>
public sealed record PassedOver(string Address, string Reason);

/// <summary>One free function of each engine, all on one NUMA node.</summary>
/// <param name="NumaNode">The node; <see langword="null"/> when the machine tells none.</param>
/// <param name="Functions">The functions, in the order of the engines that were asked for.</param>
/// <param name="PassedOver">Those that were not fit.</param>
public sealed record VfPick(int? NumaNode, IReadOnlyList<VirtualFunction> Functions, IReadOnlyList<PassedOver> PassedOver)
{
    /// <summary>Chooses functions. With the lowest addresses, so that asking again gives the same answer.</summary>
    /// <param name="inventory">The host's functions.</param>
    /// <param name="engines">The engines.</param>
    /// <param name="numaNode">The node; <see langword="null"/> for the first that has all.</param>
    /// <param name="driver">The driver that the functions must have; <see langword="null"/> for any that gives them to guests.</param>
    /// <exception cref="HostDeviceException">No node has them all; the message says what each lacks.</exception>
    public static VfPick Choose(SriovInventory inventory, IReadOnlyList<AcceleratorEngine> engines, int? numaNode = null, string? driver = null)
    {
        VirtualFunction[] wanted = [.. inventory.VirtualFunctions.Where(function => function.Engine is { } engine && engines.Contains(engine))];
        ILookup<bool, (VirtualFunction Function, string? Reason)> judged = wanted
            .Select(function => (function, WhyNot(function, driver) ?? (numaNode is { } node && function.NumaNode != node ? Elsewhere(function) : null)))
            .ToLookup(pair => pair.Item2 is null);
        PassedOver[] unfit = [.. judged[false].Select(pair => new PassedOver(pair.Function.Address, pair.Reason!))];
        IGrouping<int?, VirtualFunction>[] nodes = [.. judged[true].Select(pair => pair.Function).GroupBy(function => function.NumaNode).OrderBy(node => node.Key ?? int.MaxValue)];
        foreach (IGrouping<int?, VirtualFunction> node in nodes)
        {
            if (engines.All(engine => node.Any(function => function.Engine == engine)))
            {
                VirtualFunction[] chosen = [.. engines.Select(engine => node.First(function => function.Engine == engine))];
                PassedOver[] elsewhere = [.. nodes.Where(other => other.Key != node.Key).SelectMany(other => other).Select(function => new PassedOver(function.Address, Elsewhere(function)))];
                return new(node.Key, chosen, [.. unfit.Concat(elsewhere).OrderBy(function => function.Address, StringComparer.Ordinal)]);
            }
        }

        throw new HostDeviceException(
            HostDeviceProblem.NothingFits,
            $"no NUMA node has a free function of each engine ({string.Join(", ", engines.Select(Accelerator.NameOf))}): {string.Join("; ", Lacking(nodes, engines, unfit))}",
            "Make or bind more: orchestrator vf enable, orchestrator vf bind.");
    }

    /// <summary>The host device that gives a function to a guest that migrates.</summary>
    /// <param name="function">The function.</param>
    /// <param name="dialect">What the host's libvirt understands; <see langword="null"/>, when it is not known, for openEuler's.</param>
    /// <exception cref="DeviceRefusedException">The host would refuse it, or drop a part of it.</exception>
    public static XElement HostDevice(VirtualFunction function, HostDialect? dialect = null)
    {
        DomainDevice device = new PciHostDevice
        {
            Source = PciAddress.Parse(function.Address),
            DriverName = "vfio",
            // With the accelerator's own driver libvirt must not exchange it for one that does not migrate.
            Managed = function.Driver == VfDriver.HisiAccVfioPci ? false : null,
            Migration = dialect is null or { MigrationAttribute: true } ? true : null,
        };
        var document = DomainDocument.Parse("<domain><devices/></domain>");
        document.Add(dialect is null ? device : DeviceWriting.ForDialect(device, dialect));
        return new(document.Root.Elements("devices").Elements().Single());
    }

    /// <summary>What the one who takes such elements has to know of their dialect; <see langword="null"/> when they are whole.</summary>
    /// <param name="dialect">What the host's libvirt understands; <see langword="null"/> when it is not known.</param>
    public static string? DialectNote(HostDialect? dialect) => dialect switch
    {
        null => "The elements are for openEuler's libvirt (22.03 SP4, 24.03 SP3): stock libvirt drops migration='on' without a word. Name the host with -c, and they are written for its own.",
        { MigrationAttribute: false } => $"The elements have no migration='on': this host's libvirt ({HostDialect.VersionText(dialect.LibvirtVersion)}) would drop it without a word. "
            + "QEMU 8.1 and later migrate a function by themselves when its kernel driver can.",
        _ => null,
    };

    private static string? WhyNot(VirtualFunction function, string? driver) => function switch
    {
        { Users.Count: > 0 } => $"in use by {string.Join(" and by ", function.Users)}",
        { IommuGroup: null } => "in no IOMMU group: the IOMMU (SMMU) is off in the firmware or on the kernel's command line",
        { IommuGroupSize: > 1 } => string.Create(CultureInfo.InvariantCulture, $"shares the IOMMU group {function.IommuGroup} with {function.IommuGroupSize - 1} other device(s)"),
        { Driver: null } => $"has no driver: orchestrator vf bind {function.Address}",
        { Driver: not (VfDriver.VfioPci or VfDriver.HisiAccVfioPci) } => $"bound to {function.Driver}, which keeps it for the host: orchestrator vf bind {function.Address}",
        _ when driver is not null && function.Driver != driver => $"bound to {function.Driver}, and this host migrates with {driver}: orchestrator vf bind {function.Address}",
        _ => null,
    };

    private static string Elsewhere(VirtualFunction function) => function.NumaNode is { } node ? string.Create(CultureInfo.InvariantCulture, $"on NUMA node {node}") : "on no known NUMA node";

    private static IEnumerable<string> Lacking(IGrouping<int?, VirtualFunction>[] nodes, IReadOnlyList<AcceleratorEngine> engines, PassedOver[] unfit) =>
    [
        .. nodes.Select(node => string.Create(
            CultureInfo.InvariantCulture,
            $"NUMA node {(node.Key is { } number ? number : "unknown")} lacks {string.Join(", ", engines.Where(engine => node.All(function => function.Engine != engine)).Select(Accelerator.NameOf))}")),
        .. nodes.Length == 0 ? ["none has any"] : Array.Empty<string>(),
        .. unfit.Select(function => $"{function.Address}: {function.Reason}"),
    ];
}
