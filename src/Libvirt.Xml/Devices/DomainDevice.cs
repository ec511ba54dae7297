using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A device of a domain. Made by hand or read from <see cref="DomainDocument.Devices"/>; both are values, and neither changes when a document does.</summary>
public abstract record DomainDevice
{
    private protected DomainDevice()
    {
    }

    /// <summary>libvirt's name of the device. Names of one's own begin with <c>ua-</c>; others are libvirt's, which gives them anew at each start.</summary>
    public string? Alias { get; init; }

    /// <summary>The device's place on the guest's PCI bus; <see langword="null"/> when libvirt chooses. Has to be equal on both hosts of a migration.</summary>
    public PciAddress? GuestAddress { get; init; }

    /// <summary>The place in the firmware's boot order, from 1; <see langword="null"/> when it isn't booted from.</summary>
    public int? BootOrder { get; init; }

    /// <summary>How it is virtualised, as far as the document tells.</summary>
    public abstract DeviceScheme Scheme { get; }

    /// <summary>What it uses on the host: a device node, PCI address, socket, UUID, bridge, tap or file. <see langword="null"/> when it uses none.</summary>
    public abstract string? HostResource { get; }

    /// <summary>What the guest sees, for virtio devices whose class is known.</summary>
    public virtual VirtioClass? VirtioClass => null;

    /// <summary>A short text for people, such as <c>&lt;hostdev type='vdpa'&gt;</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether libvirt would take the other one for this device: each kind has one property by which it is found again.</summary>
    internal abstract bool IsSameAs(DomainDevice other);

    /// <summary>Adds the device, which was checked, to a domain.</summary>
    internal abstract void AddTo(XElement domain);

    /// <summary>The device without what its host or its domain tell about it: what a document can hold.</summary>
    internal virtual DomainDevice AsWritten() => this;

    /// <summary>What is wrong with it for a domain: it is written into a document of its own, and what that says is read and compared.</summary>
    internal IReadOnlyList<DeviceProblem> Problems(XElement target)
    {
        var domain = new XElement("domain", target.Attribute("type"), target.Element("os"));
        _ = new XDocument(domain);
        AddTo(domain);
        List<DeviceProblem> problems = [.. domain.DescendantsAndSelf().Attributes().Where(attribute => !IsText(attribute.Value)).Select(attribute =>
            new DeviceProblem(DeviceProblemSeverity.Error, $"{Kind}/@{attribute.Name.LocalName}", 0, 0, "a value holds a character that XML doesn't have"))];
        if (problems.Count > 0)
        {
            return problems;
        }

        List<DeviceSlot> slots = DeviceSlot.ReadAll(domain, problems);
        if (this is not UntypedDevice && !problems.Exists(problem => problem.Severity == DeviceProblemSeverity.Error)
            && (slots.Count != 1 || slots[0].Device.AsWritten() != AsWritten()))
        {
            problems.Add(new(DeviceProblemSeverity.Error, Kind, 0, 0, $"some of its properties have no place in a document: {slots.FirstOrDefault()?.Device} is what would be read"));
        }

        return problems;
    }

    private static bool IsText(string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            if (i + 1 < value.Length && XmlConvert.IsXmlSurrogatePair(value[i + 1], value[i]))
            {
                i++;
            }
            else if (!XmlConvert.IsXmlChar(value[i]))
            {
                return false;
            }
        }

        return true;
    }
}
