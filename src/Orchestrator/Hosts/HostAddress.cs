using System.Text.RegularExpressions;

namespace Orchestrator.Hosts;

/// <summary>How a host is reached.</summary>
/// <param name="Name">What the user calls it: a name, a libvirt.conf alias or the URI itself.</param>
/// <param name="Uri">Its libvirt URI, or an alias that libvirt resolves.</param>
public sealed partial record HostAddress(string Name, string Uri)
{
    /// <summary>An address of which only a URI or alias is known.</summary>
    /// <param name="uri">The URI or alias; passwords in it are never shown.</param>
    public static HostAddress FromUri(string uri) => new(Redact(uri), uri);

    /// <summary>A URI without the password that it may carry.</summary>
    /// <param name="uri">The URI.</param>
    public static string Redact(string uri) => Password().Replace(uri, "${user}:***@");

    /// <summary>The name as shown to people; never a password.</summary>
    public override string ToString() => Name;

    // user:secret@ in the authority part. Written for strings that are no valid URI, too: they end up in messages.
    [GeneratedRegex("(?<user>//[^/?#@:]*):[^/?#]*@", RegexOptions.CultureInvariant)]
    private static partial Regex Password();
}
