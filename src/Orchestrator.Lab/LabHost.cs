namespace Orchestrator.Lab;

/// <summary>One private libvirt host of a lab.</summary>
/// <param name="Name">Its name: <c>lab-a</c>, <c>lab-b</c>, …</param>
/// <param name="Uri">The libvirt URI that reaches it.</param>
/// <param name="Root">Its folder, which holds its sockets (<c>run</c>), configuration (<c>config</c>) and logs (<c>cache</c>).</param>
public sealed record LabHost(string Name, string Uri, string Root)
{
    /// <summary>The daemon's socket.</summary>
    public string Socket => SocketIn(Root);

    /// <summary>The QEMU log of a domain on this host.</summary>
    public string GuestLog(string domain) => Path.Combine(Root, "cache", "libvirt", "qemu", "log", domain + ".log");

    /// <summary>What the host's daemon itself had to say.</summary>
    public string DaemonLog => Path.Combine(Root, "libvirtd.log");

    internal static LabHost In(string labFolder, int index)
    {
        var letter = (char)('a' + index);
        var root = Path.Combine(labFolder, letter.ToString());
        return new LabHost($"lab-{letter}", UriOf(SocketIn(root)), root);
    }

    internal static string UriOf(string socket) => $"qemu+unix:///session?socket={socket}";

    private static string SocketIn(string root) => Path.Combine(root, "run", "libvirt", "libvirt-sock");
}
