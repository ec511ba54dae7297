using System.Text.Json.Serialization;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>Who moves a device's data.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DataPathOwner>))]
public enum DataPathOwner
{
    /// <summary>QEMU emulates it.</summary>
    [JsonStringEnumMemberName("qemu")]
    Qemu,

    /// <summary>The host's kernel: vhost, or a driver that simulates hardware.</summary>
    [JsonStringEnumMemberName("host_kernel")]
    HostKernel,

    /// <summary>A process of the host: a vhost-user backend, a VDUSE daemon.</summary>
    [JsonStringEnumMemberName("process")]
    Process,

    /// <summary>The hardware.</summary>
    [JsonStringEnumMemberName("hardware")]
    Hardware,

    /// <summary>Not known.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,
}

/// <summary>Whether QEMU is asked what it has, which marks a domain as tainted.</summary>
public enum AskQemu
{
    /// <summary>Where libvirt may not know all devices: on hosts without <c>&lt;hostdev type='vdpa'&gt;</c>.</summary>
    Auto,

    /// <summary>Of every running domain.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}

/// <summary>A device of a domain.</summary>
/// <param name="Kind">A short text for people, such as <c>&lt;hostdev type='vdpa'&gt;</c>.</param>
/// <param name="Scheme">How it is virtualised.</param>
/// <param name="DataPath">Who moves its data.</param>
/// <param name="Resource">What it uses of the host.</param>
/// <param name="GuestAddress">Its place on the guest's PCI bus, or the port that it is plugged into.</param>
/// <param name="Alias">libvirt's or QEMU's name of it.</param>
/// <param name="IsLive">Whether the running domain has it.</param>
/// <param name="IsDefined">Whether the definition has it.</param>
/// <param name="IsKnownToLibvirt">Whether the domain's document shows it; otherwise only QEMU knows it.</param>
/// <param name="Migration">How it would migrate, and why that is believed.</param>
public sealed record ListedDevice(
    string Kind, DeviceScheme Scheme, DataPathOwner DataPath, string? Resource, string? GuestAddress, string? Alias, bool IsLive, bool IsDefined, bool IsKnownToLibvirt, DeviceMigration Migration);

/// <summary>The devices of a domain.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Devices">Its devices, those that only QEMU knows last.</param>
/// <param name="QemuAsked">Whether QEMU was asked. Where not, devices that were plugged in past libvirt are not seen.</param>
/// <param name="BlockedReasons">Why QEMU would not migrate the domain now; empty when it would, <see langword="null"/> when it was not asked.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record DomainDeviceList(DomainSnapshot Domain, IReadOnlyList<ListedDevice> Devices, bool QemuAsked, IReadOnlyList<string>? BlockedReasons, IReadOnlyList<string> Notes)
{
    /// <summary>Lists a domain's devices.</summary>
    /// <param name="host">The host.</param>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="ask">Whether QEMU is asked.</param>
    /// <param name="files">The host's files, where its machine is this one or reached over SSH: they tell the drivers of its devices.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    public static async Task<DomainDeviceList> ReadAsync(IHost host, string nameOrUuid, AskQemu ask = AskQemu.Auto, HostFiles? files = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        DomainSnapshot domain = await host.FindDomainAsync(nameOrUuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException(nameOrUuid, host.Address.Name);
        HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
        DomainDocument? live = domain.IsActive ? DomainDocument.Parse(domain.Xml) : null;
        DomainDocument? config = domain.IsPersistent && await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false) is { } definition ? DomainDocument.Parse(definition) : null;
        var notes = new List<string>();
        IReadOnlyList<QemuDevice> unknown = [];
        IReadOnlyList<string>? blocked = null;
        bool isAsked = live is not null && host.Identity.Driver is null or "QEMU" && (ask == AskQemu.Always || (ask == AskQemu.Auto && !dialect.VdpaHostDevice));
        if (isAsked)
        {
            unknown = await QemuDevices.ListUnknownAsync(host, domain, cancellationToken).ConfigureAwait(false);
            blocked = await new QemuMonitor(host, domain.Uuid).BlockedReasonsAsync(cancellationToken).ConfigureAwait(false);
            notes.Add("QEMU was asked, which libvirt remembers of a domain as the taint custom-monitor until it is off");
        }
        else if (live is not null)
        {
            notes.Add("QEMU was not asked: devices that were plugged in past libvirt are not seen, nor what blocks a migration (--ask-qemu always; the domain is then tainted)");
        }

        IReadOnlyDictionary<string, DeviceHostFacts> facts = await DeviceFacts.ReadAsync(host, files, cancellationToken).ConfigureAwait(false);
        return new(domain, List(live, config, unknown, dialect, facts, blocked), isAsked, blocked, notes);
    }

    /// <summary>Puts together what the running domain, its definition and its QEMU have. Pure.</summary>
    internal static IReadOnlyList<ListedDevice> List(
        DomainDocument? live, DomainDocument? config, IReadOnlyList<QemuDevice> unknown, HostDialect dialect, IReadOnlyDictionary<string, DeviceHostFacts> facts, IReadOnlyList<string>? blocked)
    {
        List<PlacedDevice> defined = [.. config?.PlacedDevices.Where(IsListed) ?? []];
        var listed = new List<ListedDevice>();
        foreach (PlacedDevice placed in live?.PlacedDevices.Where(IsListed) ?? [])
        {
            var counterpart = DeviceSelector.CounterpartOf(placed);
            PlacedDevice? same = defined.Where(counterpart.Matches).OrderByDescending(other => other.Device.GuestAddress == placed.Device.GuestAddress).FirstOrDefault();
            if (same is not null)
            {
                defined.Remove(same);
            }

            listed.Add(Of(placed.Device, isLive: true, same is not null));
        }

        listed.AddRange(defined.Select(placed => Of(placed.Device, isLive: false, isDefined: true)));
        foreach (QemuDevice device in unknown)
        {
            DomainDevice generic = new GenericVdpaDevice { SourceDevice = device.Node ?? "", Driver = device.Driver, Id = device.Id };
            listed.Add(device.Node is not null
                ? Of(generic, isLive: true, isDefined: false) with { GuestAddress = device.Bus, Alias = device.Id, IsKnownToLibvirt = false }
                : new(
                    $"-device {device.Driver}", DeviceScheme.Other, DataPathOwner.Unknown, null, device.Bus, device.Id, true, false, false,
                    new(MigrationWay.ByDetach, true, ["libvirt: the other host's QEMU is not started with a device that libvirt does not know, and the migration fails late"])));
        }

        return listed;

        ListedDevice Of(DomainDevice device, bool isLive, bool isDefined)
        {
            DeviceHostFacts known = (device.HostResource is { } resource ? facts.GetValueOrDefault(resource) : null) ?? new();
            known = known with { BlockedReasons = isLive ? ReasonsOf(device, blocked) : null };
            DeviceScheme scheme = known.SchemeOf(device);
            return new(
                device.Kind, scheme, OwnerOf(scheme, known), device.HostResource, device.GuestAddress?.ToString() ?? (device as CommandLineDevice)?.Bus, (device as CommandLineDevice)?.Id ?? device.Alias, isLive, isDefined, true,
                DeviceMigration.Judge(device, dialect, known));
        }
    }

    /// <summary>Who moves the data of a device of a scheme.</summary>
    internal static DataPathOwner OwnerOf(DeviceScheme scheme, DeviceHostFacts facts) => scheme switch
    {
        DeviceScheme.Emulated or DeviceScheme.Virtio or DeviceScheme.VdpaNetSimulation => DataPathOwner.Qemu,
        DeviceScheme.VhostKernel => DataPathOwner.HostKernel,
        DeviceScheme.VhostUser or DeviceScheme.Vduse => DataPathOwner.Process,
        DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa when (facts.ParentDriver ?? facts.ManagementDevice)?.StartsWith("vdpasim", StringComparison.Ordinal) == true => DataPathOwner.HostKernel,
        DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa or DeviceScheme.UserVdpa or DeviceScheme.Sriov or DeviceScheme.VirtioPassthrough or DeviceScheme.MediatedDevice
            or DeviceScheme.HostPassthrough => DataPathOwner.Hardware,
        _ => DataPathOwner.Unknown,
    };

    /// <summary>
    /// What of QEMU's reasons is about a device: it names it by its driver or by its address on the host. Which network its shadow virtqueues do not fit it does not say, so that is about each that would need them.
    /// No reason at all is about every device.
    /// </summary>
    internal static IReadOnlyList<string>? ReasonsOf(DomainDevice device, IReadOnlyList<string>? blocked)
    {
        if (blocked is not { Count: > 0 })
        {
            return blocked;
        }

        string[] mine = [.. blocked.Where(reason => (device.HostResource is { Length: > 0 } resource && reason.Contains(resource, StringComparison.Ordinal))
            || (device.Scheme == DeviceScheme.GenericVdpa && reason.Contains("vhost-vdpa-device", StringComparison.Ordinal))
            || (device is VdpaInterface or VhostVdpaNetwork && reason.StartsWith("vdpa svq", StringComparison.Ordinal)))];
        return mine.Length > 0 ? mine : null;
    }

    /// <summary>Controllers, consoles and the like use nothing of the host's and move with QEMU: they are no devices in this sense.</summary>
    private static bool IsListed(PlacedDevice placed) => placed.Device.Scheme != DeviceScheme.Other || (placed.Device.HostResource is not null && placed.Element?.Name.LocalName is "hostdev" or "interface" or "disk");
}
