using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>What a document of a running domain says and a definition never keeps (libvirt's formatter skips it with VIR_DOMAIN_XML_INACTIVE), so that it is no loss.</summary>
internal static partial class Forgotten
{
    internal static bool Is(XElement element) => element.Name.LocalName switch
    {
        "alias" => ((string?)element.Attribute("name"))?.StartsWith("ua-", StringComparison.Ordinal) != true,
        "backingStore" or "mirror" or "actual" => true,
        "imagelabel" => true,
        "label" => element.Parent?.Name.LocalName == "seclabel" && !IsStatic(element.Parent),
        "model" => element.Parent?.Name.LocalName == "cpu" && element.IsEmpty, // <model fallback='…'/> without a model
        "protocol" => (string?)element.Attribute("type") == "raw", // of a socket that has no protocol
        "seclabel" => !IsStatic(element),
        "target" => Generated().IsMatch((string?)element.Attribute("dev") ?? ""),
        "source" => (string?)element.Attribute("mode") == "bind" && element.Parent?.Name.LocalName == "channel",
        _ => false,
    };

    internal static bool Is(XAttribute attribute)
    {
        XElement owner = attribute.Parent!;
        return (owner.Name.LocalName, attribute.Name.LocalName) switch
        {
            (_, _) when attribute.Value == "default" => true,
            ("domain", "id") => true,
            (_, "unit") => true, // sizes are stored in KiB, whatever unit they were given in
            ("alias", "name") => !attribute.Value.StartsWith("ua-", StringComparison.Ordinal),
            ("source" or "backingStore", "index") => true,
            ("source", "portid" or "bridge") => (string?)owner.Parent?.Attribute("type") == "network",
            ("source", "path") => attribute.Value.StartsWith("/dev/pts/", StringComparison.Ordinal) || Is(owner),
            ("target", "dev") => Generated().IsMatch(attribute.Value),
            ("target", "state") => true, // of a guest agent's channel
            ("target", "tray") => attribute.Value == "closed",
            ("model", "primary") or ("graphics", "autoport") or ("disk", "snapshot") => attribute.Value == "no",
            ("console", "tty") => true,
            ("graphics", "port" or "tlsPort" or "websocket") => (string?)owner.Attribute("autoport") == "yes",
            ("vcpu", "current") => owner.Value.Trim() == attribute.Value,
            _ => false,
        };
    }

    /// <summary>Zero is what is meant where nothing is said: a limit of 0 is none, a period of 0 is off.</summary>
    internal static bool IsZero(XAttribute attribute) => attribute.Value == "0";

    /// <summary>Whether an element says zeros only.</summary>
    internal static bool IsZero(XElement element) =>
        (element.HasAttributes || element.HasElements || element.Value.Trim() == "0")
        && element.Attributes().All(attribute => attribute.IsNamespaceDeclaration || IsZero(attribute) || Is(attribute))
        && (element.HasElements ? element.Elements().All(IsZero) : element.Value.Trim() is "" or "0");

    private static bool IsStatic(XElement label) => (string?)label.Attribute("type") is "static" or "none";

    /// <summary>Names that libvirt makes up for the host's end of an interface; on input it ignores them.</summary>
    [GeneratedRegex("^(vnet|vif|macvtap|macvlan)[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Generated();
}
