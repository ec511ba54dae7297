using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Interop.Tests;

/// <summary>The API description that libvirt's development package installs: the truth about names, values and signatures.</summary>
internal static class ApiDescription
{
    private static readonly XElement[] Symbols =
    [
        XDocument.Load("/usr/share/libvirt/api/libvirt-api.xml").Root!.Element("symbols")!,
        XDocument.Load("/usr/share/libvirt/api/libvirt-qemu-api.xml").Root!.Element("symbols")!,
    ];

    public static IReadOnlyDictionary<string, XElement> Functions { get; } =
        Symbols.Elements("function").ToDictionary(f => f.Attribute("name")!.Value);

    /// <summary>Values of constants, by <see cref="Plain"/> name; one that is given as another constant has that one's value.</summary>
    public static ILookup<string, long> Constants { get; } = Symbols.Elements("enum")
        .Select(e => (Name: e.Attribute("name")!.Value, Value: ValueOf(e)))
        .Where(constant => constant.Value is not null)
        .ToLookup(constant => Plain(constant.Name), constant => constant.Value!.Value);

    /// <summary>Values of string macros, by name.</summary>
    public static IReadOnlyDictionary<string, string> Strings { get; } = Symbols.Elements("macro")
        .Where(m => m.Attribute("string") is not null)
        .ToDictionary(m => m.Attribute("name")!.Value, m => m.Attribute("string")!.Value);

    /// <summary>Since which version of libvirt a function exists.</summary>
    public static Version Since(string function) => Version.Parse(Functions[function].Attribute("version")!.Value);

    /// <summary>A C name without case and underscores, so that <c>Peer2Peer</c> and <c>PEER2PEER</c> meet.</summary>
    public static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    private static long? ValueOf(XElement constant) =>
        constant.Attribute("value")!.Value is var text && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value
        : Symbols.Elements("enum").FirstOrDefault(other => other.Attribute("name")!.Value == text) is { } same && same != constant ? ValueOf(same)
        : null;
}
