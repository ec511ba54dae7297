using System.Globalization;
using System.Text;
using System.Xml;

namespace Libvirt.Xml.Tests;

/// <summary>
/// A document in canonical form, for comparing: attributes and namespaces in order, one kind of quote, no difference between CDATA and text. White space, comments and
/// processing instructions count, and also where a namespace is declared and by which prefix (Canonical XML 1.1, with comments).
/// </summary>
internal static class Canonical
{
    internal static string Of(string xml)
    {
        var result = new StringBuilder();
        using XmlReader reader = XmlReader.Create(new StringReader(xml), new() { DtdProcessing = DtdProcessing.Prohibit, IgnoreWhitespace = false });
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    bool empty = reader.IsEmptyElement;
                    string name = reader.Name;
                    result.Append(CultureInfo.InvariantCulture, $"<{name}");
                    var attributes = new SortedDictionary<string, string>(StringComparer.Ordinal);
                    while (reader.MoveToNextAttribute())
                    {
                        attributes.Add(reader.Name.StartsWith("xmlns", StringComparison.Ordinal) ? " " + reader.Name : $"{reader.NamespaceURI}\u0001{reader.Name}", $"{reader.Name}=\"{Escape(reader.Value)}\"");
                    }

                    result.AppendJoin("", attributes.Values.Select(value => " " + value)).Append('>');
                    if (empty)
                    {
                        result.Append(CultureInfo.InvariantCulture, $"</{name}>");
                    }

                    break;
                case XmlNodeType.EndElement:
                    result.Append(CultureInfo.InvariantCulture, $"</{reader.Name}>");
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                case XmlNodeType.Whitespace when reader.Depth > 0:
                    result.Append(Escape(reader.Value));
                    break;
                case XmlNodeType.Comment:
                    result.Append(CultureInfo.InvariantCulture, $"<!--{reader.Value}-->");
                    break;
                case XmlNodeType.ProcessingInstruction:
                    result.Append(CultureInfo.InvariantCulture, $"<?{reader.Name} {reader.Value}?>");
                    break;
            }
        }

        return result.ToString();
    }

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace("\"", "&quot;", StringComparison.Ordinal)
        .Replace("\r", "&#xD;", StringComparison.Ordinal)
        .Replace("\t", "&#x9;", StringComparison.Ordinal);
}
