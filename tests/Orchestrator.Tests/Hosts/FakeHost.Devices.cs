using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>What a guest does that is asked to let go of a device.</summary>
internal enum GuestAnswer
{
    /// <summary>It lets go; the host tells by an event, and by its document.</summary>
    LetsGo,

    /// <summary>It lets go of the device's backend, which QEMU tells with an event of its own, and never of the device.</summary>
    LetsGoOfTheBackend,

    /// <summary>It lets go, and the event is lost.</summary>
    LetsGoUnseen,

    /// <summary>It refuses: an event, and the device stays.</summary>
    Refuses,

    /// <summary>It does nothing.</summary>
    Ignores,

    /// <summary>It does nothing, and the next time lets go.</summary>
    IgnoresOnce,

    /// <summary>It refuses, and the next time lets go.</summary>
    RefusesOnce,

    /// <summary>The domain ends.</summary>
    PowersOff,

    /// <summary>The domain is migrated away, by somebody on another machine.</summary>
    Leaves,

    /// <summary>The domain is migrated away together with its definition.</summary>
    LeavesWithoutTrace,
}

/// <summary>
/// Its domains' devices. A detach from a running guest succeeds whether the guest lets go or not; a vDPA device is found by the text of its node alone, a PCI function by its address
/// on the host, and what is not found is error 99.
/// </summary>
internal sealed partial class FakeHost
{
    private readonly Dictionary<Guid, int> _aliases = [];

    /// <summary>The daemon goes away right after it attached a device.</summary>
    internal bool IsLostByAttach { get; set; }

    /// <summary>A failure of the attaching call, if this says one, before anything is attached.</summary>
    internal Func<Exception?>? OnAttach { get; set; }

    /// <summary>What happens right after a device was attached; the call fails with what it says.</summary>
    internal Func<Exception?>? OnAttached { get; set; }

    /// <summary>A failure of the detachments from definitions, if this says one, told once the device is gone from it.</summary>
    internal Func<Exception?>? OnConfigDetached { get; set; }

    /// <summary>The daemon goes away right after it asked the guest to let go of a device.</summary>
    internal bool IsLostByDetach { get; set; }

    /// <summary>The guest does not let go of its devices; a detach returns all the same.</summary>
    internal bool HoldsDevices
    {
        set => Guest = value ? GuestAnswer.Ignores : GuestAnswer.LetsGo;
    }

    /// <summary>What the guests do.</summary>
    internal GuestAnswer Guest { get; set; }

    /// <summary>How often guests were asked to let go of a device.</summary>
    internal int Unplugs { get; private set; }

    /// <summary>The detachments from definitions fail.</summary>
    internal LibvirtException? ConfigDetachFails { get; set; }

    /// <summary>The devices that QEMU has past libvirt, by id: their properties.</summary>
    internal Dictionary<string, JsonObject> QemuDevices { get; } = [];

    /// <summary>What QEMU says of the virtio devices that it has, by id: whether the vhost backend runs, and how far the guest's driver is (<c>ACKNOWLEDGE</c>, <c>DRIVER_OK</c>).</summary>
    internal Dictionary<string, (bool Started, string Driver)> VirtioStates { get; } = [];

    /// <summary>What else blocks a migration, as QEMU tells it.</summary>
    internal Func<IEnumerable<string>> Blockers { get; set; } = static () => [];

    /// <summary>Told of each plugging and unplugging of a running domain, before it is done and after.</summary>
    internal Action<string>? OnPlug { get; set; }

    /// <summary>Nodes that somebody else has open: QEMU is refused.</summary>
    internal HashSet<string> BusyNodes { get; } = [];

    public async Task AttachDeviceAsync(Guid uuid, string xml, DomainModificationImpact impact, CancellationToken cancellationToken)
    {
        await Task.Yield(); // two may be under way at once
        await Answer(() =>
        {
            if (OnAttach?.Invoke() is { } refusal)
            {
                throw refusal;
            }

            OnPlug?.Invoke("attach");
            IsLost = IsLostByAttach;
            foreach (DomainModificationImpact place in Places(impact))
            {
                XElement domain = Document(uuid, place);
                XElement device = XElement.Parse(xml);
                if (place == DomainModificationImpact.Config && domain.Element("devices")!.Elements(device.Name).Any(other => IsHostDevice(device) && IsMeant(device, other)))
                {
                    throw new LibvirtException(LibvirtErrorCode.OperationInvalid, FromQemu, "virDomainAttachDeviceFlags", "Requested operation is not valid: device is already in the domain configuration");
                }

                domain.Element("devices")!.Add(device);
                List<XElement?> aliases = [.. domain.Elements("devices").Elements().Select(given => given.Element("alias"))];
                domain = Libvirt.Store(domain.ToString());
                foreach ((XElement stored, XElement? alias) in domain.Elements("devices").Elements().Zip(aliases).Where(_ => place == DomainModificationImpact.Live))
                {
                    stored.Elements("alias").Remove();
                    stored.Add(alias); // of a running domain they are all told, libvirt's own too
                }

                if (place == DomainModificationImpact.Live && domain.Element("devices")!.Elements().Last() is { } live && live.Element("alias") is null)
                {
                    int number = _aliases[uuid] = _aliases.GetValueOrDefault(uuid) + 1;
                    live.Add(new XElement("alias", new XAttribute("name", $"{live.Name.LocalName}{number}")));
                }

                Keep(uuid, place, domain);
            }

            OnPlug?.Invoke("attached");
            return OnAttached?.Invoke() is { } failure ? throw failure : true;
        });
    }

    public Task DetachDeviceAsync(Guid uuid, string xml, DomainModificationImpact impact, CancellationToken cancellationToken) => Answer(() =>
    {
        foreach (DomainModificationImpact place in Places(impact))
        {
            XElement asked = XElement.Parse(xml);
            XElement domain = Document(uuid, place);
            XElement device = domain.Elements("devices").Elements().FirstOrDefault(device => IsMeant(asked, device))
                ?? throw new LibvirtException(
                    LibvirtErrorCode.DeviceMissing, FromQemu, "virDomainDetachDeviceFlags",
                    (string?)asked.Attribute("type") == "vdpa" ? $"device not found: vdpa device '{(string?)asked.Element("source")?.Attribute("dev")}' not found" : "device not found");
            if (place == DomainModificationImpact.Config)
            {
                _ = ConfigDetachFails is null ? 0 : throw ConfigDetachFails;
                device.Remove();
                Keep(uuid, place, domain);
                _ = OnConfigDetached?.Invoke() is { } failure ? throw failure : 0;
                continue;
            }

            Ask((string?)device.Element("alias")?.Attribute("name"), uuid, () =>
            {
                device.Remove();
                Keep(uuid, place, domain);
            });
        }

        IsLost = IsLostByDetach;
        return IsLost ? throw Lost() : true;
    });

    public Task SetMemoryHardLimitAsync(Guid uuid, long kibibytes, DomainModificationImpact impact, CancellationToken cancellationToken) => Answer(() =>
    {
        if (!Identity.Uri.EndsWith("/system", StringComparison.Ordinal))
        {
            throw new LibvirtException(LibvirtErrorCode.OperationUnsupported, FromQemu, "virDomainSetMemoryParameters", "Operation not supported: Memory tuning is not available in session mode");
        }

        foreach (DomainModificationImpact place in Places(impact))
        {
            XElement domain = Document(uuid, place);
            domain.Elements("memtune").Remove();
            if (kibibytes < LibvirtDomain.UnlimitedMemory)
            {
                domain.Element("devices")!.AddBeforeSelf(new XElement("memtune", new XElement("hard_limit", new XAttribute("unit", "KiB"), kibibytes)));
            }

            Keep(uuid, place, domain);
        }

        return true;
    });

    /// <summary>A QEMU whose guest has two root ports, pci.1 and pci.2.</summary>
    internal string QemuMonitor(Guid uuid, string command)
    {
        JsonNode request = JsonNode.Parse(command)!;
        string path = (string?)request["arguments"]?["path"] ?? "";
        return (string)request["execute"]! switch
        {
            "qom-list" when path == "/machine/peripheral" => Return(Entries([("type", "string"), ("pci.1", "child<pcie-root-port>"), ("pci.2", "child<pcie-root-port>"),
                .. QemuDevices.Select(device => (device.Key, $"child<{device.Value["driver"]}>"))])),
            "qom-list" when path == "/machine/peripheral-anon" => Return(Entries([("type", "string")])),
            "qom-list" => Return(Entries([("type", "string"), .. QemuDevices.Values.Where(device => path.EndsWith($"/{device["bus"]}", StringComparison.Ordinal)).Select(_ => ("child[0]", "link<device>"))])),
            "qom-get" when QemuDevices.TryGetValue(path.Split('/')[^1], out JsonObject? device) => Return(
                (string?)request["arguments"]!["property"] == "parent_bus" ? $"\"/machine/peripheral/{device["bus"]}/{device["bus"]}\"" : $"\"{device["vhostdev"]}\""),
            "qom-get" => Error("GenericError", "Property 'pcie-root-port.parent_bus' not found"),
            "x-query-virtio" => Return($"[{string.Join(", ", VirtioStates.Keys.Select(id => $$"""{"path": "/machine/peripheral/{{id}}/virtio-backend", "name": "virtio-net"}"""))}]"),
            "x-query-virtio-status" => Return(Status(path)),
            "query-migrate" => Return(
                (string[])[.. QemuDevices.Count == 0 ? [] : new[] { "non-migratable device: 0000:00:01.1:00.0/vhost-vdpa-device" }, .. Blockers()] is { Length: > 0 } reasons
                    ? $"{{\"blocked-reasons\": {JsonSerializer.Serialize(reasons)}}}" : "{}"),
            "device_add" => Add((JsonObject)request["arguments"]!.DeepClone()),
            "device_del" => Delete((string)request["arguments"]!["id"]!),
            var other => Error("CommandNotFound", $"The command {other} has not been found"),
        };

        // As QEMU does, of the vhost device only while it is started.
        string Status(string path)
        {
            string id = path.Split('/')[^2];
            (bool started, string driver) = VirtioStates[id];
            if (QemuDevices.ContainsKey(id))
            {
                // QEMU 10.0.13 calls a function that the generic device does not have.
                Domains[uuid] = Domains[uuid] with { State = DomainState.Shutoff };
                throw new LibvirtException(LibvirtErrorCode.InternalError, FromQemu, "virDomainQemuMonitorCommand", "Unable to read from monitor: Connection reset by peer");
            }

            string vhost = started ? """ "vhost-dev": {"n-mem-sections": 4},""" : "";
            return $$"""{"name": "virtio-net", "broken": false, "vm-running": {{(Domains[uuid].State == DomainState.Running ? "true" : "false")}}, "vhost-started": {{(started ? "true" : "false")}},{{vhost}} "status": {"statuses": ["VIRTIO_CONFIG_S_{{driver}}: x"] } }""";
        }

        string Add(JsonObject device)
        {
            string id = (string)device["id"]!;
            string node = (string)device["vhostdev"]!;
            string bus = (string)device["bus"]!;
            if (QemuDevices.ContainsKey(id))
            {
                return Error("GenericError", $"Duplicate device ID '{id}'");
            }

            if (bus is not ("pci.1" or "pci.2"))
            {
                return Error("GenericError", $"Bus '{bus}' not found");
            }

            if (BusyNodes.Contains(node))
            {
                return Error("GenericError", $"Could not open '{node}': Device or resource busy");
            }

            OnPlug?.Invoke("attach");
            QemuDevices[id] = device;
            OnPlug?.Invoke("attached");
            return Return("{}");
        }

        string Delete(string id)
        {
            if (!QemuDevices.ContainsKey(id))
            {
                return Error("DeviceNotFound", $"Device '{id}' not found");
            }

            Ask(id, uuid, () => QemuDevices.Remove(id));
            return Return("{}");
        }

        static string Return(string json) => $"{{\"return\": {json}, \"id\": \"libvirt-7\"}}";
        static string Error(string type, string text) => $"{{\"id\": \"libvirt-7\", \"error\": {{\"class\": \"{type}\", \"desc\": {JsonSerializer.Serialize(text)}}}}}";
        static string Entries(IEnumerable<(string Name, string Type)> entries) => $"[{string.Join(", ", entries.Select(entry => $"{{\"name\": \"{entry.Name}\", \"type\": \"{entry.Type}\"}}"))}]";
    }

    private void Ask(string? alias, Guid uuid, Action letGo)
    {
        OnPlug?.Invoke("detach");
        Unplugs++;
        DomainSnapshot domain = Domains[uuid];
        switch (Guest)
        {
            case GuestAnswer.LetsGo:
                letGo();
                Notify(domain, "qmp", "DEVICE_DELETED", $$"""{"path":"/machine/peripheral/{{alias}}/virtio-backend"}""");
                Notify(domain, "qmp", "DEVICE_DELETED", $$"""{"device":"{{alias}}","path":"/machine/peripheral/{{alias}}"}""");
                Notify(domain, "device", "removed", alias);
                OnPlug?.Invoke("detached");
                break;
            case GuestAnswer.LetsGoOfTheBackend:
                Notify(domain, "qmp", "DEVICE_DELETED", $$"""{"path":"/machine/peripheral/{{alias}}/virtio-backend"}""");
                break;
            case GuestAnswer.LetsGoUnseen:
                letGo();
                break;
            case GuestAnswer.Refuses or GuestAnswer.RefusesOnce:
                Guest = Guest == GuestAnswer.RefusesOnce ? GuestAnswer.LetsGo : Guest;
                Notify(domain, "qmp", "DEVICE_UNPLUG_GUEST_ERROR", $$"""{"device":"{{alias}}","path":"/machine/peripheral/{{alias}}"}""");
                Notify(domain, "device", "removal_failed", alias);
                break;
            case GuestAnswer.IgnoresOnce:
                Guest = GuestAnswer.LetsGo;
                break;
            case GuestAnswer.PowersOff:
                GuestPowersOff(uuid);
                break;
            case GuestAnswer.Leaves:
                Stop(domain, DomainShutoffReason.Migrated, "stopped/migrated");
                break;
            case GuestAnswer.LeavesWithoutTrace:
                Domains.Remove(uuid);
                Definitions.Remove(uuid);
                break;
        }
    }

    private static bool IsHostDevice(XElement device) => device.Name.LocalName == "hostdev";

    /// <summary>As libvirt matches: a vDPA device by its node's text, a PCI function by its address on the host, another device by its whole element.</summary>
    private static bool IsMeant(XElement asked, XElement device) => asked.Name == device.Name && (string?)asked.Attribute("type") == (string?)device.Attribute("type")
        && ((string?)asked.Attribute("type"), IsHostDevice(asked)) switch
        {
            ("vdpa", true) => (string?)asked.Element("source")?.Attribute("dev") == (string?)device.Element("source")?.Attribute("dev"),
            ("pci", true) => Source(asked) == Source(device),
            _ => XNode.DeepEquals(asked, device),
        };

    private static string Source(XElement device) => string.Join(':', new[] { "domain", "bus", "slot", "function" }.Select(part => Number((string?)device.Element("source")!.Element("address")!.Attribute(part) ?? "0")));

    private static int Number(string text) => text.StartsWith("0x", StringComparison.Ordinal) ? Convert.ToInt32(text, 16) : int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static IEnumerable<DomainModificationImpact> Places(DomainModificationImpact impact) =>
        new[] { DomainModificationImpact.Live, DomainModificationImpact.Config }.Where(place => impact.HasFlag(place));

    private XElement Document(Guid uuid, DomainModificationImpact place) =>
        XElement.Parse(place == DomainModificationImpact.Live ? Domains[uuid].Xml : Definitions[uuid]);

    private void Keep(Guid uuid, DomainModificationImpact place, XElement domain)
    {
        if (place == DomainModificationImpact.Live)
        {
            Domains[uuid] = Domains[uuid] with { Xml = domain.ToString() };
        }
        else
        {
            Definitions[uuid] = domain.ToString();
        }
    }
}
