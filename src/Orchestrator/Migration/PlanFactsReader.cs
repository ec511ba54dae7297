using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Checks;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Migration;

/// <summary>
/// Asks both hosts, at once, what a plan needs. A guest without devices of its host costs one round of short calls on each; what only devices make worth knowing (inventories,
/// kernels, dialects) is asked for only with such devices.
/// </summary>
/// <param name="files">The files of this machine.</param>
/// <param name="tool">Its vdpa tool.</param>
public sealed class PlanFactsReader(HostFiles? files = null, VdpaTool? tool = null)
{
    private readonly HostFiles _files = files ?? new();
    private readonly VdpaTool _tool = tool ?? new();

    /// <summary>Asks both hosts.</summary>
    /// <param name="source">The host that the domain runs on.</param>
    /// <param name="destination">The host that it is to go to.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostUnreachableException">One was lost.</exception>
    public async Task<(PlanningFacts Source, PlanningFacts Destination)> ReadAsync(
        IHost source, IHost destination, MigrationRequest request, DomainSnapshot domain, CancellationToken cancellationToken = default)
    {
        DomainDocument document;
        try
        {
            document = DomainDocument.Parse(domain.Xml);
        }
        catch (DomainDocumentException)
        {
            return (new() { Host = source.Identity }, new() { Host = destination.Identity }); // a check says that it cannot be read
        }

        IReadOnlyList<DomainDevice> devices = DeviceMapper.DevicesOf(document);
        Task<PlanningFacts> qemu = ObstaclesAsync(source, request, domain, document, cancellationToken);
        if (request.DetachDevices)
        {
            // What was plugged in past libvirt has to find its place on the destination, too.
            devices = [.. devices, .. DetachmentPlanner.PastLibvirt((await qemu.ConfigureAwait(false)).UnknownDevices, devices)];
        }

        Task<PlanningFacts> asking = SourceAsync(source, request, domain, qemu, devices, cancellationToken);
        Task<PlanningFacts> there = DestinationAsync(destination, request, document, devices, cancellationToken);
        await Task.WhenAll(asking, there).ConfigureAwait(false);
        return (await asking.ConfigureAwait(false), await there.ConfigureAwait(false));
    }

    private async Task<PlanningFacts> SourceAsync(
        IHost host, MigrationRequest request, DomainSnapshot domain, Task<PlanningFacts> qemu, IReadOnlyList<DomainDevice> devices, CancellationToken cancellationToken)
    {
        PlanningFacts facts = await BothAsync(host, request, devices, cancellationToken).ConfigureAwait(false);
        PlanningFacts asked = await qemu.ConfigureAwait(false);
        facts = facts with { Obstacles = asked.Obstacles, UnknownDevices = asked.UnknownDevices, BlockedReasons = asked.BlockedReasons };
        if (domain.IsActive && (devices.Count > 0 || request.DestinationXml is not null || request.PersistentXml is not null))
        {
            // With its passwords: a document without them would take them from the guest.
            facts = facts with
            {
                MigratableXml = await host.GetDomainXmlAsync(domain.Uuid, DomainXmlFlags.Migratable | DomainXmlFlags.Secure, cancellationToken).ConfigureAwait(false),
                DefinitionXml = domain.IsPersistent ? await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false) : null,
            };
        }

        return devices.Any(NeedsInventory)
            ? facts with { Devices = await DeviceFacts.ReadAsync(host, facts.Layers is { FilesSeen: true } ? MachineBehind(host)?.Files : null, cancellationToken).ConfigureAwait(false) }
            : facts;
    }

    private static async Task<PlanningFacts> ObstaclesAsync(IHost host, MigrationRequest request, DomainSnapshot domain, DomainDocument document, CancellationToken cancellationToken)
    {
        string[] disks = [.. GuestFiles.Disks(document).Select(disk => disk.Target)];
        DomainObstacles obstacles = await host.GetObstaclesAsync(domain.Uuid, disks, HasHostCpu(document), cancellationToken).ConfigureAwait(false);
        PlanningFacts facts = new() { Host = host.Identity, Obstacles = obstacles };

        // Asking QEMU taints the domain. A device past libvirt can only have come through the same door, which has tainted it then: so it is asked only where that is so, or where
        // devices are to be detached, of which only QEMU is sure whether they have to be.
        bool asks = obstacles.MonitorUsed == true || (request.DetachDevices && document.Devices.Any(device => device.Scheme.IsOfTheHost()));
        return !domain.IsActive || !asks ? facts : facts with
        {
            UnknownDevices = await QemuDevices.ListUnknownAsync(host, domain, cancellationToken).ConfigureAwait(false),
            BlockedReasons = await new QemuMonitor(host, domain.Uuid).BlockedReasonsAsync(cancellationToken).ConfigureAwait(false),
        };
    }

    private async Task<PlanningFacts> DestinationAsync(IHost host, MigrationRequest request, DomainDocument document, IReadOnlyList<DomainDevice> devices, CancellationToken cancellationToken)
    {
        PlanningFacts facts = await BothAsync(host, request, devices, cancellationToken).ConfigureAwait(false);
        string[] paths = [.. GuestFiles.Disks(document).Select(disk => disk.Path).OfType<string>().Concat(GuestFiles.Boot(document)).Distinct()];
        GuestOffer offer = await host.GetOfferAsync(
            new()
            {
                Architecture = document.Architecture,
                Machine = document.Machine,
                Type = document.HypervisorType,
                Emulator = document.Emulator,
                Cpu = HasHostCpu(document) ? null : document.Root.Element("cpu")?.ToString(),
                HostCpu = HasHostCpu(document),
                PageSizesKiB = GuestFiles.HugePages(document) ?? [],
                Volumes = facts.IsThisMachine ? [] : paths,
            },
            cancellationToken).ConfigureAwait(false);
        return facts with { Offer = offer, Files = facts.IsThisMachine ? Look(paths) : offer.Volumes };
    }

    private async Task<PlanningFacts> BothAsync(IHost host, MigrationRequest request, IReadOnlyList<DomainDevice> devices, CancellationToken cancellationToken)
    {
        bool isLocal = HostMachine.IsHere(host.Identity, _files);
        var facts = new PlanningFacts
        {
            Host = host.Identity,
            IsThisMachine = isLocal,
            HasCertificates = isLocal ? HasCertificates(host.Identity) : null,
            Inventory = new() { Sockets = isLocal ? Sockets(request, devices) : new Dictionary<string, bool>() },
        };
        if (!devices.Any(NeedsInventory))
        {
            return facts;
        }

        HostFacts layers = await new HostFactsReader(_files).ReadAsync(host, cancellationToken).ConfigureAwait(false);
        return facts with
        {
            Layers = layers,
            Dialect = layers.Dialect,
            Inventory = await InventoryAsync(host, layers.FilesSeen ? MachineBehind(host) : null, devices, facts.Inventory, cancellationToken).ConfigureAwait(false),
        };
    }

    private static async Task<DeviceInventory> InventoryAsync(
        IHost host, HostMachine? machine, IReadOnlyList<DomainDevice> devices, DeviceInventory inventory, CancellationToken cancellationToken)
    {
        if (machine is not null)
        {
            if (devices.Any(DeviceMapper.IsFunction))
            {
                inventory = inventory with { Functions = await SriovSysfs.ReadAsync(machine.Files, host, cancellationToken).ConfigureAwait(false) };
            }

            if (!devices.Any(DeviceMapper.IsVdpa))
            {
                return inventory;
            }

            try
            {
                var vdpa = new VdpaDevices(machine.Files, machine.Vdpa, host);
                return inventory with
                {
                    Vdpa = await vdpa.ListAsync(cancellationToken).ConfigureAwait(false),
                    Management = await vdpa.ListManagementDevicesAsync(cancellationToken).ConfigureAwait(false),
                };
            }
            catch (HostDeviceException e)
            {
                inventory = inventory with { Problem = e.Message }; // libvirt tells less, and still something
            }
        }

        const NodeDeviceCapabilities Wanted = NodeDeviceCapabilities.System | NodeDeviceCapabilities.PciDev | NodeDeviceCapabilities.Vdpa;
        (IReadOnlyList<NodeDeviceDocument> documents, _) = await HostNodeDevices.ListAsync(host, Wanted, cancellationToken).ConfigureAwait(false);
        if (documents.Count == 0)
        {
            // Any driver for devices tells at least of the computer itself.
            return inventory with { Problem = inventory.Problem ?? $"the daemon of {host.Identity.Name} has no driver for node devices" };
        }

        ILookup<string, string> users = await HostDomains.UsersAsync(host, cancellationToken).ConfigureAwait(false);
        return inventory with { Vdpa = VdpaNodeDevices.Read(documents, users), Functions = inventory.Functions ?? SriovNodeDevices.Read(documents, users) };
    }

    private HostMachine? MachineBehind(IHost host) => HostMachine.Behind(host, _files, _tool);

    /// <summary>Whether files are there; one that this user could not see if it were is left out.</summary>
    private Dictionary<string, bool> Look(IEnumerable<string> paths)
    {
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            if (_files.Exists(path))
            {
                found[path] = true;
                continue;
            }

            string folder = Path.GetDirectoryName(path) ?? "/";
            while (folder != "/" && !_files.Exists(folder))
            {
                folder = Path.GetDirectoryName(folder) ?? "/";
            }

            if (_files.MayList(folder) == true)
            {
                found[path] = false;
            }
        }

        return found;
    }

    private Dictionary<string, bool> Sockets(MigrationRequest request, IReadOnlyList<DomainDevice> devices) =>
        Look(devices.Where(DeviceMapper.IsVhostUser).Select(device => device.HostResource!).Concat(request.Map.Select(entry => entry.Destination)).Where(path => path.StartsWith('/')).Distinct());

    /// <summary>Looks where qemu.conf says that the certificates of migrations are, else in the common folder.</summary>
    private bool? HasCertificates(HostIdentity host)
    {
        string? text = DaemonPlaces.Find(host.Uri, Environment.GetEnvironmentVariable) is { } places ? _files.ReadText(places.Configuration) : null;
        string folder = TlsFolder(text, "migrate_tls_x509_cert_dir") ?? TlsFolder(text, "default_tls_x509_cert_dir") ?? "/etc/pki/qemu";
        return _files.MayList(folder) == false ? null : _files.Exists($"{folder}/ca-cert.pem") && _files.Exists($"{folder}/server-cert.pem");
    }

    private static string? TlsFolder(string? configuration, string setting) => configuration?.Split('\n')
        .Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith(setting, StringComparison.Ordinal))?.Split('=', 2) is [_, var value] && value.Trim().Trim('"') is ['/', ..] folder ? folder : null;

    private static bool NeedsInventory(DomainDevice device) => DeviceMapper.IsVdpa(device) || DeviceMapper.IsFunction(device);

    private static bool HasHostCpu(DomainDocument document) => (string?)document.Root.Element("cpu")?.Attribute("mode") is "host-passthrough" or "maximum";
}
