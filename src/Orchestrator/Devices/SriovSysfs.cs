using System.Globalization;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The functions of SR-IOV cards in sysfs.</summary>
public static class SriovSysfs
{
    /// <summary>The SR-IOV cards of this machine.</summary>
    /// <param name="files">The machine's files.</param>
    /// <param name="host">Its libvirt, to know the domains that use a function without a process to be seen; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<SriovInventory> ReadAsync(HostFiles files, IHost? host = null, CancellationToken cancellationToken = default)
    {
        files = Sysfs.VdpaAhead(Sysfs.PciAhead(files));
        string[] addresses = [.. files.List(Sysfs.PciDevices).Where(address => PciAddress.TryParse(address, out _))];
        PhysicalFunction[] physical = [.. addresses.Select(address => Physical(files, address)).OfType<PhysicalFunction>()];
        VirtualFunction[] functions = [.. addresses.Select(address => Virtual(files, address)).OfType<VirtualFunction>()];
        ILookup<string?, VdpaDevice> vdpa = VdpaSysfs.Names(files).Select(name => VdpaSysfs.Complete(files, new VdpaDevice { Name = name })).ToLookup(device => device.PciParent);
        Dictionary<string, IReadOnlyList<string>> nodes = functions.ToDictionary(function => function.Address, function => Nodes(files, function, vdpa[function.Address]));
        DeviceOpenings openings = DeviceOpeners.Find(files, nodes.Values.SelectMany(paths => paths).ToHashSet());
        ILookup<string, string> domains = await HostDomains.UsersAsync(host, cancellationToken).ConfigureAwait(false);
        return new(physical, [.. functions.Select(function => function with
        {
            Users = Users(function),
            UsersKnown = openings.Complete || host is not null || nodes[function.Address].Count == 0,
        })]);

        IReadOnlyList<DeviceUser> Users(VirtualFunction function) =>
        [
            .. DeviceUser.Merge(nodes[function.Address].SelectMany(path => openings.Users[path]).Distinct(), nodes[function.Address].Append(function.Address).SelectMany(resource => domains[resource])),
            .. vdpa[function.Address].SelectMany(device => VdpaSysfs.HostUsers(files, device.Name).Concat(DeviceUser.OfParent(device))),
        ];
    }

    /// <summary>The driver that a function is bound to; <see langword="null"/> for none.</summary>
    internal static string? DriverOf(HostFiles files, string address) => Sysfs.LinkName(files, $"{Sysfs.PciDevices}/{address}/driver");

    /// <summary>The only driver that may be bound to a function; <see langword="null"/> for any. The kernel writes <c>(null)</c> for that.</summary>
    internal static string? OverrideOf(HostFiles files, string address) => files.ReadText($"{Sysfs.PciDevices}/{address}/driver_override") is { } text and not ("" or "(null)") ? text : null;

    private static PhysicalFunction? Physical(HostFiles files, string address)
    {
        string folder = $"{Sysfs.PciDevices}/{address}";
        AcceleratorEngine? engine = EngineOf(files, folder);

        // An accelerator is told of even when firmware or kernel have SR-IOV off: its users look for it.
        bool isAccelerator = Accelerator.IsPhysical(Sysfs.Hex(files, $"{folder}/vendor"), Sysfs.Hex(files, $"{folder}/device"));
        if (files.Exists($"{folder}/physfn") || (!isAccelerator && Sysfs.Number(files, $"{folder}/sriov_totalvfs") is null or 0))
        {
            return null;
        }

        return new()
        {
            Address = address,
            Id = IdOf(files, folder),
            Engine = engine,
            Driver = DriverOf(files, address),
            TotalVfs = Sysfs.Number(files, $"{folder}/sriov_totalvfs") ?? 0,
            NumVfs = Sysfs.Number(files, $"{folder}/sriov_numvfs") ?? 0,
            NumaNode = Sysfs.NumaNode(files, folder),
            PfQNum = engine is { } known ? Sysfs.Number(files, $"/sys/module/{Accelerator.DriverOf(known)}/parameters/pf_q_num") : null,
            Uacce = files.List($"{folder}/uacce") is [var uacce, ..] ? uacce : null,
        };
    }

    private static VirtualFunction? Virtual(HostFiles files, string address)
    {
        string folder = $"{Sysfs.PciDevices}/{address}";
        if (files.Resolve($"{folder}/physfn") is not { } physical)
        {
            return null;
        }

        string? group = Sysfs.LinkName(files, $"{folder}/iommu_group");
        return new()
        {
            Address = address,
            Id = IdOf(files, folder),
            PhysicalFunction = Path.GetFileName(physical),
            Engine = EngineOf(files, folder),
            Driver = DriverOf(files, address),
            DriverOverride = OverrideOf(files, address),
            IommuGroup = int.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null,
            IommuGroupSize = group is null ? 0 : files.List($"{folder}/iommu_group/devices").Count,
            NumaNode = Sysfs.NumaNode(files, folder),
        };
    }

    /// <summary>The nodes through which a function is used: VFIO's group or its own device (iommufd), uacce's while the accelerator's driver has it, and those of its vDPA devices.</summary>
    private static IReadOnlyList<string> Nodes(HostFiles files, VirtualFunction function, IEnumerable<VdpaDevice> vdpa) =>
    [
        .. function.IommuGroup is { } group ? new[] { string.Create(CultureInfo.InvariantCulture, $"/dev/vfio/{group}") } : [],
        .. files.List($"{Sysfs.PciDevices}/{function.Address}/vfio-dev").Select(device => $"/dev/vfio/devices/{device}"),
        .. files.List($"{Sysfs.PciDevices}/{function.Address}/uacce").Select(device => $"/dev/{device}"),
        .. vdpa.Select(device => device.CharDevice).OfType<string>(),
    ];

    private static AcceleratorEngine? EngineOf(HostFiles files, string folder) => Accelerator.EngineOf(Sysfs.Hex(files, $"{folder}/vendor"), Sysfs.Hex(files, $"{folder}/device"));

    private static string IdOf(HostFiles files, string folder) => $"{Sysfs.Hex(files, $"{folder}/vendor") ?? 0:x4}:{Sysfs.Hex(files, $"{folder}/device") ?? 0:x4}";
}
