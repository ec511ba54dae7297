using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Acceptance;

/// <summary>A device of a case's guests.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Words">What it is called in steps and checks.</param>
/// <param name="Document">What a guest is given on the source.</param>
/// <param name="Resource">What it uses of the source: a node, a function's address; <see langword="null"/> for nothing.</param>
internal sealed record CaseDevice(CaseDeviceKind Kind, string Words, DeviceDocument Document, string? Resource = null)
{
    /// <summary>What it becomes on the destination; <see langword="null"/> when that is not known.</summary>
    internal string? There { get; set; }

    /// <summary>The vDPA device behind it.</summary>
    internal VdpaRequest? Made { get; init; }
}

/// <summary>Devices of a case: those that its guests have, and those that it made on the hosts.</summary>
internal sealed partial class CaseBench
{
    private static readonly AcceleratorEngine[] Engines = [AcceleratorEngine.Zip, AcceleratorEngine.Hpre, AcceleratorEngine.Sec];

    private readonly List<CaseDevice> _devices = [];
    private readonly List<(IHost Host, string Name)> _made = [];

    /// <summary>The devices that the case's guests have, or may have.</summary>
    internal IReadOnlyList<CaseDevice> Devices => _devices;

    /// <summary>Makes devices of the plan's kind for a guest on the source.</summary>
    /// <param name="count">How many.</param>
    /// <param name="isDefined">Whether a definition has to be able to say them; else attaching them to a running guest will do.</param>
    internal async Task<IReadOnlyList<CaseDevice>> MakeDevicesAsync(int count, bool isDefined)
    {
        int known = _devices.Count;
        if (Planned.Kind == CaseDeviceKind.Kae && count > 0)
        {
            _devices.AddRange(await PickAsync(count).ConfigureAwait(false));
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                _devices.Add(Planned.Kind == CaseDeviceKind.Rng ? Generator(_devices.Count) : await MakeVdpaAsync(_devices.Count, isDefined).ConfigureAwait(false));
            }
        }

        return [.. _devices.Skip(known)];
    }

    /// <summary>A device of the plan's kind, to be attached to a running guest.</summary>
    internal async Task<CaseDevice> MakeDeviceAsync() => (await MakeDevicesAsync(1, isDefined: false).ConfigureAwait(false))[0];

    /// <summary>One that no guest has when it migrates.</summary>
    internal async Task<CaseDevice> MakeSpareAsync()
    {
        CaseDevice device = await MakeDeviceAsync().ConfigureAwait(false);
        _devices.Remove(device);
        return device;
    }

    /// <summary>Looks whether a guest has all of its devices on a host.</summary>
    internal async Task CheckDevicesAsync(IHost host, CaseGuest guest)
    {
        foreach (CaseDevice device in _devices)
        {
            await CheckDeviceAsync(host, guest, device, isWanted: true).ConfigureAwait(false);
        }
    }

    /// <summary>Looks whether a guest has a device on a host, in the running domain or, of one that is off, in its definition.</summary>
    internal async Task CheckDeviceAsync(IHost host, CaseGuest guest, CaseDevice device, bool isWanted)
    {
        bool has = await HasAsync(host, guest, device).ConfigureAwait(false);
        Check($"{guest.Name} has {(isWanted ? "" : "no ")}{device.Words} on {host.Address.Name}", has == isWanted, has ? "it has it" : "it does not have it");
    }

    /// <summary>Looks whether the stored definition has a device.</summary>
    internal async Task CheckDefinedAsync(IHost host, CaseGuest guest, CaseDevice device, bool isWanted)
    {
        string? definition = await host.GetDefinitionAsync(guest.Uuid, CancellationToken.None).ConfigureAwait(false);
        bool has = definition is not null && DomainDocument.Parse(definition).PlacedDevices.Any(SelectorOn(host, device).Matches);
        Check($"the definition of {guest.Name} on {host.Address.Name} has {(isWanted ? "" : "no ")}{device.Words}", has == isWanted, definition is null ? "there is no definition" : has ? "it has it" : "it does not have it");
    }

    private async Task<bool> HasAsync(IHost host, CaseGuest guest, CaseDevice device)
    {
        DomainDeviceList list = await DomainDeviceList.ReadAsync(host, guest.Key, files: Machine(host)?.Files).ConfigureAwait(false);
        return DomainDocument.Parse(list.Domain.Xml).PlacedDevices.Any(SelectorOn(host, device).Matches)
            || list.Devices.Any(listed => !listed.IsKnownToLibvirt && listed.Resource is { } resource && resource == (host == Source ? device.Resource : device.There));
    }

    // On the destination a device of the host is another one, where it became one.
    private DeviceSelector SelectorOn(IHost host, CaseDevice device) =>
        host == Destination && device.There is { } there ? DeviceSelector.Parse(there) : DeviceSelector.Of(device.Document);

    /// <summary>The vDPA devices of a host.</summary>
    internal VdpaDevices Vdpa(IHost host) => Machine(host) is { } machine ? new(machine.Files, machine.Vdpa, host, Time)
        : throw NotApplicable($"{host.Address.Name} is not this machine, and no side channel leads to it: its vDPA devices can be neither made nor listed");

    /// <summary>The management device for one of the plan's kind of devices, where a host has it.</summary>
    /// <param name="host">The host.</param>
    /// <param name="ordinal">Which of the case's vDPA devices on that host it is for, from 0.</param>
    internal async Task<string> ManagementDeviceAsync(IHost host, int ordinal)
    {
        CaseDeviceKind kind = Planned.Kind == CaseDeviceKind.Blk ? CaseDeviceKind.Blk : CaseDeviceKind.Net;
        (string? name, string? problem) = CaseDeviceKinds.ManagementDevice(kind, kind == CaseDeviceKind.Blk ? _setup.Plan.BlkManagementDevices : _setup.Plan.NetManagementDevices, ordinal);
        return await PresentAsync(host, name ?? throw NotApplicable(problem!)).ConfigureAwait(false);
    }

    private async Task<string> PresentAsync(IHost host, string name)
    {
        IReadOnlyList<VdpaManagementDevice> there;
        try
        {
            there = await Vdpa(host).ListManagementDevicesAsync(_cancellationToken).ConfigureAwait(false);
        }
        catch (HostDeviceException e) when (e.Problem is HostDeviceProblem.ToolMissing or HostDeviceProblem.ModuleNotLoaded)
        {
            throw NotApplicable($"{host.Address.Name} has no vDPA devices: {e.Message}");
        }

        return there.Any(device => device.Name == name) ? name : throw NotApplicable($"{host.Address.Name} has no management device {name}");
    }

    /// <summary>What a vDPA device of the case is asked for as.</summary>
    /// <param name="host">The host.</param>
    /// <param name="number">Which of the case's devices it is, from 0.</param>
    /// <param name="ordinal">Which of its vDPA devices, where it has others before them.</param>
    internal async Task<VdpaRequest> VdpaRequestAsync(IHost host, int number, int? ordinal = null) => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}-{number}{(host == Source ? 's' : 'd')}"),
        ManagementDevice = await ManagementDeviceAsync(host, ordinal ?? number).ConfigureAwait(false),
        Mac = Planned.Kind != CaseDeviceKind.Blk ? Mac(number) : null,
    };

    /// <summary>Makes a vDPA device, which is deleted at the end.</summary>
    internal async Task<VdpaDevice> CreateAsync(IHost host, VdpaRequest request)
    {
        Step($"make the vDPA device {request.Name} on {host.Address.Name}");
        await ReserveAsync(host, request.Name).ConfigureAwait(false);
        try
        {
            return (await Vdpa(host).CreateAsync(request, cancellationToken: _cancellationToken).ConfigureAwait(false)).Device;
        }
        catch (HostDeviceException e) when (e.Problem is HostDeviceProblem.AlreadyExists or HostDeviceProblem.Differs)
        {
            _made.Remove((host, request.Name)); // somebody else's, made in between
            throw;
        }
    }

    /// <summary>Makes sure that a vDPA device is not there, and that it is deleted at the end if it comes to be.</summary>
    internal async Task ReserveAsync(IHost host, string name)
    {
        if ((await Vdpa(host).ListAsync(_cancellationToken).ConfigureAwait(false)).Any(device => device.Name == name))
        {
            throw new CaseEndedException(new(CaseVerdict.Fail, $"{host.Address.Name} has a vDPA device {name} already, which the case did not make", OutcomeCode.Refused));
        }

        _made.Add((host, name));
    }

    /// <summary>The functions of a host's accelerators.</summary>
    internal async Task<SriovInventory> FunctionsAsync(IHost host)
    {
        SriovInventory functions = (Machine(host) is { } machine
            ? await SriovSysfs.ReadAsync(machine.Files, host, _cancellationToken).ConfigureAwait(false)
            : await SriovNodeDevices.ReadAsync(host, _cancellationToken).ConfigureAwait(false)).AcceleratorsOnly();
        return functions.VirtualFunctions.Count > 0 ? functions : throw NotApplicable($"{host.Address.Name} has no virtual function of a Kunpeng accelerator");
    }

    /// <summary>The device that a function is for a guest of the source.</summary>
    internal async Task<CaseDevice> OfFunctionAsync(VirtualFunction function) => new(
        CaseDeviceKind.Kae, $"{Accelerator.All.First(known => known.Engine == function.Engine).Name} {function.Address}",
        DeviceDocument.Parse(VfPick.HostDevice(function, await Source.GetDialectAsync(_cancellationToken).ConfigureAwait(false)).ToString()), function.Address);

    /// <summary>Keeps a device as one of the guest's.</summary>
    internal CaseDevice Keep(CaseDevice device)
    {
        _devices.Add(device);
        return device;
    }

    /// <summary>Deletes a vDPA device that the case made.</summary>
    internal async Task DeleteAsync(IHost host, string name)
    {
        Step($"delete the vDPA device {name} on {host.Address.Name}");
        await Vdpa(host).DeleteAsync(name, cancellationToken: _cancellationToken).ConfigureAwait(false);
        _made.Remove((host, name));
    }

    private async Task DeleteDevicesAsync(List<string> problems)
    {
        foreach ((IHost host, string name) in Enumerable.Reverse(_made))
        {
            await TryAsync($"the vDPA device {name} on {host.Address.Name}", () => RemoveAsync(host, name), problems).ConfigureAwait(false);
        }
    }

    // Not asked by name where it is not: a name that a case must not give is refused, there or not.
    private async Task RemoveAsync(IHost host, string name)
    {
        if (VdpaSysfs.Has(Machine(host)!.Files, name))
        {
            await Vdpa(host).DeleteAsync(name, ifNeeded: true, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyList<CaseDevice>> PickAsync(int count)
    {
        VfPick pick;
        try
        {
            pick = VfPick.Choose(await FunctionsAsync(Source).ConfigureAwait(false), Engines[..count]);
        }
        catch (HostDeviceException e) when (e.Problem == HostDeviceProblem.NothingFits)
        {
            throw NotApplicable(e.Message);
        }

        Step($"choose {string.Join(", ", pick.Functions.Select(function => function.Address))} on {Source.Address.Name}");
        return await Task.WhenAll(pick.Functions.Select(OfFunctionAsync)).ConfigureAwait(false);
    }

    /// <summary>Makes the destination's counterparts of vDPA devices, and chooses those of functions.</summary>
    internal async Task MakeDevicesThereAsync()
    {
        CaseDevice[] missing = [.. _devices.Where(device => device is { Resource: not null, There: null })];
        foreach (CaseDevice device in missing.Where(device => device.Made is not null))
        {
            device.There = (await CreateThereAsync(device.Made!).ConfigureAwait(false)).CharDevice;
        }

        CaseDevice[] functions = [.. missing.Where(device => device.Made is null)];
        if (functions.Length > 0)
        {
            await PickThereAsync(functions).ConfigureAwait(false);
        }
    }

    /// <summary>The destination's counterpart of a device that no guest has yet, to be attached there.</summary>
    internal async Task<CaseDevice> MakeThereAsync(CaseDevice device)
    {
        if (device.Made is not { } request)
        {
            return device; // needs nothing of a host
        }

        string node = (await CreateThereAsync(request).ConfigureAwait(false)).CharDevice!;
        return OfNode(device.Kind, await Destination.GetDialectAsync(_cancellationToken).ConfigureAwait(false), request, request.Name[..^1] + "d", node) with { There = node };
    }

    private async Task<VdpaDevice> CreateThereAsync(VdpaRequest request) => await CreateAsync(
        Destination, request with { Name = request.Name[..^1] + "d", ManagementDevice = await PresentAsync(Destination, request.ManagementDevice).ConfigureAwait(false) }).ConfigureAwait(false);

    /// <summary>Chooses counterparts: those of functions of one NUMA node are on one node, too.</summary>
    private async Task PickThereAsync(CaseDevice[] devices)
    {
        SriovInventory there = await FunctionsAsync(Destination).ConfigureAwait(false);
        ILookup<string, VirtualFunction> here = (await FunctionsAsync(Source).ConfigureAwait(false)).VirtualFunctions.ToLookup(function => function.Address);
        foreach (IGrouping<int?, CaseDevice> node in devices.GroupBy(device => here[device.Resource!].First().NumaNode))
        {
            VirtualFunction[] left = [.. there.VirtualFunctions.Where(function => _devices.All(other => other.There != function.Address))];
            try
            {
                VfPick pick = VfPick.Choose(there with { VirtualFunctions = left }, [.. node.Select(device => here[device.Resource!].First().Engine!.Value)]);
                foreach ((CaseDevice device, VirtualFunction function) in node.Zip(pick.Functions))
                {
                    device.There = function.Address;
                }
            }
            catch (HostDeviceException e) when (e.Problem == HostDeviceProblem.NothingFits)
            {
                throw NotApplicable($"{Destination.Address.Name}: {e.Message}");
            }
        }
    }

    /// <summary>Makes a vDPA device on the source, of the plan's kind: a network device where that is none of vDPA's.</summary>
    internal async Task<CaseDevice> MakeVdpaAsync(int number, bool isDefined)
    {
        HostDialect dialect = await Source.GetDialectAsync(_cancellationToken).ConfigureAwait(false);
        bool isNet = Planned.Kind != CaseDeviceKind.Blk;
        if (!dialect.VdpaHostDevice && !isNet && isDefined)
        {
            throw NotApplicable($"the libvirt of {Source.Address.Name} has no <hostdev type='vdpa'>: a definition cannot say a vDPA disk as one");
        }

        VdpaRequest request = await VdpaRequestAsync(Source, number, _devices.Count(device => device.Made is not null)).ConfigureAwait(false);
        VdpaDevice made = await CreateAsync(Source, request).ConfigureAwait(false);
        string node = made.CharDevice!; // one without is an error of its own
        return OfNode(Planned.Kind, dialect, request, request.Name, node);
    }

    private static CaseDevice OfNode(CaseDeviceKind kind, HostDialect dialect, VdpaRequest request, string name, string node)
    {
        string xml = dialect.VdpaHostDevice || kind == CaseDeviceKind.Blk ? $"<hostdev mode='subsystem' type='vdpa'><source dev='{node}'/></hostdev>"
            : $"<interface type='vdpa'><mac address='{request.Mac}'/><source dev='{node}'/><model type='virtio'/></interface>";
        return new(kind, $"{name} ({node})", DeviceDocument.Parse(xml), node) { Made = request };
    }

    // Told apart by their rates: a device without a name is known by all that its document says.
    private static CaseDevice Generator(int number)
    {
        string bytes = ((number + 1) * 1024).ToString(CultureInfo.InvariantCulture);
        return new(CaseDeviceKind.Rng, $"a random number generator of {bytes} bytes/s", DeviceDocument.Parse(
            $"<rng model='virtio'><rate bytes='{bytes}' period='1000'/><backend model='random'>/dev/urandom</backend></rng>"));
    }

    // Locally administered, and no two cases of a run have the same.
    private string Mac(int number)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(_prefix));
        return string.Create(CultureInfo.InvariantCulture, $"52:54:{hash[0]:x2}:{hash[1]:x2}:{hash[2]:x2}:{number:x2}");
    }
}
