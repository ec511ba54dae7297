using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A PCI function of the host handed to the guest through VFIO, <c>&lt;hostdev type='pci'&gt;</c>: a KAE accelerator's or a card's SR-IOV virtual function, or a whole function.</summary>
public sealed record PciHostDevice : ElementDevice
{
    /// <summary>The function's address on the host. May differ between the hosts of a migration.</summary>
    public required PciAddress Source { get; init; }

    /// <summary>
    /// Whether libvirt binds the function to a VFIO driver and back. Absent is libvirt's default, <c>no</c>. openEuler 24.03 wants it written for KAE functions,
    /// so that libvirt doesn't put vfio-pci in the place of the driver that can migrate.
    /// </summary>
    public bool? Managed { get; init; }

    /// <summary>openEuler's <c>migration</c> attribute: since 22.03 LTS SP4 and 24.03 LTS SP3. Stock libvirt drops it without a word.</summary>
    public bool? Migration { get; init; }

    /// <summary>The driver family, <c>vfio</c>; redundant since libvirt 10.0.</summary>
    public string? DriverName { get; init; }

    /// <summary>The kernel's VFIO driver, such as <c>mlx5_vfio_pci</c>: since libvirt 10.0.</summary>
    public string? DriverModel { get; init; }

    /// <summary>openEuler's <c>&lt;numa node='N'/&gt;</c>: since libvirt 9.10 there.</summary>
    public int? NumaNode { get; init; }

    /// <summary>openEuler's number of the IOMMUFD object that the device uses, from 1.</summary>
    public uint? IommuFd { get; init; }

    /// <summary>The device's part in a team: since libvirt 7.1.</summary>
    public Teaming? Teaming { get; init; }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.Sriov;

    /// <inheritdoc/>
    public override string? HostResource => Source.ToString();

    internal override string ElementName => "hostdev";

    internal override string ElementType => "pci";

    internal static PciHostDevice? Read(DeviceElement e)
    {
        if (e.Attribute("model") is not null)
        {
            e.Error("libvirt says \"'model' attribute in <hostdev> is only supported when type='mdev'\" (or scsi_host): a VFIO driver is named by <driver model='…'/>", "model");
        }

        if (e.Child("address") is { } address && address.Attribute("type") is { } type and not ("pci" or "unassigned"))
        {
            address.Error($"'{type}': libvirt says \"PCI host devices must use 'pci' or 'unassigned' address type\"", "type");
        }

        DeviceElement? driver = e.Child("driver");
        if (driver?.Attribute("name") is { } name and not ("vfio" or "kvm" or "xen"))
        {
            driver.Error($"'{name}' is not a driver of PCI host devices (vfio)", "name");
        }

        bool? managed = e.YesNo("managed");
        bool? migration = e.OnOff("migration");
        uint? iommuFd = e.Positive("iommufd", "The 'iommufd' attribute in <hostdev> element cannot be resolved.");
        int? node = NumaNodeOf(e);
        Teaming? teaming = e.Teaming();
        return e.SourceAddress() is { } source
            ? new()
            {
                Source = source,
                Managed = managed,
                Migration = migration,
                DriverName = driver?.Attribute("name"),
                DriverModel = driver?.Attribute("model"),
                NumaNode = node,
                IommuFd = iommuFd,
                Teaming = teaming,
            }
            : null;
    }

    internal override bool IsSameAs(DomainDevice other) => other is PciHostDevice pci && pci.Source == Source;

    private protected override void Write(XElement element)
    {
        var read = new DeviceElement(element, "", null);
        element.SetAttributeValue("mode", "subsystem");
        element.SetAttributeValue("type", "pci");
        XmlSwitch.SetYesNo(element, "managed", Managed);
        XmlSwitch.SetOnOff(element, "migration", Migration);
        element.SetAttributeValue("iommufd", IommuFd?.ToString(CultureInfo.InvariantCulture));
        DocumentEdit.SetChildAttribute(element, "driver", "name", DriverName);
        DocumentEdit.SetChildAttribute(element, "driver", "model", DriverModel);
        XElement source = DocumentEdit.Container(element, "source");
        if (source.Element("address") is null || read.SourceAddress() != Source)
        {
            Source.WriteTo(DocumentEdit.Container(source, "address"));
        }

        if (NumaNodeOf(read) != NumaNode)
        {
            DocumentEdit.SetChildAttribute(element, "numa", "node", NumaNode?.ToString(CultureInfo.InvariantCulture));
        }

        Devices.Teaming.Write(element, Teaming);
    }

    private static int? NumaNodeOf(DeviceElement e)
    {
        if (e.Child("numa") is not { } numa || numa.Attribute("node") is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int node))
        {
            return node;
        }

        numa.Error($"'{text}' is not the number of a NUMA node", "node");
        return null;
    }
}
