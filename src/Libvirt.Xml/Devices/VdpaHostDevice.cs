using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>
/// openEuler's kernel vDPA device, <c>&lt;hostdev mode='subsystem' type='vdpa'&gt;</c>: QEMU's generic vDPA device (any virtio class) on a vhost-vdpa node. Since 22.03 LTS SP3
/// and 24.03 LTS; stock libvirt never had it. libvirt neither checks the node, nor changes its owner, nor counts it for locked memory: see <see cref="MemoryLock"/>.
/// </summary>
public sealed record VdpaHostDevice : ElementDevice
{
    /// <summary>The node, such as <c>/dev/vhost-vdpa-0</c>. libvirt finds the device again by this text alone.</summary>
    public required string SourceDevice { get; init; }

    /// <summary>libvirt reads and writes <c>managed</c>, but it has no effect here.</summary>
    public bool? Managed { get; init; }

    /// <summary>The number of the IOMMUFD object that the device uses, from 1.</summary>
    public uint? IommuFd { get; init; }

    /// <summary>What the guest sees. Not in the document: the host's vdpa bus tells.</summary>
    public VirtioClass? Class { get; init; }

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => Class;

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.KernelVdpa;

    /// <inheritdoc/>
    public override string? HostResource => SourceDevice;

    /// <summary>A short text for people, with the virtio class where it is known.</summary>
    public override string Kind => Class is { } known ? $"{base.Kind} ({known.ToString().ToLowerInvariant()})" : base.Kind;

    internal override string ElementName => "hostdev";

    internal override string ElementType => "vdpa";

    internal static VdpaHostDevice Read(DeviceElement e)
    {
        DeviceElement? source = e.Child("source");
        if (source is null)
        {
            e.Error("the <source> element is missing; libvirt says \"Missing <source> element in hostdev device\"");
        }
        else
        {
            HostPath.CheckVdpaNode(source, "dev", source.Attribute("dev"));
            if (source.Attribute("startupPolicy") is not null)
            {
                source.Error("'startupPolicy' is for USB and PCI devices only", "startupPolicy");
            }
        }

        if (e.Attribute("model") is not null)
        {
            e.Error("libvirt says \"'model' attribute in <hostdev> is only supported when type='mdev'\" (or scsi_host): leave it out", "model");
        }

        e.Child("driver")?.Error("a vDPA device has no <driver>: libvirt drops it without a word (queues, iommu, ats and packed come from the device itself)");
        e.Child("teaming")?.Error("libvirt says \"teaming is only supported for pci hostdev devices\"");
        if (e.OnOff("migration") is not null)
        {
            e.Warn("'migration' has no effect on a vDPA device", "migration");
        }

        return new()
        {
            SourceDevice = source?.Attribute("dev") ?? "",
            Managed = e.YesNo("managed"),
            IommuFd = e.Positive("iommufd", "The 'iommufd' attribute in <hostdev> element cannot be resolved."),
        };
    }

    internal override DomainDevice AsWritten() => this with { Class = null };

    internal override bool IsSameAs(DomainDevice other) => other is VdpaHostDevice vdpa && vdpa.SourceDevice == SourceDevice;

    private protected override void Write(XElement element)
    {
        element.SetAttributeValue("mode", "subsystem");
        element.SetAttributeValue("type", "vdpa");
        XmlSwitch.SetYesNo(element, "managed", Managed);
        element.SetAttributeValue("iommufd", IommuFd?.ToString(CultureInfo.InvariantCulture));
        DocumentEdit.SetChildAttribute(element, "source", "dev", SourceDevice);
    }
}
