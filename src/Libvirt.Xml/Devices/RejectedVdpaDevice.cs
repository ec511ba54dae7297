using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>
/// A form of vDPA device that was proposed for libvirt and never accepted: <c>generic-vdpa</c> interfaces and disks, a PCI host device with the driver <c>vdpa</c>, and
/// <c>&lt;gvdpa&gt;</c>. Recognised in a document, so that it can be said what to write instead; never written.
/// </summary>
public sealed record RejectedVdpaDevice : UntypedDevice
{
    /// <summary>Makes one.</summary>
    /// <param name="xml">The element.</param>
    /// <exception cref="DomainDocumentException">The text is no XML element.</exception>
    public RejectedVdpaDevice(string xml)
        : this(ReadElement(xml))
    {
    }

    internal RejectedVdpaDevice(XElement element)
        : base(element)
    {
    }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => ElementName == "gvdpa" ? DeviceScheme.GenericVdpa : DeviceScheme.KernelVdpa;

    /// <inheritdoc/>
    public override string Kind => ElementName == "hostdev" ? "<hostdev type='pci'> with <driver name='vdpa'/>" : base.Kind;

    /// <summary>What to write instead.</summary>
    public string Instead
    {
        get
        {
            string node = HostResource ?? "/dev/vhost-vdpa-N";
            string generic = $"write <hostdev mode='subsystem' type='vdpa'><source dev='{node}'/></hostdev> for openEuler's libvirt";
            return ElementName switch
            {
                "interface" => $"{generic}, <interface type='vdpa'><source dev='{node}'/></interface> for stock libvirt (6.9)",
                "disk" => $"{generic}, <disk type='vhostvdpa' device='disk'><driver name='qemu' type='raw' cache='none'/><source dev='{node}'/><target dev='vda' bus='virtio'/></disk> for stock libvirt (9.8)",
                "hostdev" => $"create a vDPA device on the function (vdpa dev add name NAME mgmtdev pci/…), then {generic}, or <interface type='vdpa'> for stock libvirt (6.9)",
                _ => $"{generic}; on stock libvirt pass vhost-vdpa-device-pci through <qemu:commandline>",
            };
        }
    }

    internal static bool Is(XElement element) => element.Name.LocalName switch
    {
        "interface" or "disk" => (string?)element.Attribute("type") == "generic-vdpa",
        "hostdev" => (string?)element.Attribute("type") == "pci" && (string?)element.Element("driver")?.Attribute("name") == "vdpa",
        "gvdpa" => true,
        _ => false,
    };

    internal static RejectedVdpaDevice Read(DeviceElement e)
    {
        RejectedVdpaDevice device = new(e.Xml);
        e.Error($"{device.Kind} was proposed, but no libvirt has it: {device.Instead}");
        return device;
    }
}
