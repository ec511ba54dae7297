using System.Xml;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Checks;

namespace Orchestrator.Lifecycle;

/// <summary>What a domain's document tells at a glance. Pure.</summary>
/// <param name="Disks">How many disks.</param>
/// <param name="Interfaces">How many network interfaces.</param>
/// <param name="VdpaDevices">How many devices over vhost-vdpa, of every kind that libvirt or QEMU's command line knows.</param>
/// <param name="VirtualFunctions">How many PCI functions handed to the guest.</param>
/// <param name="Manager">Who else manages the domain, by its metadata: <c>OpenStack (nova)</c>, <c>KubeVirt</c>, …; <see langword="null"/> for nobody.</param>
public sealed record DomainOutline(int Disks, int Interfaces, int VdpaDevices, int VirtualFunctions, string? Manager)
{
    /// <summary>Reads the outline of a document.</summary>
    /// <param name="xml">The domain's document.</param>
    /// <exception cref="DomainDocumentException">It is no such document.</exception>
    public static DomainOutline Of(string xml)
    {
        (int disks, int interfaces, string? manager) = Scan(xml);

        // Of a thousand domains few have such devices: only these are read as a whole.
        if (!xml.Contains("vdpa", StringComparison.Ordinal) && !xml.Contains("hostdev", StringComparison.Ordinal) && !xml.Contains("vfio", StringComparison.Ordinal))
        {
            return new(disks, interfaces, 0, 0, manager);
        }

        List<DeviceScheme> schemes = [.. DomainDocument.Parse(xml).Devices.Select(device => device.Scheme)];
        return new(
            disks,
            interfaces,
            schemes.Count(scheme => scheme is DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa or DeviceScheme.Vduse),
            schemes.Count(scheme => scheme is DeviceScheme.Sriov or DeviceScheme.VirtioPassthrough),
            manager);
    }

    private static (int Disks, int Interfaces, string? Manager) Scan(string xml)
    {
        int disks = 0;
        int interfaces = 0;
        string? manager = null;
        string? section = null;
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreWhitespace = true, IgnoreComments = true });
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element)
                {
                    continue;
                }

                switch (reader.Depth)
                {
                    case 1:
                        section = reader.LocalName;
                        break;
                    case 2 when section == "metadata":
                        manager ??= DomainManagers.ManagerOf(reader.NamespaceURI);
                        break;
                    case 2 when section == "devices" && reader.NamespaceURI.Length == 0:
                        disks += reader.LocalName == "disk" ? 1 : 0;
                        interfaces += reader.LocalName == "interface" ? 1 : 0;
                        break;
                }
            }

            return (disks, interfaces, manager);
        }
        catch (XmlException e)
        {
            throw new DomainDocumentException(e.Message, e, e.LineNumber, e.LinePosition);
        }
    }
}
