using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>Any other element of <c>&lt;devices&gt;</c>: controllers, consoles, USB and SCSI host devices, devices whose values can't be read.</summary>
public sealed record OtherDevice : UntypedDevice
{
    /// <summary>Makes one.</summary>
    /// <param name="xml">The element.</param>
    /// <exception cref="DomainDocumentException">The text is no XML element.</exception>
    public OtherDevice(string xml)
        : this(ReadElement(xml))
    {
    }

    internal OtherDevice(XElement element)
        : base(element)
    {
    }

    /// <inheritdoc/>
    public override DeviceScheme Scheme => ElementName switch
    {
        "hostdev" or "interface" when ElementType == "pci" || ElementName == "interface" => DeviceScheme.Other,
        "hostdev" => DeviceScheme.HostPassthrough,
        "filesystem" when (string?)Element.Element("driver")?.Attribute("type") == "virtiofs" => DeviceScheme.VhostUser,
        "video" when (string?)Element.Element("driver")?.Attribute("name") == "vhostuser" => DeviceScheme.VhostUser,
        "vsock" => DeviceScheme.VhostKernel,
        "disk" => DeviceScheme.Virtio,
        _ when IsVirtio => DeviceScheme.Virtio,
        _ => DeviceScheme.Other,
    };

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => ElementName switch
    {
        "disk" or "controller" when Scheme == DeviceScheme.Virtio && ElementType != "virtio-serial" => Devices.VirtioClass.Scsi,
        "controller" when Scheme == DeviceScheme.Virtio => Devices.VirtioClass.Console,
        "vsock" => Devices.VirtioClass.Vsock,
        "filesystem" when Scheme == DeviceScheme.VhostUser => Devices.VirtioClass.FileSystem,
        "rng" when IsVirtio => Devices.VirtioClass.Rng,
        "video" when IsVirtio => Devices.VirtioClass.Gpu,
        "input" when IsVirtio => Devices.VirtioClass.Input,
        "crypto" when IsVirtio => Devices.VirtioClass.Crypto,
        _ => null,
    };

    private bool IsVirtio => ((string?)Element.Attribute("model") ?? (string?)Element.Element("model")?.Attribute("type") ?? (string?)Element.Attribute("bus") ?? ElementType)
        .StartsWith("virtio", StringComparison.Ordinal);
}
