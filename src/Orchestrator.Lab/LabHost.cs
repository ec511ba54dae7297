namespace Orchestrator.Lab;

/// <summary>One private libvirt host of a lab.</summary>
/// <param name="Name">Its name: <c>lab-a</c>, <c>lab-b</c>, …</param>
/// <param name="Uri">The libvirt URI that reaches it.</param>
/// <param name="Root">Its folder, which holds its sockets (<c>run</c>), configuration (<c>config</c>) and logs (<c>cache</c>).</param>
public sealed record LabHost(string Name, string Uri, string Root)
{
    /// <summary>How a host in an emulated machine is reached beside <see cref="Uri"/>, which goes over SSH; <see langword="null"/> for a host on this machine.</summary>
    public LabMachineAccess? Machine { get; init; }

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

/// <summary>How a host in an emulated machine is reached.</summary>
/// <param name="TcpUri">The libvirt URI over TCP, without encryption.</param>
/// <param name="PeerUri">The libvirt URI by which the machines' own daemons reach it.</param>
/// <param name="MigrationAddress">Where its QEMU receives guests, for the machines.</param>
/// <param name="SshTarget">What <c>ssh</c> calls it, with <paramref name="SshConfig"/>: root logs in, and the account <c>ops</c>, which may use libvirt and a list of sudo commands.</param>
/// <param name="SshConfig">The configuration for <c>ssh -F</c>: ports, the lab's key, the machine's key.</param>
public sealed record LabMachineAccess(string TcpUri, string PeerUri, string MigrationAddress, string SshTarget, string SshConfig);
