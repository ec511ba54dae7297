using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>What a host tells about its vDPA devices and PCI functions, by the node or address that documents name.</summary>
internal static class DeviceFacts
{
    internal static async Task<IReadOnlyDictionary<string, DeviceHostFacts>> ReadAsync(IHost host, HostFiles? files, CancellationToken cancellationToken)
    {
        (IReadOnlyList<NodeDeviceDocument> documents, _) =
            await HostNodeDevices.ListAsync(host, NodeDeviceCapabilities.Vdpa | NodeDeviceCapabilities.PciDev, cancellationToken).ConfigureAwait(false);
        return documents.Count > 0 || files is null ? Of(documents) : Of(files);
    }

    private static Dictionary<string, DeviceHostFacts> Of(IReadOnlyList<NodeDeviceDocument> documents)
    {
        var facts = new Dictionary<string, DeviceHostFacts>(StringComparer.Ordinal);
        foreach (NodeDeviceDocument pci in documents.Where(document => document.PciAddress is not null))
        {
            facts[$"{pci.PciAddress}"] = new() { VfioDriver = pci.Driver, VendorId = pci.VendorId, DeviceId = pci.ProductId };
        }

        foreach (VdpaDevice device in VdpaNodeDevices.Read(documents, Array.Empty<string>().ToLookup(name => name)))
        {
            Add(facts, device, device.PciParent is { } parent ? facts.GetValueOrDefault(parent)?.VfioDriver : null);
        }

        return facts;
    }

    private static Dictionary<string, DeviceHostFacts> Of(HostFiles files)
    {
        var facts = new Dictionary<string, DeviceHostFacts>(StringComparer.Ordinal);
        files = Sysfs.VdpaAhead(Sysfs.PciAhead(files));
        foreach (string address in files.List(Sysfs.PciDevices))
        {
            string folder = string.Create(CultureInfo.InvariantCulture, $"{Sysfs.PciDevices}/{address}");
            facts[address] = new() { VfioDriver = SriovSysfs.DriverOf(files, address), VendorId = Sysfs.Hex(files, $"{folder}/vendor"), DeviceId = Sysfs.Hex(files, $"{folder}/device") };
        }

        foreach (VdpaDevice device in VdpaSysfs.Names(files).Select(name => VdpaSysfs.Complete(files, new VdpaDevice { Name = name })))
        {
            Add(facts, device, device.PciParent is { } parent ? SriovSysfs.DriverOf(files, parent) : null);
        }

        return facts;
    }

    private static void Add(Dictionary<string, DeviceHostFacts> facts, VdpaDevice device, string? parentDriver)
    {
        if (device.CharDevice is { } node)
        {
            facts[node] = new()
            {
                ParentDriver = parentDriver,
                ManagementDevice = device.ManagementDevice ?? (device.PciParent is { } parent ? $"pci/{parent}" : null),
            };
        }
    }
}
