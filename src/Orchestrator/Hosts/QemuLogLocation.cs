namespace Orchestrator.Hosts;

/// <summary>Where a host keeps the logs of its QEMU processes, told from its URI: libvirt itself does not say.</summary>
internal static class QemuLogLocation
{
    private const string SessionSocket = "/run/libvirt/libvirt-sock";

    /// <summary>The folder of the logs on this machine, or <see langword="null"/> when the daemon runs elsewhere.</summary>
    /// <param name="uri">The canonical URI.</param>
    /// <param name="home">This user's home folder.</param>
    /// <param name="cacheHome">This user's <c>XDG_CACHE_HOME</c>, if set.</param>
    internal static string? Find(string uri, string home, string? cacheHome)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) || parsed.Host.Length > 0)
        {
            return null;
        }

        switch (parsed.AbsolutePath)
        {
            case "/system":
                return "/var/log/libvirt/qemu";
            case "/session" when SocketOf(parsed) is not { } socket:
                return Path.Combine(string.IsNullOrEmpty(cacheHome) ? Path.Combine(home, ".cache") : cacheHome, "libvirt/qemu/log");
            default:
                return OfPrivate(parsed);
        }
    }

    /// <summary>The folder of the logs on the daemon's own machine, for one who logs in there; relative to the home folder for a session.</summary>
    internal static string OnHost(string uri) =>
        Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) && parsed.AbsolutePath == "/session" ? OfPrivate(parsed) ?? ".cache/libvirt/qemu/log" : "/var/log/libvirt/qemu";

    /// <summary>The path of the daemon's socket when the URI reaches it over one of this machine; empty for libvirt's default path.</summary>
    internal static string? LocalSocket(string uri) =>
        Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) && parsed.Host.Length == 0 && parsed.AbsolutePath is "/system" or "/session"
            ? SocketOf(parsed!) ?? ""
            : null;

    /// <summary>The URI by which the daemon's own machine reaches it.</summary>
    internal static string FromItsMachine(string uri) => !Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) || parsed.Host.Length == 0 ? uri
        : SocketOf(parsed) is { } socket ? $"{parsed.Scheme.Split('+')[0]}+unix://{parsed.AbsolutePath}?socket={Uri.EscapeDataString(socket)}"
        : $"{parsed.Scheme.Split('+')[0]}://{parsed.AbsolutePath}";

    // A private daemon whose XDG folders lie side by side, as the lab's do: ROOT/run and ROOT/cache.
    private static string? OfPrivate(Uri uri) => uri.AbsolutePath == "/session" && SocketOf(uri) is { } socket && socket.EndsWith(SessionSocket, StringComparison.Ordinal)
        ? socket[..^SessionSocket.Length] + "/cache/libvirt/qemu/log"
        : null;

    private static string? SocketOf(Uri uri)
    {
        foreach (string pair in uri.Query.TrimStart('?').Split('&'))
        {
            if (pair.StartsWith("socket=", StringComparison.Ordinal))
            {
                return Uri.UnescapeDataString(pair["socket=".Length..]);
            }
        }

        return null;
    }
}
