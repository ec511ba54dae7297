using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>
/// An element that is read as libvirt reads it. What libvirt would refuse reads as absent, and is noted where somebody wants to know; so a foreign document stays
/// readable, and one reader serves both reading and checking.
/// </summary>
internal sealed class DeviceElement(XElement element, string path, ICollection<DeviceProblem>? problems)
{
    private static readonly XName[] PciParts = ["domain", "bus", "slot", "function"];

    internal XElement Xml => element;

    internal string Path => path;

    /// <summary>The first child of a name, as libvirt takes it.</summary>
    internal DeviceElement? Child(string name) => element.Element(name) is { } child ? new(child, $"{path}/{name}", problems) : null;

    internal string? Attribute(string name) => element.Attribute(name)?.Value;

    internal void Error(string message, string? attribute = null) => Note(DeviceProblemSeverity.Error, message, attribute);

    internal void Warn(string message, string? attribute = null) => Note(DeviceProblemSeverity.Warning, message, attribute);

    internal bool? YesNo(string name) => Switch(name, "yes", "no");

    internal bool? OnOff(string name) => Switch(name, "on", "off");

    /// <summary>A decimal number from 1; what it isn't is noted.</summary>
    internal uint? Positive(string name, string? refusal = null)
    {
        if (Attribute(name) is not { } text)
        {
            return null;
        }

        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint value) && value > 0)
        {
            return value;
        }

        Error($"'{text}' is not a number from 1{(refusal is null ? "" : $"; libvirt says \"{refusal}\"")}", name);
        return null;
    }

    internal string? Alias() => Child("alias")?.Attribute("name");

    internal int? BootOrder() => (int?)Child("boot")?.Positive("order");

    /// <summary>The place on the guest's bus; <see langword="null"/> for another kind of address and for one that libvirt is to fill in.</summary>
    internal PciAddress? GuestAddress() => Child("address") is { } address && address.Attribute("type") == "pci" && PciParts[1..].Any(part => address.Xml.Attribute(part) is not null)
        ? address.PciAddress()
        : null;

    /// <summary>A host's PCI function in <c>&lt;source&gt;&lt;address/&gt;</c>.</summary>
    internal PciAddress? SourceAddress()
    {
        if (Child("source") is not { } source)
        {
            Error("the <source> element is missing; libvirt says \"Missing <source> element in hostdev device\"");
            return null;
        }

        if (source.Child("address") is not { } address)
        {
            source.Error("the <address> of the host's function is missing; libvirt says \"pci address must be specified for hostdev device\"");
            return null;
        }

        return address.PciAddress();
    }

    /// <summary>Numbers as strtoul(…, 0) takes them: 0x31 hexadecimal, 49 decimal, 061 octal.</summary>
    internal PciAddress? PciAddress()
    {
        var parts = new int[4];
        for (var i = 0; i < 4; i++)
        {
            string name = PciParts[i].LocalName;
            if (Attribute(name) is not { } text)
            {
                continue;
            }

            if (CNumber(text) is not { } value)
            {
                Error($"'{text}' is not a number", name);
                return null;
            }

            int max = Libvirt.Xml.PciAddress.Maximum(i);
            if (value > max)
            {
                Error($"'{text}' is out of range: the {name} of a PCI address is 0 to 0x{max:x}", name);
                return null;
            }

            parts[i] = (int)value;
        }

        return new(parts[0], parts[1], parts[2], parts[3]);
    }

    internal string? Mac()
    {
        if (Child("mac") is not { } mac || mac.Attribute("address") is not { } text)
        {
            return null;
        }

        string[] parts = text.Split(':');
        var first = 0;
        bool good = parts.Length == 6;
        for (var i = 0; good && i < 6; i++)
        {
            good = parts[i].Length is 1 or 2 && int.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) && (i > 0 || (first = value) >= 0);
        }

        if (!good)
        {
            mac.Error($"'{text}' is not a MAC address, such as 52:54:00:12:34:56", "address");
        }
        else if ((first & 1) != 0)
        {
            mac.Error($"'{text}' is a multicast address; libvirt says \"expected unicast mac address, found multicast\"", "address");
        }

        return text;
    }

    internal Teaming? Teaming()
    {
        if (Child("teaming") is not { } teaming)
        {
            return null;
        }

        switch (teaming.Attribute("type"))
        {
            case "persistent":
                return new() { Type = TeamingType.Persistent };
            case "transient" when teaming.Attribute("persistent") is { Length: > 0 } other:
                return new() { Type = TeamingType.Transient, Persistent = other };
            case "transient":
                teaming.Error("a transient device names the alias of its persistent one in 'persistent'");
                return null;
            default:
                teaming.Error($"'{teaming.Attribute("type")}' is not a teaming type (persistent, transient)", "type");
                return null;
        }
    }

    internal static uint? CNumber(string text)
    {
        string digits = text.TrimStart(' ', '\t', '\n');
        (string body, int radix) = digits switch
        {
            ['0', 'x' or 'X', .. { Length: > 0 } hex] => (hex, 16),
            ['0', .. { Length: > 0 } octal] => (octal, 8),
            _ => (digits, 10),
        };
        ulong value = 0;
        foreach (char c in body)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : 16;
            if (digit >= radix || (value = (value * (ulong)radix) + (ulong)digit) > uint.MaxValue)
            {
                return null;
            }
        }

        return body.Length > 0 ? (uint)value : null;
    }

    private bool? Switch(string name, string on, string off)
    {
        if (Attribute(name) is not { } text)
        {
            return null;
        }

        if (text != on && text != off)
        {
            Error($"'{text}' is neither '{on}' nor '{off}'; libvirt says \"Invalid value for attribute '{name}' in element '{element.Name.LocalName}': '{text}'\"", name);
            return null;
        }

        return text == on;
    }

    private void Note(DeviceProblemSeverity severity, string message, string? attribute)
    {
        if (problems is null)
        {
            return;
        }

        IXmlLineInfo at = attribute is not null && element.Attribute(attribute) is { } place ? place : element;
        problems.Add(new(severity, attribute is null ? path : $"{path}/@{attribute}", at.LineNumber, at.LinePosition, message));
    }
}
