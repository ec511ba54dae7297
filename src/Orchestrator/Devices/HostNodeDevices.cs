using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The devices of any host, as its libvirt knows them.</summary>
internal static class HostNodeDevices
{
    /// <summary>Asks for devices.</summary>
    /// <param name="host">The host.</param>
    /// <param name="capabilities">Those that have one of these.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The devices, none also when the daemon has no driver for devices; and whether it understood what was asked.</returns>
    internal static async Task<(IReadOnlyList<NodeDeviceDocument> Devices, bool Understood)> ListAsync(
        IHost host, NodeDeviceCapabilities capabilities, CancellationToken cancellationToken)
    {
        try
        {
            return (await ReadAsync(capabilities).ConfigureAwait(false), true);
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.InvalidArg && capabilities.HasFlag(NodeDeviceCapabilities.Vdpa))
        {
            // Older than 6.9, it refuses the flag; openEuler's 6.2 shows the devices all the same when asked for all.
            return (await ReadAsync(NodeDeviceCapabilities.None).ConfigureAwait(false), false);
        }

        async Task<IReadOnlyList<NodeDeviceDocument>> ReadAsync(NodeDeviceCapabilities wanted) =>
            [.. (await host.ListNodeDevicesAsync(wanted, cancellationToken).ConfigureAwait(false)).Select(NodeDeviceDocument.Parse)];
    }
}
