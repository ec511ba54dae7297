using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>
/// The rings of vDPA network cards: QEMU 10 asks for 1024 entries, whatever rx_queue_size says, and a kernel whose device has fewer refuses them. The guest then shows its driver up, and
/// nothing moves. A generic device takes the device's own maximum.
/// </summary>
internal static class RingSizes
{
    /// <summary>How many entries QEMU asks for.</summary>
    internal const int Asked = 1024;

    private const long AsksSince = 10_000_000;

    /// <summary>Whether a QEMU asks for more than a small device has.</summary>
    internal static bool Matter(long qemuVersion) => qemuVersion >= AsksSince;

    /// <summary>What would come up dead. Pure.</summary>
    /// <param name="document">The domain.</param>
    /// <param name="maximum">The most entries of a ring, by node, as far as the host told.</param>
    /// <param name="qemuVersion">The version of the host's QEMU.</param>
    /// <param name="host">The host's name.</param>
    internal static IReadOnlyList<string> Warnings(DomainDocument document, IReadOnlyDictionary<string, int> maximum, long qemuVersion, string host) =>
    [
        .. from device in document.Devices
           where Matter(qemuVersion) && device is VdpaInterface or VhostVdpaNetwork
           let size = device.HostResource is { } node && maximum.TryGetValue(node, out int told) ? told : (int?)null
           where size is > 0 and < Asked
           select Warning(device.HostResource!, size.Value, qemuVersion, host),
    ];

    internal static string Warning(string device, int size, long qemuVersion, string host) =>
        $"the rings of {device} on {host} hold {size} entries (max_vq_size), and QEMU {HostDialect.VersionText(qemuVersion)} asks for {Asked}: where the kernel refuses that, the guest shows the driver up and the card is dead";

    /// <summary>Asks the host's <c>vdpa</c> tool, where a domain has a card that it matters to. That it does not answer is no reason to leave undone what it only foretells.</summary>
    internal static async Task<IReadOnlyDictionary<string, int>> ReadAsync(VdpaDevices? devices, DomainDocument document, CancellationToken cancellationToken)
    {
        if (devices is null || !document.Devices.Any(device => device is VdpaInterface or VhostVdpaNetwork))
        {
            return new Dictionary<string, int>();
        }

        try
        {
            return await devices.ReadRingSizesAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostDeviceException or HostUnreachableException)
        {
            return new Dictionary<string, int>();
        }
    }
}
