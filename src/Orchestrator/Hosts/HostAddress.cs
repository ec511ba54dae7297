using System.Text.RegularExpressions;

namespace Orchestrator.Hosts;

/// <summary>How a host is reached.</summary>
/// <param name="Name">What the user calls it: a name, a libvirt.conf alias or the URI itself.</param>
/// <param name="Uri">Its libvirt URI, or an alias that libvirt resolves.</param>
public sealed partial record HostAddress(string Name, string Uri)
{
    /// <summary>The URI by which other hosts' daemons reach it, where that is not <see cref="Uri"/>: what a peer-to-peer migration hands to the source.</summary>
    public string? PeerUri { get; init; }

    /// <summary>The address or host name at which its QEMU receives guests; <see langword="null"/> leaves the choice to libvirt.</summary>
    public string? MigrationAddress { get; init; }

    /// <summary>How commands reach the machine itself, for what libvirt has no call for; <see langword="null"/> when none is known.</summary>
    public SideChannel? SideChannel { get; init; }

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

/// <summary>How commands reach a host's machine beside libvirt.</summary>
/// <param name="Ssh">The target as <c>ssh</c> takes it: <c>[user@]host</c>, or a name of its configuration.</param>
/// <param name="Sudo">Whether commands that need root are run through <c>sudo</c> there.</param>
public sealed record SideChannel(string Ssh, bool Sudo)
{
    /// <summary>The configuration that <c>ssh</c> reads in the place of the user's: a key, pinned host keys, a port; <see langword="null"/> for the user's.</summary>
    public string? SshConfig { get; init; }
}
