namespace Orchestrator.Hosts;

/// <summary>A machine as <c>ssh</c> is told of it.</summary>
/// <param name="Host"><c>[user@]host</c>, or a name of its configuration.</param>
/// <param name="Port">The port; <see langword="null"/> for the configured one.</param>
/// <param name="Sudo">Whether what needs root is done there through <c>sudo</c>.</param>
internal sealed record SshTarget(string Host, int? Port = null, bool Sudo = false)
{
    /// <summary>The configuration that <c>ssh</c> reads in the place of the user's; <see langword="null"/> for that.</summary>
    internal string? Configuration { get; init; }

    /// <summary>The private key; <see langword="null"/> leaves the choice to <c>ssh</c>.</summary>
    internal string? KeyFile { get; init; }

    /// <summary>The program that a URI names in the place of <c>ssh</c>; <see langword="null"/> for <c>ssh</c> itself.</summary>
    internal string? Program { get; init; }

    /// <summary>By the host's side channel, else by its URI when that goes over SSH; <see langword="null"/> when neither says.</summary>
    /// <param name="address">How the host is reached.</param>
    /// <param name="uri">The URI that its daemon was connected by: the address may only have an alias.</param>
    internal static SshTarget? Of(HostAddress address, string uri)
    {
        if (address.SideChannel is { } channel)
        {
            return new(channel.Ssh, Sudo: channel.Sudo) { Configuration = channel.SshConfig };
        }

        // libvirt may have taken from its own copy of the URI what is only for us here, such as the key.
        return OfUri(address.Uri) ?? OfUri(uri);
    }

    private static SshTarget? OfUri(string uri)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) || parsed.Host.Length == 0 || parsed.Scheme.Split('+') is not [_, "ssh" or "libssh" or "libssh2"])
        {
            return null;
        }

        string user = Uri.UnescapeDataString(parsed.UserInfo.Split(':')[0]);
        string target = user.Length > 0 ? $"{user}@{parsed.DnsSafeHost}" : parsed.DnsSafeHost;
        return target.StartsWith('-') ? null : new(target, parsed.Port > 0 ? parsed.Port : null)
        {
            KeyFile = Parameter("keyfile"),
            Program = parsed.Scheme.EndsWith("+ssh", StringComparison.Ordinal) ? Parameter("command") : null, // libssh runs none
        };

        string? Parameter(string name) => parsed.Query.TrimStart('?').Split('&', ';').Where(pair => pair.StartsWith(name + "=", StringComparison.Ordinal))
            .Select(pair => Uri.UnescapeDataString(pair[(name.Length + 1)..])).FirstOrDefault(value => value.Length > 0);
    }
}
