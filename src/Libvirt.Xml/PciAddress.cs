using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>A PCI address: of a host's device, or of a device as its guest sees it.</summary>
public readonly partial record struct PciAddress
{
    /// <summary>Makes an address.</summary>
    /// <param name="domain">The domain, 0 to 0xffff.</param>
    /// <param name="bus">The bus, 0 to 0xff.</param>
    /// <param name="slot">The slot (device), 0 to 0x1f.</param>
    /// <param name="function">The function, 0 to 7.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is out of its range; the message names it.</exception>
    public PciAddress(int domain, int bus, int slot, int function)
    {
        Domain = InRange(domain, Maximum(0), nameof(domain));
        Bus = InRange(bus, Maximum(1), nameof(bus));
        Slot = InRange(slot, Maximum(2), nameof(slot));
        Function = InRange(function, Maximum(3), nameof(function));
    }

    /// <summary>The domain.</summary>
    public int Domain { get; }

    /// <summary>The bus.</summary>
    public int Bus { get; }

    /// <summary>The slot.</summary>
    public int Slot { get; }

    /// <summary>The function.</summary>
    public int Function { get; }

    /// <summary>Reads an address as the kernel writes it: <c>0000:31:00.1</c>; the domain may be absent.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is no PCI address; the message says why.</exception>
    public static PciAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Form().Match(text) is not { Success: true } match)
        {
            throw new FormatException($"'{text}' is not a PCI address (DDDD:BB:SS.F, such as 0000:31:00.1)");
        }

        try
        {
            return new(Hex("domain"), Hex("bus"), Hex("slot"), Hex("function"));
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new FormatException($"'{text}' is not a PCI address: its {e.ParamName} is out of range (bus 00-ff, slot 00-1f, function 0-7)", e);
        }

        int Hex(string part) => match.Groups[part] is { Success: true } group ? int.Parse(group.Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Reads an address, or says that it is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address.</param>
    public static bool TryParse(string? text, out PciAddress address)
    {
        try
        {
            address = Parse(text ?? "");
            return true;
        }
        catch (FormatException)
        {
            address = default;
            return false;
        }
    }

    /// <summary>As the kernel writes it: <c>0000:31:00.1</c>. Ordinal order of this text is the order of the addresses.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Domain:x4}:{Bus:x2}:{Slot:x2}.{Function:x}");

    /// <summary>The largest value of a part, by its place.</summary>
    internal static int Maximum(int part) => part switch { 0 => 0xffff, 1 => 0xff, 2 => 0x1f, _ => 7 };

    /// <summary>Writes the parts as libvirt does; other attributes of the element stay.</summary>
    internal void WriteTo(XElement address)
    {
        address.SetAttributeValue("domain", string.Create(CultureInfo.InvariantCulture, $"0x{Domain:x4}"));
        address.SetAttributeValue("bus", string.Create(CultureInfo.InvariantCulture, $"0x{Bus:x2}"));
        address.SetAttributeValue("slot", string.Create(CultureInfo.InvariantCulture, $"0x{Slot:x2}"));
        address.SetAttributeValue("function", string.Create(CultureInfo.InvariantCulture, $"0x{Function:x}"));
    }

    private static int InRange(int value, int max, string name) =>
        value >= 0 && value <= max ? value : throw new ArgumentOutOfRangeException(name, value, $"0 to 0x{max:x} is the range of a PCI address's {name}");

    [GeneratedRegex("^(?:(?<domain>[0-9a-fA-F]{1,4}):)?(?<bus>[0-9a-fA-F]{1,2}):(?<slot>[0-9a-fA-F]{1,2})\\.(?<function>[0-9a-fA-F])\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
