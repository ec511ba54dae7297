using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>Amounts of memory as libvirt reads them.</summary>
internal static class DomainMemory
{
    /// <summary>An element's amount in KiB, rounded up as libvirt does; absent is <see langword="null"/>.</summary>
    /// <exception cref="DomainDocumentException">It is not an amount of memory.</exception>
    internal static long? KiB(XElement? element, string path)
    {
        if (element is null)
        {
            return null;
        }

        string text = element.Value.Trim();
        string unit = (string?)element.Attribute("unit") ?? "KiB";
        if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value))
        {
            throw Unreadable(element, path, $"'{text}' is not a number");
        }

        if (Factor(unit) is not { } factor)
        {
            throw Unreadable(element, path + "/@unit", $"'{unit}' is not a unit of memory (b, bytes, KB, k, KiB, MB, M, MiB, GB, G, GiB, TB, T, TiB, …)");
        }

        UInt128 kib = (((UInt128)value * factor) + 1023) / 1024;
        return kib <= long.MaxValue >> 10 ? (long)kib : throw Unreadable(element, path, $"{text} {unit} is more memory than there can be");
    }

    /// <summary>libvirt's suffixes: a letter alone or with iB counts by 1024, with B by 1000; case doesn't matter.</summary>
    private static ulong? Factor(string unit)
    {
        string lower = unit.ToLowerInvariant();
        if (lower is "b" or "byte" or "bytes")
        {
            return 1;
        }

        int power = lower.Length is >= 1 and <= 3 ? "kmgtpe".IndexOf(lower[0], StringComparison.Ordinal) + 1 : 0;
        ulong step = lower.Length < 1 ? 0UL : lower[1..] switch { "" or "ib" => 1024UL, "b" => 1000UL, _ => 0UL };
        return power == 0 || step == 0 ? null : (ulong)Math.Pow(step, power);
    }

    private static DomainDocumentException Unreadable(XElement element, string path, string problem)
    {
        IXmlLineInfo at = element;
        return new($"{path}: {problem}", null, at.LineNumber, at.LinePosition, path);
    }
}
