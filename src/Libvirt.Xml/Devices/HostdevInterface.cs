using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>An SR-IOV virtual function as a network card, <c>&lt;interface type='hostdev'&gt;</c>: VFIO, with the MAC address set by libvirt before the guest gets it.</summary>
public sealed record HostdevInterface : InterfaceDevice
{
    /// <summary>The function's address on the host.</summary>
    public required PciAddress Source { get; init; }

    /// <summary>Whether libvirt binds the function to a VFIO driver and back.</summary>
    public bool? Managed { get; init; }

    /// <summary>The driver family, <c>vfio</c>.</summary>
    public string? DriverName { get; init; }

    /// <summary>The kernel's VFIO driver, such as <c>mlx5_vfio_pci</c>: since libvirt 10.0.</summary>
    public string? DriverModel { get; init; }

    /// <summary>The interface's part in a team: transient, beside a persistent virtio interface. Since libvirt 6.1.</summary>
    public Teaming? Teaming { get; init; }

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => null;

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.Sriov;

    /// <inheritdoc/>
    public override string? HostResource => Source.ToString();

    internal override string ElementType => "hostdev";

    internal static HostdevInterface? Read(DeviceElement e)
    {
        bool? managed = e.YesNo("managed");
        Teaming? teaming = e.Teaming();
        string? mac = e.Mac();
        return e.SourceAddress() is { } source
            ? new()
            {
                Source = source,
                Managed = managed,
                Mac = mac,
                DriverName = e.Child("driver")?.Attribute("name"),
                DriverModel = e.Child("driver")?.Attribute("model"),
                Teaming = teaming,
            }
            : null;
    }

    private protected override void Write(XElement element)
    {
        base.Write(element);
        XmlSwitch.SetYesNo(element, "managed", Managed);
        DocumentEdit.SetChildAttribute(element, "driver", "name", DriverName);
        DocumentEdit.SetChildAttribute(element, "driver", "model", DriverModel);
        XElement source = DocumentEdit.Container(element, "source");
        if (source.Element("address") is null || new DeviceElement(element, "", null).SourceAddress() != Source)
        {
            XElement address = DocumentEdit.Container(source, "address");
            address.SetAttributeValue("type", "pci");
            Source.WriteTo(address);
        }

        Devices.Teaming.Write(element, Teaming);
    }
}
