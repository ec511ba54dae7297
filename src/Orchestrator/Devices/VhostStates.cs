using System.Text.Json;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>
/// What QEMU, and of its generic device the kernel, says of the vhost backends of a domain's vDPA devices. A guest that shows its driver up is no proof: QEMU that could not start the backend falls back to its own
/// virtio, behind which there is nothing.
/// </summary>
internal static class VhostStates
{
    private const string Backend = "/virtio-backend";

    /// <summary>The vDPA devices of a document that QEMU drives by vhost; a vhostvdpa disk it drives by libblkio, and knows no backend of.</summary>
    internal static IReadOnlyList<PlacedDevice> Devices(DomainDocument document) =>
        [.. document.PlacedDevices.Where(placed => placed.Device is VdpaInterface or VdpaHostDevice or GenericVdpaDevice or VhostVdpaNetwork)];

    /// <summary>
    /// Asks the QEMU of a running domain, which libvirt remembers of the domain as a taint. Of its generic device QEMU must not be asked: its class has no <c>get_vhost</c>, which
    /// <c>x-query-virtio-status</c> calls all the same (seen with 10.0.13), and that is the end of the guest. There the kernel tells whether the guest's driver is up.
    /// </summary>
    /// <param name="host">The host.</param>
    /// <param name="domain">The domain, as it was read last.</param>
    /// <param name="kernel">The host's vDPA devices; <see langword="null"/> where its machine cannot be looked into.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<IReadOnlyList<VdpaDeviceHealth>> AskAsync(IHost host, DomainSnapshot domain, VdpaDevices? kernel, CancellationToken cancellationToken)
    {
        DomainDocument document = DomainDocument.Parse(domain.Xml);
        IReadOnlySet<string> ids = document.QemuIds;
        List<PlacedDevice> unasked = [.. Devices(document)];
        var monitor = new QemuMonitor(host, domain.Uuid);
        QemuAnswer all = await monitor.ExecuteAsync("x-query-virtio", null, cancellationToken).ConfigureAwait(false);
        bool tells = all.ErrorClass is null && all.Result.ValueKind == JsonValueKind.Array;
        var found = new List<VdpaDeviceHealth>();
        foreach (JsonElement device in tells ? all.Result.EnumerateArray() : [])
        {
            string path = device.GetProperty("path").GetString()!;
            string owner = path.EndsWith(Backend, StringComparison.Ordinal) ? path[..^Backend.Length] : path;
            string id = owner.Split('/')[^1];
            if (unasked.Find(one => IdOf(one.Device) == id && !IsGeneric(one.Device)) is { } placed)
            {
                QemuAnswer status = await monitor.ExecuteAsync("x-query-virtio-status", new() { ["path"] = path }, cancellationToken).ConfigureAwait(false);
                (VdpaHealth health, string why) = status.ErrorClass is null ? Judge(status.Result, HasLinkDown(placed)) : (VdpaHealth.Unknown, status.ErrorText!);
                found.Add(Of(placed, health, why));
                unasked.Remove(placed);
            }
            else if (!ids.Contains(id) && await monitor.GetTextAsync(owner, "vhostdev", cancellationToken).ConfigureAwait(false) is { } node
                && !unasked.Exists(one => one.Device.HostResource == node))
            {
                // Plugged in past libvirt: its node tells.
                found.Add(new("-device vhost-vdpa-device-pci", node, id, VdpaHealth.Unknown, ""));
            }
        }

        found.AddRange(unasked.Select(placed => Of(placed, VdpaHealth.Unknown, IsGeneric(placed.Device) ? "" : tells ? "QEMU names no such device" : "a QEMU before 7.2 does not tell")));
        return found.Exists(device => device.Why.Length == 0) ? await WithKernelAsync(found, domain, kernel, cancellationToken).ConfigureAwait(false) : found;
    }

    /// <summary>The generic devices, of which nothing is known yet, with what the kernel tells of them.</summary>
    private static async Task<IReadOnlyList<VdpaDeviceHealth>> WithKernelAsync(
        IReadOnlyList<VdpaDeviceHealth> devices, DomainSnapshot domain, VdpaDevices? kernel, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, bool> negotiated = new Dictionary<string, bool>();
        string problem = "the host's vdpa tool cannot be asked from here";
        try
        {
            if (kernel is not null)
            {
                negotiated = await kernel.ReadNegotiatedAsync(cancellationToken).ConfigureAwait(false);
                problem = "the host's vdpa tool does not tell it, as it does of network cards";
            }
        }
        catch (Exception e) when (e is HostDeviceException or HostUnreachableException)
        {
            problem = e.Message;
        }

        return
        [
            .. devices.Select(device => device.Why.Length > 0 ? device
                : device.Resource is null || !negotiated.TryGetValue(device.Resource, out bool isUp) ? device with { Why = $"QEMU has no answer for its generic device, and {problem}" }
                : isUp ? device with { Health = VdpaHealth.Works, Why = "the guest's driver has chosen the device's features" }
                : domain.State == Libvirt.Interop.DomainState.Running ? device with { Health = VdpaHealth.DriverNotUp, Why = "the guest's driver is not up" }
                : device with { Health = VdpaHealth.Stopped, Why = "the guest is paused" }),
        ];
    }

    private static bool IsGeneric(DomainDevice device) => device is VdpaHostDevice or GenericVdpaDevice;

    /// <summary>What QEMU's answer to <c>x-query-virtio-status</c> says of a device that a vhost backend should run. Of one that is not started it has no <c>vhost-dev</c>.</summary>
    /// <param name="status">The answer.</param>
    /// <param name="hasLinkDown">Whether its link is down, as its document wants it: then nothing is started.</param>
    internal static (VdpaHealth Health, string Why) Judge(JsonElement status, bool hasLinkDown = false)
    {
        if (Flag(status, "vhost-started") is not { } started)
        {
            return (VdpaHealth.Unknown, "QEMU does not tell whether its vhost backend is started");
        }

        string[] driver = status.TryGetProperty("status", out JsonElement guest) && guest.TryGetProperty("statuses", out JsonElement statuses)
            ? [.. statuses.EnumerateArray().Select(flag => flag.GetString()?.Split(':')[0]).OfType<string>()]
            : [];
        if (Flag(status, "broken") == true || driver.Contains("VIRTIO_CONFIG_S_NEEDS_RESET") || driver.Contains("VIRTIO_CONFIG_S_FAILED"))
        {
            return (VdpaHealth.Dead, "QEMU or the guest's driver has given it up");
        }

        return (started, driver.Contains("VIRTIO_CONFIG_S_DRIVER_OK")) switch
        {
            (true, _) => (VdpaHealth.Works, "its vhost backend is started"),
            (_, false) => (VdpaHealth.DriverNotUp, "the guest's driver is not up"),
            _ when Flag(status, "vm-running") == false => (VdpaHealth.Stopped, "the guest is paused"),
            _ when hasLinkDown => (VdpaHealth.Stopped, "its link is down"),
            _ => (VdpaHealth.Dead, "the guest's driver is up, and its vhost backend is not started"),
        };
    }

    private static bool? Flag(JsonElement status, string name) => status.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    private static bool HasLinkDown(PlacedDevice? placed) => (string?)placed?.Element?.Element("link")?.Attribute("state") == "down";

    private static string? IdOf(DomainDevice device) => device is CommandLineDevice argument ? argument.Id : device.Alias;

    private static VdpaDeviceHealth Of(PlacedDevice placed, VdpaHealth health, string why) => new(placed.Device.Kind, placed.Device.HostResource, IdOf(placed.Device), health, why);
}
