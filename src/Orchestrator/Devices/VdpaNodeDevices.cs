using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The vDPA devices of any host, as its libvirt knows them: where they are and who uses them, not what they are. It can make none.</summary>
public static class VdpaNodeDevices
{
    /// <summary>The devices of a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The devices; none also when the host's daemon has no driver for node devices.</returns>
    public static async Task<IReadOnlyList<VdpaDevice>> ListAsync(IHost host, CancellationToken cancellationToken = default)
    {
        (IReadOnlyList<NodeDeviceDocument> documents, _) =
            await HostNodeDevices.ListAsync(host, NodeDeviceCapabilities.Vdpa | NodeDeviceCapabilities.PciDev, cancellationToken).ConfigureAwait(false);
        return Read(documents, await HostDomains.UsersAsync(host, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The devices in documents.</summary>
    internal static IReadOnlyList<VdpaDevice> Read(IReadOnlyList<NodeDeviceDocument> documents, ILookup<string, string> domains)
    {
        ILookup<string, NodeDeviceDocument> byName = documents.ToLookup(document => document.Name);
        return
        [
            .. documents.Where(document => document.IsVdpa).Select(document =>
            {
                // The parent of a scalable function's device is no PCI device, but a folder further up is.
                string? address = VdpaSysfs.PciAncestor(document.Path);
                NodeDeviceDocument? parent = byName[document.Parent ?? ""].FirstOrDefault(parent => parent.PciAddress is not null)
                    ?? documents.FirstOrDefault(other => other.PciAddress is { } pci && $"{pci}" == address);
                return new VdpaDevice
                {
                    // libvirt's own name has lost the characters that it doesn't like; the folder's name has them.
                    Name = Path.GetFileName(document.Path) ?? document.Name,
                    Driver = document.Driver,
                    CharDevice = document.VdpaCharDevice,
                    PciParent = parent?.PciAddress?.ToString() ?? address,
                    ScalableFunction = document.Path?.Split('/').LastOrDefault(folder => folder.Contains(".sf.", StringComparison.Ordinal)),
                    NumaNode = parent?.NumaNode is >= 0 and var node ? node : null,
                    Users = document.VdpaCharDevice is { } charDevice ? DeviceUser.Merge([], domains[charDevice]) : [],
                };
            }),
        ];
    }
}
