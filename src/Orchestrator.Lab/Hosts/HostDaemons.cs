using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Hosts;

/// <summary>Starts a host's two daemons.</summary>
internal static class HostDaemons
{
    private const string Remedy =
        "The lab needs libvirt 11 and QEMU 10: the Debian packages libvirt-daemon, libvirt-daemon-driver-qemu and qemu-system-x86 (on Debian 12 from bookworm-backports).";

    /// <summary>Starts those of the two that do not run.</summary>
    public static Task StartAsync(LabHost host, LabAccount account, TimeProvider time, CancellationToken cancellationToken) => Task.WhenAll(
        EnsureAsync("virtlogd", "virtlogd-sock", [], host, account, time, cancellationToken),
        EnsureAsync("libvirtd", "libvirt-sock", ["-f", HostFiles.Config(host.Root, "libvirtd.conf")], host, account, time, cancellationToken));

    /// <summary>Where a host's libvirt daemon listens.</summary>
    public static string Socket(LabHost host) => Path.Combine(host.Root, "run", "libvirt", "libvirt-sock");

    private static async Task EnsureAsync(
        string name, string socket, string[] arguments, LabHost host, LabAccount account, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = Path.Combine(host.Root, "run", "libvirt", socket);
        if (await Daemon.AcceptsAsync(path, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var start = new DaemonStart
        {
            Command = [.. name == "libvirtd" ? FakeClock.Prefix(host.Root) : [], Tool.Require(name, name == "virtlogd" ? "libvirt-daemon-log" : "libvirt-daemon"), .. arguments],
            Environment = HostFiles.Environment(host.Root),
            Account = account,
            Log = Path.Combine(host.Root, name + ".log"),
            Socket = path,
            Host = host.Name,
            Remedy = Remedy,
        };
        await Daemon.StartAsync(start, time, cancellationToken).ConfigureAwait(false);
    }
}
