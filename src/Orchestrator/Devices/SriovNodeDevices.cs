using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>The SR-IOV cards of any host, as its libvirt knows them. It can change nothing about them.</summary>
public static class SriovNodeDevices
{
    /// <summary>The SR-IOV cards of a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The functions; none also when the host's daemon has no driver for node devices.</returns>
    public static async Task<SriovInventory> ReadAsync(IHost host, CancellationToken cancellationToken = default) => Read(
        (await HostNodeDevices.ListAsync(host, NodeDeviceCapabilities.PciDev | NodeDeviceCapabilities.Vdpa, cancellationToken).ConfigureAwait(false)).Devices,
        await HostDomains.UsersAsync(host, cancellationToken).ConfigureAwait(false));

    /// <summary>The functions in documents.</summary>
    internal static SriovInventory Read(IReadOnlyList<NodeDeviceDocument> documents, ILookup<string, string> domains)
    {
        NodeDeviceDocument[] pci = [.. documents.Where(document => document.PciAddress is not null).OrderBy(document => $"{document.PciAddress}", StringComparer.Ordinal)];
        ILookup<string?, VdpaDevice> vdpa = VdpaNodeDevices.Read(documents, domains).ToLookup(device => device.PciParent);
        return new(
            [
                .. pci.Where(document => document.PhysicalFunction is null && document.MaxVirtualFunctions > 0).Select(document => new PhysicalFunction
                {
                    Address = $"{document.PciAddress}",
                    Id = IdOf(document),
                    Engine = EngineOf(document),
                    Driver = document.Driver,
                    TotalVfs = document.MaxVirtualFunctions ?? 0,
                    NumVfs = document.VirtualFunctions.Count,
                    NumaNode = NodeOf(document),
                }),
            ],
            [
                .. pci.Where(document => document.PhysicalFunction is not null).Select(document => new VirtualFunction
                {
                    Address = $"{document.PciAddress}",
                    Id = IdOf(document),
                    PhysicalFunction = $"{document.PhysicalFunction}",
                    Engine = EngineOf(document),
                    Driver = document.Driver,
                    IommuGroup = document.IommuGroup,
                    IommuGroupSize = document.IommuGroupSize,
                    NumaNode = NodeOf(document),
                    Users =
                    [
                        .. DeviceUser.Merge([], domains[$"{document.PciAddress}"]),
                        .. vdpa[$"{document.PciAddress}"].SelectMany(device => device.Users.Concat(DeviceUser.OfParent(device))),
                    ],
                }),
            ]);
    }

    private static AcceleratorEngine? EngineOf(NodeDeviceDocument document) => Accelerator.EngineOf(document.VendorId, document.ProductId);

    private static string IdOf(NodeDeviceDocument document) => $"{document.VendorId ?? 0:x4}:{document.ProductId ?? 0:x4}";

    private static int? NodeOf(NodeDeviceDocument document) => document.NumaNode is >= 0 and var node ? node : null;
}
