using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>Hardware that QEMU emulates whole, such as an e1000 card or an IDE disk. A view: made only from an element's text.</summary>
public sealed record EmulatedDevice : UntypedDevice
{
    /// <summary>Makes one.</summary>
    /// <param name="xml">The element.</param>
    /// <exception cref="DomainDocumentException">The text is no XML element.</exception>
    public EmulatedDevice(string xml)
        : this(ReadElement(xml))
    {
    }

    internal EmulatedDevice(XElement element)
        : base(element)
    {
    }

    /// <summary>What is emulated: a card's model, a disk's or input device's bus; <see langword="null"/> when the machine's default is meant.</summary>
    public string? Model => ElementName switch
    {
        "disk" or "input" => (string?)Element.Element("target")?.Attribute("bus") ?? (string?)Element.Attribute("bus"),
        "interface" or "video" => (string?)Element.Element("model")?.Attribute("type"),
        _ => (string?)Element.Attribute("model"),
    };

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.Emulated;

    /// <inheritdoc/>
    public override string Kind => Model is { } model ? $"<{ElementName}> {model}" : base.Kind;

    /// <summary>Whether a disk or network card, which was not recognised as another kind, is emulated. libvirt's defaults count where the document is silent.</summary>
    internal static bool Is(XElement element) => element.Name.LocalName switch
    {
        "interface" => (string?)element.Attribute("type") is not ("vdpa" or "vhostuser" or "hostdev"),
        "disk" => !OnVirtioScsi(element),
        "sound" or "input" or "video" => element.Element("model")?.Attribute("type")?.Value != "virtio" && (string?)element.Attribute("bus") != "virtio",
        _ => false,
    };

    private static bool OnVirtioScsi(XElement disk)
    {
        if ((string?)disk.Element("target")?.Attribute("bus") != "scsi")
        {
            return false;
        }

        string index = (string?)disk.Element("address")?.Attribute("controller") ?? "0";
        return disk.Parent?.Elements("controller").FirstOrDefault(controller => (string?)controller.Attribute("type") == "scsi" && (string?)controller.Attribute("index") == index)
            ?.Attribute("model")?.Value.StartsWith("virtio", StringComparison.Ordinal) == true;
    }
}
