using System.Globalization;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Devices;

/// <summary>
/// Plugs devices into a running domain past a libvirt that has no words for them: by QEMU's own monitor, into a root port that neither libvirt nor QEMU uses. The domain's document
/// never shows them, and libvirt, which still takes the port for free, fills ports from the first on: so the last free one is taken.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="time">Where time comes from.</param>
internal sealed class GenericPlug(IHost host, TimeProvider time)
{
    private string Host => host.Address.Name;

    /// <summary>Plugs a device in, and asks QEMU whether it has it.</summary>
    /// <param name="domain">The running domain.</param>
    /// <param name="device">QEMU's properties of the device, <c>driver</c> among them; <c>id</c> and <c>bus</c> are chosen here.</param>
    /// <param name="wantedId">The id it gets if that is free.</param>
    /// <param name="wait">How long a host that is lost meanwhile is asked what became of it.</param>
    /// <param name="cancellationToken">Ends the wait until QEMU is asked to add it.</param>
    /// <exception cref="HostDeviceException">QEMU does not take it, or has no place for it.</exception>
    /// <exception cref="OperationException">The domain ended meanwhile.</exception>
    internal async Task<QemuDevice> AddAsync(DomainSnapshot domain, JsonObject device, string wantedId, TimeSpan wait, CancellationToken cancellationToken)
    {
        var monitor = new QemuMonitor(host, domain.Uuid);
        DomainDocument document = DomainDocument.Parse(domain.Xml);
        // An argument that was unplugged since leaves its id in the document: what QEMU has it tells itself.
        IEnumerable<string> known = document.QemuIds.Except(document.Devices.OfType<CommandLineDevice>().Select(argument => argument.Id).OfType<string>());
        HashSet<string> taken = [.. known, .. (await monitor.ListAsync(QemuDevices.Peripherals, cancellationToken).ConfigureAwait(false)).Select(entry => entry.Name)];
        string id = FreeId(wantedId, taken);
        foreach (PciPort port in document.FreePorts())
        {
            // The bus has the name of its port, in QEMU's object tree too.
            IReadOnlyList<(string Name, string Type)> bus = await monitor.ListAsync($"{QemuDevices.Peripherals}/{port.Alias}/{port.Alias}", cancellationToken).ConfigureAwait(false);
            if (bus.Count == 0 || bus.Any(entry => entry.Name.StartsWith("child[", StringComparison.Ordinal)))
            {
                continue;
            }

            var arguments = (JsonObject)device.DeepClone();
            arguments["id"] = id;
            arguments["bus"] = port.Alias;
            string? refusal;
            try
            {
                refusal = (await monitor.ExecuteAsync("device_add", arguments, CancellationToken.None).ConfigureAwait(false)).ErrorText;
            }
            catch (HostUnreachableException e)
            {
                return await FindAsync(e).ConfigureAwait(false) ?? throw (e.IsUnderway
                    ? Failure(HostDeviceProblem.OutcomeUnknown, $"{domain.Name} was given the device, QEMU does not have it, and may still get it: {e.Message}", $"Look in a while: orchestrator device list {domain.Name}.")
                    : Failure(HostDeviceProblem.Failed, $"{Host} was lost while {domain.Name} was given the device, and QEMU does not have it: {e.Message}", "Try again."));
            }

            if (refusal is null)
            {
                return await FindAsync(null).ConfigureAwait(false) ?? throw Failure(HostDeviceProblem.OutcomeUnknown, $"the QEMU of {domain.Name} on {Host} took the device {id}, and does not have it", "See its log.");
            }

            if (!refusal.Contains("already occupied", StringComparison.Ordinal)) // by somebody who was quicker
            {
                throw Refused(domain.Name, refusal);
            }

            async Task<QemuDevice?> FindAsync(HostUnreachableException? lost)
            {
                try
                {
                    bool has = await LostHost.AskAsync(
                        host,
                        async () =>
                        {
                            // First, for an error is all that the monitor of a domain gives that has ended.
                            await DevicePlaces.ReadAsync(host, domain, DomainModificationImpact.Live, DomainOperation.Attach, CancellationToken.None).ConfigureAwait(false);
                            return (await monitor.ListAsync(QemuDevices.Peripherals, CancellationToken.None).ConfigureAwait(false)).Any(entry => entry.Name == id);
                        },
                        has => has || lost is not { IsUnderway: true },
                        wait, time).ConfigureAwait(false);
                    return has ? new($"{QemuDevices.Peripherals}/{id}", id, (string)device["driver"]!, port.Alias, (string?)device["vhostdev"]) : null;
                }
                catch (Exception e) when (e is HostUnreachableException or LibvirtException or FormatException)
                {
                    throw Failure(
                        HostDeviceProblem.OutcomeUnknown, $"{Host} was lost while {domain.Name} was given a device, and it is not known whether QEMU took it: {e.Message}",
                        $"When {Host} is back: orchestrator device list {domain.Name}.");
                }
            }
        }

        throw Failure(
            HostDeviceProblem.NothingFits, $"{domain.Name} on {Host} has no free pcie-root-port to plug a device into",
            "Give its definition more of <controller type='pci' model='pcie-root-port'/> and start it anew, or unplug something.");
    }

    /// <summary>Asks the guest to let go of a device that QEMU knows by an id.</summary>
    internal async Task<(UnplugEnd End, Unplugging Unplugging)> RemoveAsync(DomainSnapshot domain, string id, UnplugPatience patience, CancellationToken cancellationToken)
    {
        var monitor = new QemuMonitor(host, domain.Uuid);
        using EventRecorder recorder = await host.RecordEventsAsync(domain.Name, domain.Uuid, cancellationToken).ConfigureAwait(false);
        var unplugging = new Unplugging(recorder, id, patience, time);
        UnplugEnd end = await unplugging.RunAsync(
            async token =>
            {
                QemuAnswer answer = await monitor.ExecuteAsync("device_del", new() { ["id"] = id }, token).ConfigureAwait(false);
                return answer switch
                {
                    { ErrorClass: null } => (UnplugAnswer.Asked, null),
                    { ErrorClass: "DeviceNotFound" } => (UnplugAnswer.Missing, null),
                    _ when Unplugging.AnswerOf(answer.ErrorText!) is { } known => (known, answer.ErrorText),
                    _ => throw Refused(domain.Name, answer.ErrorText!),
                };
            },
            async token =>
            {
                if (Unplugging.WithoutGuest(domain, await host.FindDomainAsync(domain.Uuid, token).ConfigureAwait(false)) is { } ended)
                {
                    return ended;
                }

                IReadOnlyList<(string Name, string Type)> all = await monitor.ListAsync(QemuDevices.Peripherals, token).ConfigureAwait(false);
                return all.Count == 0 || all.Any(entry => entry.Name == id) ? DevicePresence.There : DevicePresence.Gone;
            },
            cancellationToken).ConfigureAwait(false);
        return (end, unplugging);
    }

    /// <summary>An id that nothing has: the wanted one, or that with a number.</summary>
    internal static string FreeId(string wanted, IReadOnlySet<string> taken) =>
        Enumerable.Range(1, taken.Count + 1).Select(n => n == 1 ? wanted : string.Create(CultureInfo.InvariantCulture, $"{wanted}-{n}")).First(id => !taken.Contains(id));

    private HostDeviceException Refused(string domain, string text)
    {
        (HostDeviceProblem problem, string? remedy) = Explain(text);
        return Failure(problem, $"the QEMU of {domain} on {Host} refused: {text}", remedy);
    }

    /// <summary>What QEMU's refusals mean. Its texts are all there is, and are never translated.</summary>
    internal static (HostDeviceProblem Problem, string? Remedy) Explain(string text) => text switch
    {
        _ when text.Contains("Device or resource busy", StringComparison.Ordinal) => (HostDeviceProblem.InUse, "Somebody has the device open: orchestrator vdpa list, on the host, shows who."),
        _ when text.Contains("No such file or directory", StringComparison.Ordinal) => (HostDeviceProblem.NotFound, "Is the node there? If it is, QEMU does not see it: name it in cgroup_device_acl of qemu.conf, and start the domain anew."),
        _ when text.Contains("Permission denied", StringComparison.Ordinal) => (HostDeviceProblem.PermissionDenied, "Let QEMU's user have the node (orchestrator host check prints the udev rule), and AppArmor or SELinux too."),
        _ when text.Contains("Operation not permitted", StringComparison.Ordinal) => (HostDeviceProblem.PermissionDenied, "The domain's cgroup does not allow the node: name it in cgroup_device_acl of qemu.conf, and start the domain anew."),
        _ when text.Contains("Duplicate device ID", StringComparison.Ordinal) => (HostDeviceProblem.AlreadyExists, "Somebody plugged in another device meanwhile: look with orchestrator device list, and try again."),
        _ when text.Contains("does not support hotplugging", StringComparison.Ordinal) => (HostDeviceProblem.NotSupported, "What is not behind a root port of its own stays until the domain is off."),
        _ when text.Contains("Bus '", StringComparison.Ordinal) && text.Contains("not found", StringComparison.Ordinal) => (HostDeviceProblem.NothingFits, "The domain's ports are not as its document says: start it anew."),
        _ when text.Contains("not a valid device model name", StringComparison.Ordinal) => (HostDeviceProblem.NotSupported, "The generic vDPA device came with QEMU 8.0."),
        _ => (HostDeviceProblem.Failed, null),
    };

    private HostDeviceException Failure(HostDeviceProblem problem, string message, string? remedy) => new(problem, message, remedy, Host);
}
