using System.Globalization;
using System.Xml.Linq;
using Libvirt.Xml;
using Libvirt.Xml.Devices;

namespace Orchestrator.Devices;

/// <summary>
/// Which device of a domain is meant: by a document, as libvirt itself finds it again, or by a word. What is asked for and found is decided here, because libvirt takes the
/// first device that fits, and of a vDPA device it looks at nothing but its node. Pure.
/// </summary>
public sealed class DeviceSelector
{
    private readonly string _text;
    private readonly string? _qemu;
    private readonly Func<PlacedDevice, bool> _matches;

    private DeviceSelector(string text, bool isUnique, string? qemu, Func<PlacedDevice, bool> matches)
    {
        _text = text;
        _qemu = qemu;
        _matches = matches;
        IsUnique = isUnique;
    }

    /// <summary>Whether a domain can have one such device only: it is named by a node, a function, a MAC address or a target. Two random number generators may be alike.</summary>
    internal bool IsUnique { get; }

    /// <summary>A device like a document: a vDPA device by its node, a PCI function by its address on the host, a network card that is none by its MAC address, a disk by its target, and any other by all that the document says.</summary>
    /// <param name="document">The document.</param>
    public static DeviceSelector Of(DeviceDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return Like(DeviceSlotOf(document), document.Element);
    }

    /// <summary>
    /// A device by a word: its alias (<c>ua-vdpa0</c>, <c>net0</c>), what it uses of the host (<c>/dev/vhost-vdpa-0</c>, <c>0000:31:00.1</c>, a socket, a file), its MAC address, or its target (<c>vda</c>).
    /// </summary>
    /// <param name="word">The word.</param>
    public static DeviceSelector Parse(string word)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(word);
        string? address = PciAddress.TryParse(word, out PciAddress pci) ? $"{pci}" : null;
        return new(word, isUnique: false, word, placed => placed.Device.Alias == word
            || placed.Device.HostResource == word
            || (address is not null && placed.Device.HostResource == address)
            || (placed.Device as CommandLineDevice)?.Id == word
            || (placed.Element is { } element && (string.Equals(Mac(element), word, StringComparison.OrdinalIgnoreCase) || Target(element) == word)));
    }

    /// <summary>The device in another document of the same domain: what a running domain has, in its definition. Aliases and places are given anew there.</summary>
    internal static DeviceSelector CounterpartOf(PlacedDevice placed)
    {
        DeviceSelector like = Like(placed.Device, Bare(placed.Elements[0]));

        // The definition may name a network with a pool of functions where the running domain has one of them.
        return placed.Device is HostdevInterface && Mac(placed.Elements[0]) is { } mac
            ? new(like._text, true, null, other => like.Matches(other) || (other is { Element: { } element, Device: not HostdevInterface } && (string?)element.Attribute("type") == "network" && IsCard(other, mac)))
            : like;
    }

    /// <summary>Whether a device is meant.</summary>
    internal bool Matches(PlacedDevice placed) => _matches(placed);

    /// <summary>Whether a device that libvirt does not know is meant: it has an id and a node, at most.</summary>
    internal bool Matches(QemuDevice device) => _qemu is not null && (device.Id == _qemu || device.Node == _qemu);

    /// <summary>In words: <c>/dev/vhost-vdpa-0</c>, <c>the &lt;rng&gt; of the document</c>.</summary>
    public override string ToString() => _text;

    private static DeviceSelector Like(DomainDevice device, XElement asked) => device switch
    {
        { HostResource: { } node, Scheme: DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa } => new(node, true, node, placed => placed.Device.HostResource == node && IsVdpa(placed.Device)),
        PciHostDevice pci => new(pci.HostResource!, true, null, placed => (placed.Device as PciHostDevice)?.Source == pci.Source),

        // A guest that bonds a function with another card has one MAC address twice.
        HostdevInterface { HostResource: { } function } => new(function, true, null, placed => placed.Device is HostdevInterface && placed.Device.HostResource == function),
        _ when asked.Name.LocalName == "interface" && Mac(asked) is { } mac => new(
            $"the network card {mac}", true, null, placed => IsCard(placed, mac) && (placed.Device is not HostdevInterface || (string?)asked.Attribute("type") == "network")),
        _ when asked.Name.LocalName == "disk" && Target(asked) is { } target => new(
            $"the disk {target}", true, null, placed => placed.Element?.Name.LocalName == "disk" && Target(placed.Element) == target),
        _ => new($"the <{asked.Name.LocalName}> of the document", false, null, placed => placed.Element is { } element && Says(element, asked)),
    };

    private static bool IsCard(PlacedDevice placed, string mac) => placed.Element?.Name.LocalName == "interface" && string.Equals(Mac(placed.Element), mac, StringComparison.OrdinalIgnoreCase);

    private static bool IsVdpa(DomainDevice device) => device.Scheme is DeviceScheme.KernelVdpa or DeviceScheme.GenericVdpa;

    private static DomainDevice DeviceSlotOf(DeviceDocument document) => document.AddedTo(DomainDocument.Parse("<domain><devices/></domain>")).Devices[0];

    /// <summary>Without what each document has of its own: the alias, the place on the bus, the tap's name.</summary>
    private static XElement Bare(XElement element)
    {
        var bare = new XElement(element);
        bare.Elements().Where(child => child.Name.LocalName is "alias" or "address" || (child.Name.LocalName == "target" && bare.Name.LocalName == "interface")).Remove();
        bare.DescendantsAndSelf().Attributes("index").Remove(); // of a running disk's source
        return bare;
    }

    /// <summary>Whether an element says all that another one does.</summary>
    private static bool Says(XElement element, XElement asked) =>
        element.Name == asked.Name
        && asked.Attributes().All(attribute => attribute.IsNamespaceDeclaration || (element.Attribute(attribute.Name) is { } other && Same(attribute.Value, other.Value)))
        && (asked.HasElements || asked.Value.Trim().Length == 0 || Same(asked.Value.Trim(), element.Value.Trim()))
        && asked.Elements().All(child => element.Elements(child.Name).Any(other => Says(other, child)));

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.Ordinal) || (Number(one) is { } a && a == Number(other));

    private static ulong? Number(string text)
    {
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHex ? text.AsSpan(2) : text, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;
    }

    private static string? Mac(XElement element) => (string?)element.Element("mac")?.Attribute("address");

    private static string? Target(XElement element) => (string?)element.Element("target")?.Attribute("dev");
}
