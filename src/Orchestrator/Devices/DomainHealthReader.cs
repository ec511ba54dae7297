using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>Looks whether the vDPA devices of a domain work: in its QEMU's log, and by asking QEMU, which libvirt remembers of the domain as the taint <c>custom-monitor</c>.</summary>
/// <param name="host">The host.</param>
/// <param name="devices">The host's vDPA devices, where its machine can be looked into: they tell the sizes of their rings, and whether a generic device's driver is up.</param>
/// <param name="time">Where time comes from.</param>
public sealed class DomainHealthReader(IHost host, VdpaDevices? devices = null, TimeProvider? time = null)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Looks at a domain.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="ask">Whether QEMU is asked.</param>
    /// <param name="wait">How long to wait for drivers of the guest that are not up yet; only where QEMU is asked.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    public async Task<DomainHealth> ReadAsync(string nameOrUuid, AskQemu ask = AskQemu.Auto, TimeSpan wait = default, CancellationToken cancellationToken = default)
    {
        DomainSnapshot domain = await host.FindDomainAsync(nameOrUuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException(nameOrUuid, host.Address.Name);
        bool isAsked = host.Identity.Driver is null or "QEMU" && ask switch
        {
            AskQemu.Auto => !(await host.GetDialectAsync(cancellationToken).ConfigureAwait(false)).VdpaHostDevice,
            AskQemu.Always => true,
            _ => false,
        };
        return await ReadAsync(domain, isAsked, new(), wait, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What the log says of devices before something is done: what it says after is read with it.</summary>
    internal async Task<DeviceLog> ReadLogAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            // All of it: no clock of ours tells when its QEMU was started.
            return DeviceLog.Of(await host.ReadLogAsync(name, DateTimeOffset.UnixEpoch, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            return new() { Problem = HostAddress.Redact(e.Message) };
        }
    }

    /// <summary>Looks at a domain after something was done to it.</summary>
    /// <param name="domain">The domain, as it was read last.</param>
    /// <param name="isAsked">Whether QEMU is asked.</param>
    /// <param name="before">What the log said before.</param>
    /// <param name="wait">How long to wait for drivers of the guest that are not up yet.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="only">The node of the one device that matters; <see langword="null"/> for all.</param>
    internal async Task<DomainHealth> ReadAsync(DomainSnapshot domain, bool isAsked, DeviceLog before, TimeSpan wait, CancellationToken cancellationToken, string? only = null)
    {
        string name = host.Address.Name;
        DomainDocument document = DomainDocument.Parse(domain.Xml);
        var notes = new List<string>();
        IReadOnlyList<VdpaDeviceHealth> unasked = Unasked(document, domain.IsActive ? "QEMU was not asked" : $"{domain.Name} does not run");
        if (!domain.IsActive || (unasked.Count == 0 && !isAsked))
        {
            return DomainHealth.Of(name, domain, unasked, false, [], new Dictionary<string, int>(), domain.IsActive ? [] : [$"{domain.Name} is {domain.Describe()}: devices work for running guests only"]);
        }

        long start = _time.GetTimestamp();
        while (true)
        {
            notes.Clear();
            DeviceLog log = await ReadLogAsync(domain.Name, cancellationToken).ConfigureAwait(false);
            if (log.Problem is not null)
            {
                notes.Add($"the log of {domain.Name} on {name} could not be read, which may say more: {log.Problem}");
            }

            (IReadOnlyList<VdpaDeviceHealth> asked, string? unanswered) = isAsked ? await AskAsync(domain, unasked, cancellationToken).ConfigureAwait(false) : (unasked, null);
            asked = only is null ? asked : [.. asked.Where(device => device.Resource == only)];
            notes.Add(unanswered ?? (isAsked
                ? "QEMU was asked, which libvirt remembers of a domain as the taint custom-monitor until it is off"
                : "QEMU was not asked whether its vhost backends are started (orchestrator domain health --ask-qemu always; the domain is then tainted)"));
            IReadOnlyDictionary<string, int> rings = await RingSizes.ReadAsync(devices, document, cancellationToken).ConfigureAwait(false);
            var health = DomainHealth.Of(name, domain, asked, isAsked && unanswered is null, log.Since(before), rings, [.. notes]) with { Unanswered = unanswered };
            bool mayTellMore = unanswered is not null || asked.Any(device => device.Health == VdpaHealth.DriverNotUp);
            if (!isAsked || health.Problems.Count > 0 || !mayTellMore || _time.GetElapsedTime(start) >= wait)
            {
                return health;
            }

            await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<(IReadOnlyList<VdpaDeviceHealth> Devices, string? Unanswered)> AskAsync(DomainSnapshot domain, IReadOnlyList<VdpaDeviceHealth> unasked, CancellationToken cancellationToken)
    {
        try
        {
            return (await VhostStates.AskAsync(host, domain, devices, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException or FormatException)
        {
            string why = $"QEMU could not be asked: {HostAddress.Redact(e.Message)}";
            return ([.. unasked.Select(device => device with { Why = why })], why);
        }
    }

    private static IReadOnlyList<VdpaDeviceHealth> Unasked(DomainDocument document, string why) =>
        [.. VhostStates.Devices(document).Select(placed => new VdpaDeviceHealth(placed.Device.Kind, placed.Device.HostResource, placed.Device.Alias, VdpaHealth.Unknown, why))];
}
