using Libvirt.Xml;
using Orchestrator.Devices;

namespace Orchestrator.Checks;

/// <summary>Reads PCI functions and vDPA devices from libvirt's documents of a host's devices: the only sight of a host that is not this machine. Pure.</summary>
internal static class NodeDeviceReader
{
    private static readonly ILookup<string, string> NoUsers = Array.Empty<string>().ToLookup(name => name);

    internal static (IReadOnlyList<PciFunctionFacts> Pci, IReadOnlyList<VdpaDeviceFacts> Vdpa, int IommuGroups) Read(IReadOnlyList<NodeDeviceDocument> documents) => (
        [.. documents.Select(PciOf).OfType<PciFunctionFacts>()],
        [.. VdpaNodeDevices.Read(documents, NoUsers).Select(device => VdpaDeviceFacts.Of(device, access: null))],
        documents.Select(document => document.IommuGroup).OfType<int>().Distinct().Count());

    private static PciFunctionFacts? PciOf(NodeDeviceDocument document) => document is { PciAddress: { } address, VendorId: { } vendor, ProductId: { } device }
        ? new()
        {
            Address = address,
            Vendor = (ushort)vendor,
            Device = (ushort)device,
            Class = document.PciClass ?? 0,
            Driver = document.Driver,
            NumaNode = document.NumaNode is >= 0 and var node ? node : null,
            TotalVirtualFunctions = document.MaxVirtualFunctions ?? (document.VirtualFunctions is { Count: > 0 and var count } ? count : null),
            PhysicalFunction = document.PhysicalFunction,
        }
        : null;
}
