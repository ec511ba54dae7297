using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>The arguments that a domain passes through to QEMU.</summary>
internal static class QemuCommandLine
{
    internal static readonly XName Name = TraceArguments.QemuNamespace + "commandline";
    internal static readonly XName Argument = TraceArguments.QemuNamespace + "arg";

    /// <summary>All of them; libvirt, too, takes those of every <c>qemu:commandline</c> in the document's order.</summary>
    internal static List<XElement> Arguments(XElement domain) => [.. domain.Elements(Name).Elements(Argument)];

    internal static string Text(XElement argument) => argument.Attribute("value")?.Value ?? "";

    /// <summary>Adds arguments behind the others.</summary>
    internal static void Append(XElement domain, params IEnumerable<string> values)
    {
        // Declared on the element itself where the root doesn't: both go together, and libvirt reads it there just as well.
        XElement line = domain.Elements(Name).LastOrDefault() ?? DocumentEdit.Container(domain, Name, () => domain.GetPrefixOfNamespace(TraceArguments.QemuNamespace) is null
            ? new XElement(Name, new XAttribute(XNamespace.Xmlns + "qemu", TraceArguments.QemuNamespace.NamespaceName))
            : new XElement(Name));
        foreach (string value in values)
        {
            DocumentEdit.Append(line, new XElement(Argument, new XAttribute("value", value)));
        }
    }
}
