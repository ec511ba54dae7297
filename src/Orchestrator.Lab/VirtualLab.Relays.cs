using Orchestrator.Lab.Relays;

namespace Orchestrator.Lab;

public sealed partial class VirtualLab
{
    /// <summary>
    /// Puts a relay in front of a host's daemon. Who connects to its <see cref="SocketRelay.Uri"/> instead of the host's can be kept waiting and cut off, a
    /// daemon that migrates to this host among them. The caller disposes of it, before the lab.
    /// </summary>
    /// <param name="host">The host's name.</param>
    /// <exception cref="LabException">There is no such host.</exception>
    public SocketRelay RelayDaemon(string host)
    {
        var found = GetHost(host);
        var path = Enumerable.Range(1, int.MaxValue).Select(n => Path.Combine(Folder, FormattableString.Invariant($"{Path.GetFileName(found.Root)}{n}.sock"))).First(path => !File.Exists(path));
        return SocketRelay.Start(path, found.Socket, _options.Time);
    }
}
