using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>What becomes of a domain's host devices.</summary>
/// <param name="Devices">Each device, in the document's order.</param>
/// <param name="Problems">What is wrong with the mappings by hand.</param>
internal sealed record DeviceMapping(IReadOnlyList<MappedDevice> Devices, IReadOnlyList<string> Problems)
{
    internal static DeviceMapping None { get; } = new([], []);
}

/// <summary>Finds for each host device of a domain what it becomes on the destination. Pure.</summary>
/// <param name="source">What the source has.</param>
/// <param name="destination">What the destination has.</param>
/// <param name="dialect">What the destination understands.</param>
/// <param name="oneMachine">Whether both daemons run on one machine, and see the same sockets.</param>
/// <param name="allowsCrossVendor">Whether a vDPA device may become another vendor's.</param>
internal sealed class DeviceMapper(DeviceInventory source, DeviceInventory destination, HostDialect? dialect, bool oneMachine, bool allowsCrossVendor)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly HashSet<string> _usedParents = new(StringComparer.Ordinal);

    /// <summary>The devices of a document that have to be mapped.</summary>
    internal static IReadOnlyList<DomainDevice> DevicesOf(DomainDocument document) => [.. document.Devices.Where(IsMapped)];

    /// <summary>Whether a device is on vhost-vdpa.</summary>
    internal static bool IsVdpa(DomainDevice device) => device is VdpaHostDevice or VdpaInterface or VhostVdpaDisk or GenericVdpaDevice or VhostVdpaNetwork;

    /// <summary>Whether a device is a PCI function behind VFIO.</summary>
    internal static bool IsFunction(DomainDevice device) => device is PciHostDevice or HostdevInterface;

    /// <summary>Whether a device is a vhost-user backend's.</summary>
    internal static bool IsVhostUser(DomainDevice device) => device is VhostUserDisk or VhostUserInterface;

    /// <summary>Maps the devices.</summary>
    /// <param name="devices">The devices, in the document's order.</param>
    /// <param name="entries">The mappings by hand.</param>
    internal DeviceMapping Map(IReadOnlyList<DomainDevice> devices, IReadOnlyList<DeviceMapEntry> entries)
    {
        var mapped = new MappedDevice?[devices.Count];
        for (int i = 0; i < devices.Count; i++)
        {
            if (entries.FirstOrDefault(entry => ReferenceEquals(HandMap.Find(entry.Source, devices, source), devices[i])) is { } entry)
            {
                mapped[i] = ByHand(devices[i], entry);
            }
        }

        foreach (int i in Enumerable.Range(0, devices.Count).Where(i => mapped[i] is null && IsVhostUser(devices[i])))
        {
            mapped[i] = Socket(devices[i], devices[i].HostResource!, byHand: false);
        }

        Choose(devices, mapped, IsVdpa, Vdpa);
        Choose(devices, mapped, IsFunction, Functions);
        return new([.. mapped.Select(device => device!)], [.. HandMap.Problems(entries, devices, source)]);
    }

    /// <summary>Whether a device has to become another one on the destination, and which is found here.</summary>
    internal static bool IsMapped(DomainDevice device) => device.HostResource is { Length: > 0 } && (IsVdpa(device) || IsFunction(device) || IsVhostUser(device));

    private void Choose(IReadOnlyList<DomainDevice> devices, MappedDevice?[] mapped, Func<DomainDevice, bool> kind, Func<DomainDevice, IReadOnlyList<Candidate>?> candidates)
    {
        (int Index, IReadOnlyList<Candidate>? All)[] open =
            [.. Enumerable.Range(0, devices.Count).Where(i => mapped[i] is null && kind(devices[i])).Select(i => (i, candidates(devices[i])))];
        string?[] found = Matching.Find([.. open.Select(seeker => (IReadOnlyList<string>)[.. (seeker.All ?? []).Where(candidate => candidate.Fit.IsGood && !_taken.Contains(candidate.Resource)).Select(candidate => candidate.Resource)])]);
        foreach (((int index, IReadOnlyList<Candidate>? all), string? resource) in open.Zip(found))
        {
            DomainDevice device = devices[index];
            if (resource is not null)
            {
                Candidate chosen = all!.First(candidate => candidate.Resource == resource);
                _taken.Add(resource);
                mapped[index] = Of(device) with { Destination = resource, Why = chosen.Why, IsCrossVendor = chosen.Fit.IsCrossVendor };
            }
            else
            {
                mapped[index] = (IsVdpa(device) ? Make(device) : null) ?? Nothing(device, all);
            }
        }
    }

    private List<Candidate>? Vdpa(DomainDevice device)
    {
        var wanted = VdpaWanted.Of(device, source);
        return destination.Vdpa?
            .Select(candidate =>
            {
                bool samePath = candidate.CharDevice == device.HostResource;
                bool sameName = wanted.Device?.Name == candidate.Name;
                Fit fit = wanted.With(candidate, destination, allowsCrossVendor);
                string why = samePath ? "the same node, and it fits" : sameName ? $"has the same name, {candidate.Name}, and fits" : wanted.Mac is { } mac ? $"{candidate.Name} has the MAC {mac}" : $"{candidate.Name} is free and fits";
                int rank = (fit.IsCrossVendor ? 8 : 0) + (samePath ? 0 : sameName ? 1 : 2) + (wanted.Device?.NumaNode == candidate.NumaNode ? 0 : 4);
                return (rank, new Candidate(candidate.CharDevice ?? candidate.Name, candidate.Name, fit, fit.IsCrossVendor ? $"{why}; another vendor's, by consent" : why));
            })
            .OrderBy(pair => pair.rank).ThenBy(pair => pair.Item2.Name, StringComparer.Ordinal).Select(pair => pair.Item2).ToList();
    }

    private List<Candidate>? Functions(DomainDevice device)
    {
        var wanted = FunctionWanted.Of(device, source, dialect);
        return destination.Functions?.VirtualFunctions
            .Select(candidate =>
            {
                bool same = candidate.Address == device.HostResource;
                bool near = wanted.Function?.NumaNode == candidate.NumaNode;
                string why = $"{(same ? "the same address" : "free")}, {candidate.Id}{(candidate.Driver is { } driver ? $" with {driver}" : "")}{(near && candidate.NumaNode is { } node ? $", on NUMA node {node} as on the source" : "")}";
                return ((near ? 0 : 2) + (same ? 0 : 1), new Candidate(candidate.Address, candidate.Address, wanted.With(candidate), why));
            })
            .OrderBy(pair => pair.Item1).ThenBy(pair => pair.Item2.Name, StringComparer.Ordinal).Select(pair => pair.Item2).ToList();
    }

    private MappedDevice ByHand(DomainDevice device, DeviceMapEntry entry)
    {
        if (IsVhostUser(device))
        {
            return Socket(device, entry.Destination, byHand: true);
        }

        if (entry.ManagementDevice is { } parent && IsVdpa(device))
        {
            return MakeByHand(device, parent);
        }

        string resource = HandMap.Resolve(entry.Destination, device, destination);
        IReadOnlyList<Candidate>? all = IsVdpa(device) ? Vdpa(device) : Functions(device);
        MappedDevice mapped = Of(device) with { IsByHand = true };
        if (_taken.Contains(resource))
        {
            return mapped with { Why = $"--map {entry}: {resource} is mapped to another device already" };
        }

        if (IsFunction(device) && !PciAddress.TryParse(resource, out _))
        {
            return mapped with { Why = $"--map {entry}: '{entry.Destination}' is no PCI address, as 0000:31:00.1" };
        }

        if (all is null || (all.Count == 0 && IsFunction(device)))
        {
            _taken.Add(resource);
            return mapped with { Destination = resource, Why = "mapped by hand", Unchecked = [$"whether {resource} is there and fits: {destination.Problem ?? "the destination's devices cannot be listed"}"] };
        }

        if (all.FirstOrDefault(candidate => candidate.Resource == resource) is not { } chosen)
        {
            return mapped with { Why = $"--map {entry}: the destination has no {resource}; it has {(all.Count == 0 ? "none" : string.Join(", ", all.Select(candidate => candidate.Resource)))}" };
        }

        if (chosen.Fit.Obstacles.Count > 0)
        {
            return mapped with { Why = $"--map {entry}: {resource} does not fit: {string.Join(", ", chosen.Fit.Obstacles)}" };
        }

        _taken.Add(resource);
        return mapped with { Destination = resource, Why = "mapped by hand", Unchecked = chosen.Fit.Doubts, IsCrossVendor = chosen.Fit.IsCrossVendor };
    }

    /// <summary>A device that is made, where one can be and none is there.</summary>
    private MappedDevice? Make(DomainDevice device)
    {
        var wanted = VdpaWanted.Of(device, source);
        (VdpaManagementDevice Parent, Fit Fit)[] fitting =
        [
            .. (destination.Management ?? []).Where(IsFree).Select(parent => (parent, Fit: wanted.With(parent, allowsCrossVendor))).Where(pair => pair.Fit.IsGood)
                .OrderBy(pair => pair.Fit.IsCrossVendor).ThenBy(pair => wanted.Device?.NumaNode != pair.parent.NumaNode).ThenBy(pair => pair.parent.Name, StringComparer.Ordinal),
        ];
        if (fitting is not [var (parent, fit), ..])
        {
            return null;
        }

        DeviceCreation creation = Create(wanted, parent);
        string consent = fit.IsCrossVendor ? "; another vendor's, by consent" : "";
        return Of(device) with { Destination = creation.Placeholder, Why = $"none that is there fits; made on {parent.Name}{consent}", Creation = creation, IsCrossVendor = fit.IsCrossVendor };
    }

    private MappedDevice MakeByHand(DomainDevice device, string name)
    {
        MappedDevice mapped = Of(device) with { IsByHand = true };
        var wanted = VdpaWanted.Of(device, source);
        if (destination.Management is null)
        {
            return mapped with { Why = $"a device can be made only on this machine, or its management devices cannot be listed ({destination.Problem ?? "the destination is another machine"}); make it there (vdpa dev add … mgmtdev {name}) and map it by its node" };
        }

        if (destination.Management.FirstOrDefault(parent => parent.Name == name) is not { } parent)
        {
            return mapped with { Why = $"the destination has no management device {name}; it has {(destination.Management.Count == 0 ? "none" : string.Join(", ", destination.Management.Select(other => other.Name)))}" };
        }

        Fit fit = wanted.With(parent, allowsCrossVendor);
        string[] obstacles = [.. fit.Obstacles, .. IsFree(parent) ? Array.Empty<string>() : ["it has its device already"]];
        if (obstacles.Length > 0)
        {
            return mapped with { Why = $"no device for it can be made on {name}: {string.Join(", ", obstacles)}" };
        }

        DeviceCreation creation = Create(wanted, parent);
        return mapped with { Destination = creation.Placeholder, Why = $"made on {name}, by hand", Creation = creation, Unchecked = fit.Doubts, IsCrossVendor = fit.IsCrossVendor };
    }

    private DeviceCreation Create(VdpaWanted wanted, VdpaManagementDevice parent)
    {
        string wish = wanted.Device?.Name ?? "vdpa0";
        string name = Enumerable.Range(0, int.MaxValue).Select(number => number == 0 ? wish : FormattableString.Invariant($"{wish}-{number}"))
            .First(name => destination.Vdpa?.Any(present => present.Name == name) != true && _taken.Add($"vdpa:{name}"));
        _usedParents.Add(parent.Name);
        return wanted.On(parent, name);
    }

    // A function or scalable function is good for one device; a simulator, without a bus in its name, for any number.
    private bool IsFree(VdpaManagementDevice parent) =>
        !parent.Name.Contains('/', StringComparison.Ordinal) || (!_usedParents.Contains(parent.Name) && destination.Vdpa?.Any(present => present.ManagementDevice == parent.Name) != true);

    private MappedDevice Socket(DomainDevice device, string path, bool byHand)
    {
        MappedDevice mapped = Of(device) with { IsByHand = byHand };

        // As a server QEMU makes the socket itself.
        bool isServer = device is VhostUserInterface { Mode: "server" };
        if (oneMachine && path == device.HostResource)
        {
            return mapped with { Why = $"{path} is the backend of the running guest: both daemons run on one machine, and libvirt hangs when two QEMUs share one. Start a backend of the destination's own, and map it: --map {path}=SOCKET" };
        }

        if (!_taken.Add($"socket:{path}"))
        {
            return mapped with { Why = $"{path} is another device's backend already" };
        }

        if (!path.StartsWith('/'))
        {
            return mapped with { Why = $"'{path}' is no absolute path of a socket" };
        }

        bool? there = destination.Sockets.TryGetValue(path, out bool known) ? known : null;
        return there == false && !isServer
            ? mapped with { Why = $"there is no socket {path} on the destination: start the backend there" }
            : mapped with
            {
                Destination = path,
                Why = byHand ? "mapped by hand" : "the backend of the same path",
                Unchecked = there is null && !isServer ? [$"whether a backend of its own listens on {path} there"] : [],
            };
    }

    private MappedDevice Nothing(DomainDevice device, IReadOnlyList<Candidate>? all)
    {
        string why = all is null ? $"the destination's devices cannot be listed ({destination.Problem ?? "its daemon has no driver for node devices"}): map it by hand"
            : all.Count == 0 ? "the destination has no device of this kind"
            : $"nothing on the destination fits: {string.Join("; ", all.Take(8).Select(candidate => $"{candidate.Name}: {(candidate.Fit.IsGood ? "another device of this domain gets it" : candidate.Fit)}"))}";
        return Of(device) with { Why = why };
    }

    private static MappedDevice Of(DomainDevice device) => new()
    {
        Kind = device.Kind,
        Scheme = device.Scheme,
        GuestAddress = device.GuestAddress?.ToString(),
        Alias = device.Alias ?? (device as CommandLineDevice)?.Id,
        Source = device.HostResource!,
        Why = "",
    };

    /// <summary>A device of the destination, judged for one of the source.</summary>
    private sealed record Candidate(string Resource, string Name, Fit Fit, string Why);
}
