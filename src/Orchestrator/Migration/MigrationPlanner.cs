using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration.Checks;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;
using Orchestrator.Support;

namespace Orchestrator.Migration;

/// <summary>Makes a plan from a request and a snapshot of each host. Pure.</summary>
public static class MigrationPlanner
{
    private const string Loopback = "127.0.0.1";

    /// <summary>Makes a plan.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="domain">The domain as it stands on the source.</param>
    /// <param name="source">The source.</param>
    /// <param name="destination">The destination, and what stands there under the domain's name and UUID.</param>
    /// <param name="address">How the destination is reached: by its peers, and by migrations; <see langword="null"/> when only its URI is known.</param>
    /// <param name="here">What the source told; <see langword="null"/> when it was not asked: the checks that need it find nothing out then.</param>
    /// <param name="there">What the destination told; <see langword="null"/> when it was not asked.</param>
    /// <exception cref="ArgumentException">The request allows what nobody knows.</exception>
    public static MigrationPlan Plan(
        MigrationRequest request, DomainSnapshot domain, HostIdentity source, HostSnapshot destination, HostAddress? address = null, PlanningFacts? here = null, PlanningFacts? there = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        MigrationConsents.Validate(request.Allow);
        MigrationMode mode = request.Mode != MigrationMode.Auto ? request.Mode
            : address?.PeerUri is not null ? MigrationMode.P2P
            : ChooseMode(source, destination.Host);
        PolicyContext policy = TransferCall.ContextOf(request, domain);
        DomainMigrateFlags flags = Flags(request, domain, mode) | TransferCall.FlagsOf(request.Policy, policy);
        bool oneMachine = IsLocal(source) && IsLocal(destination.Host);
        (DomainDocument? document, string? unreadable) = Read(domain.Xml);
        DeviceMapping mapping = document is null ? DeviceMapping.None : Map(request, document, domain, source, here, there, oneMachine);
        PlanDocuments documents = PlanDocuments.Of(request, here, mapping.Devices, persistent: flags.HasFlag(DomainMigrateFlags.PersistDest) && domain.IsPersistent);
        var context = new PlanContext(request, domain, document, unreadable, source, destination, here, there, mapping, documents, mode, flags, oneMachine);
        IReadOnlyList<Check> checks = MigrationChecks.All(context);
        return new()
        {
            Request = request,
            Domain = domain,
            Source = source,
            Destination = destination.Host,
            DestinationWasFree = destination.ByUuid is null,
            Mode = mode,
            PolicyContext = policy with { DeviceCost = TransferCall.CostOf(context.DeviceFloor) },
            Checks = checks,
            Devices = mapping.Devices,
            DestinationXml = Shown(documents.Destination),
            PersistentXml = Shown(documents.Persistent),
            Diff = documents.Diff,
            Consents = PlanConsents.Of(context, checks),
            SourceFacts = here,
            DestinationFacts = there,
            Call = new()
            {
                DomainUuid = domain.Uuid,
                DestinationUri = (mode == MigrationMode.P2P ? address?.PeerUri : null) ?? destination.Host.Uri,
                Flags = flags,
                Parameters = [.. Parameters(request, oneMachine, address?.MigrationAddress, documents), .. TransferCall.ParametersOf(request.Policy, policy, request.BandwidthMiBps)],
            },
        };
    }

    /// <summary>The plan with the nodes that devices got when they were made, in the place of the names that stood for them.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="nodes">The nodes, by <see cref="DeviceCreation.Placeholder"/>.</param>
    internal static MigrationPlan WithNodes(MigrationPlan plan, IReadOnlyDictionary<string, string> nodes)
    {
        // The longest first: one name may begin with another.
        KeyValuePair<string, string>[] ordered = [.. nodes.OrderByDescending(node => node.Key.Length)];
        return plan with
        {
            Devices =
            [
                .. plan.Devices.Select(device => device with
                {
                    Destination = Resolve(device.Destination),
                    Detachment = device.Detachment is { } detachment ? detachment with { DestinationXml = Resolve(detachment.DestinationXml) } : null,
                }),
            ],
            DestinationXml = Resolve(plan.DestinationXml),
            PersistentXml = Resolve(plan.PersistentXml),
            Diff = [.. plan.Diff.Select(line => Resolve(line)!)],
            Call = WithTexts(plan.Call, parameter => Resolve((string)parameter.Value)!),
        };

        string? Resolve(string? text) => ordered.Aggregate(text, (current, node) => current?.Replace(node.Key, node.Value, StringComparison.Ordinal));
    }

    /// <summary>The plan whose document of the running domain, if there is one, has the operation's marker: the source's own has it by then, and a copy without it belongs to nobody.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="marker">The marker.</param>
    internal static MigrationPlan WithMarker(MigrationPlan plan, OperationMarker marker) => plan with
    {
        Call = WithTexts(plan.Call, parameter => parameter.Key == MigrateParameter.DestinationXml ? marker.PutInto((string)parameter.Value) : (string)parameter.Value),
    };

    private static MigrationCall WithTexts(MigrationCall call, Func<KeyValuePair<string, object>, string> text) => call with
    {
        Parameters = [.. call.Parameters.Select(parameter => parameter.Value is string ? new(parameter.Key, text(parameter)) : parameter)],
    };

    private static DeviceMapping Map(
        MigrationRequest request, DomainDocument document, DomainSnapshot domain, HostIdentity host, PlanningFacts? here, PlanningFacts? there, bool oneMachine)
    {
        IReadOnlyList<DomainDevice> devices = DeviceMapper.DevicesOf(document);
        if (request.DetachDevices)
        {
            devices = [.. devices, .. DetachmentPlanner.PastLibvirt(here?.UnknownDevices, devices)];
        }

        DeviceInventory source = here?.Inventory ?? new();
        IReadOnlyList<DeviceMapEntry> entries = request.Map;
        if (request.DestinationXml is { } given && Read(given).Document is { } chosen)
        {
            entries = [.. entries, .. HandMap.Of(devices, DeviceMapper.DevicesOf(chosen)).Where(entry => entries.All(other => !ReferenceEquals(HandMap.Find(other.Source, devices, source), HandMap.Find(entry.Source, devices, source))))];
        }

        DeviceMapping mapping = new DeviceMapper(source, there?.Inventory ?? new(), there?.Dialect, oneMachine, request.Allow.Contains(MigrationConsents.CrossVendor)).Map(devices, entries);
        return request.DetachDevices ? DetachmentPlanner.Mark(mapping, devices, document, domain, here, host) : mapping;
    }

    /// <summary>A document as people and their files may see it: the call alone has its passwords.</summary>
    private static string? Shown(string? xml) => xml is null ? null : Redaction.OfText(xml);

    private static (DomainDocument? Document, string? Problem) Read(string xml)
    {
        try
        {
            return (DomainDocument.Parse(xml), null);
        }
        catch (DomainDocumentException e)
        {
            return (null, e.Message);
        }
    }

    internal static bool IsLocal(HostIdentity host) => QemuLogLocation.LocalSocket(host.Uri) is not null;

    // "qemu:///system" means this machine to us and itself to a remote source: only a URI that names its host can be handed on.
    internal static MigrationMode ChooseMode(HostIdentity source, HostIdentity destination) =>
        QemuLogLocation.LocalSocket(destination.Uri) is null || QemuLogLocation.LocalSocket(source.Uri) is not null
            ? MigrationMode.P2P
            : MigrationMode.Direct;

    private static DomainMigrateFlags Flags(MigrationRequest request, DomainSnapshot domain, MigrationMode mode)
    {
        DomainMigrateFlags flags = DomainMigrateFlags.Live;
        if (mode == MigrationMode.P2P)
        {
            flags |= DomainMigrateFlags.Peer2Peer;
        }

        if (request.Persistence == MigrationPersistence.Persistent || (request.Persistence == MigrationPersistence.Keep && domain.IsPersistent))
        {
            flags |= DomainMigrateFlags.PersistDest;
            if (domain.IsPersistent)
            {
                flags |= DomainMigrateFlags.UndefineSource;
            }
        }

        return request.Unsafe ? flags | DomainMigrateFlags.Unsafe : flags;
    }

    private static List<KeyValuePair<string, object>> Parameters(MigrationRequest request, bool oneMachine, string? migrationAddress, PlanDocuments documents)
    {
        List<KeyValuePair<string, object>> parameters = Addresses(request.MigrateUri, request.ListenAddress, oneMachine, migrationAddress);
        Add(MigrateParameter.DestinationXml, documents.Destination);
        Add(MigrateParameter.PersistentXml, documents.Persistent);
        return parameters;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                parameters.Add(new(name, value));
            }
        }
    }

    /// <summary>Where QEMU sends the guest, and on what address it listens.</summary>
    internal static List<KeyValuePair<string, object>> Addresses(string? givenUri, string? givenAddress, bool oneMachine, string? migrationAddress)
    {
        // Two daemons of one machine: left to itself libvirt would pick a host name, and QEMU listen on every interface.
        string? receives = migrationAddress ?? (oneMachine ? givenAddress ?? Loopback : null);
        string? migrateUri = givenUri ?? (receives is null ? null : $"tcp://{(receives.Contains(':', StringComparison.Ordinal) ? $"[{receives}]" : receives)}");

        // Whoever names another URI may come through a relay: where QEMU listens then is not ours to say.
        string? listenAddress = givenAddress ?? (givenUri is null ? receives : null);

        var parameters = new List<KeyValuePair<string, object>>();
        Add(MigrateParameter.MigrateUri, migrateUri);
        Add(MigrateParameter.ListenAddress, listenAddress);
        return parameters;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                parameters.Add(new(name, value));
            }
        }
    }
}
