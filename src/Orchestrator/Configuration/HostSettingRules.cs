using System.Net;
using System.Text.RegularExpressions;
using Orchestrator.Hosts;

namespace Orchestrator.Configuration;

/// <summary>What a host's name and settings may be: <see langword="null"/> for good ones, else what is wrong with them. Pure; quotes nothing that may be a secret.</summary>
internal static partial class HostSettingRules
{
    internal const string NoPasswords = "No passwords in files: use SSH keys, TLS certificates, or libvirt's own auth.conf.";

    internal static string? OfName(string name) =>
        name.StartsWith("lab-", StringComparison.Ordinal) ? "names that begin with lab- are those of the lab's hosts"
        : name.Contains(':', StringComparison.Ordinal) || name.Contains('/', StringComparison.Ordinal) ? "this looks like a URI; a host's name is what you want to call it"
        : Name().IsMatch(name) ? null
        : "a host's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit";

    internal static string? OfUri(string uri)
    {
        if (HasPassword(uri))
        {
            return "the URI carries a password";
        }

        return uri.Contains("://", StringComparison.Ordinal) && !uri.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) && Uri.TryCreate(uri, UriKind.Absolute, out _)
            ? null
            : "this is no libvirt URI, such as qemu+ssh://root@node1/system";
    }

    internal static string? OfSshTarget(string target) =>
        Ssh().IsMatch(target) ? null : "this is no SSH target: [user@]host, or a name of ssh_config, without options, ports, spaces or a leading dash";

    internal static string? OfSshConfig(string path) =>
        path.StartsWith('/') && !path.Any(char.IsControl) ? null : "this is no file's absolute path: ssh reads its configuration from it";

    internal static string? OfAddress(string address) =>
        HostName().IsMatch(address) || (address.Contains(':', StringComparison.Ordinal) && !address.Contains('[', StringComparison.Ordinal) && IPAddress.TryParse(address, out _))
            ? null
            : "this is no IP address or host name; a port belongs to libvirt's migration_port_min and migration_port_max";

    internal static bool IsSecret(string key) => Secret().IsMatch(key);

    private static bool HasPassword(string uri)
    {
        if (HostAddress.Redact(uri) != uri)
        {
            return true;
        }

        int query = uri.IndexOf('?', StringComparison.Ordinal);
        return query >= 0 && uri[(query + 1)..].Split('&', ';').Any(pair => IsSecret(pair.Split('=')[0]));
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex(@"^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9]([A-Za-z0-9_.-]*|[0-9A-Fa-f:]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Ssh();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostName();

    // keyfile and pkipath name files; what holds the secret itself is refused.
    [GeneratedRegex("passw|passphrase|^pass$|secret|token|credential|^(api_?|private_?|ssh_?)key$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Secret();
}
