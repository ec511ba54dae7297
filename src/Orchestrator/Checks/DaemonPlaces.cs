using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>Where a daemon of this machine keeps its files, told from its URI: libvirt itself does not say.</summary>
/// <param name="Configuration">Its <c>qemu.conf</c>.</param>
/// <param name="PidFiles">Where its pid file may be: one daemon (<c>libvirtd</c>), or one for each driver (<c>virtqemud</c>).</param>
internal sealed record DaemonPlaces(string Configuration, IReadOnlyList<string> PidFiles)
{
    private static readonly string[] Daemons = ["virtqemud.pid", "libvirtd.pid"];

    /// <summary>The places, or <see langword="null"/> when they cannot be told.</summary>
    /// <param name="uri">The canonical URI of a daemon of this machine.</param>
    /// <param name="environment">This user's HOME, XDG_CONFIG_HOME and XDG_RUNTIME_DIR.</param>
    internal static DaemonPlaces? Find(string uri, Func<string, string?> environment)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) || QemuLogLocation.LocalSocket(uri) is not { } socket)
        {
            return null;
        }

        if (parsed.AbsolutePath == "/system")
        {
            return new("/etc/libvirt/qemu.conf", [.. Daemons.SelectMany(name => new[] { $"/run/{name}", $"/run/libvirt/{name}" })]);
        }

        const string Private = "/run/libvirt/libvirt-sock"; // a private daemon whose XDG folders lie side by side, as the lab's do
        if (socket.EndsWith(Private, StringComparison.Ordinal))
        {
            string root = socket[..^Private.Length];
            return new($"{root}/config/libvirt/qemu.conf", [.. Daemons.Select(name => $"{root}/run/libvirt/{name}")]);
        }

        if (socket.Length > 0 || (environment("XDG_CONFIG_HOME") ?? (environment("HOME") is { } home ? $"{home}/.config" : null)) is not { } config)
        {
            return null;
        }

        return new($"{config}/libvirt/qemu.conf", environment("XDG_RUNTIME_DIR") is { } run ? [.. Daemons.Select(name => $"{run}/libvirt/{name}")] : []);
    }
}
