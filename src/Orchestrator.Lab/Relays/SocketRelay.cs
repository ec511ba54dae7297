using System.Net.Sockets;

namespace Orchestrator.Lab.Relays;

/// <summary>A relay in front of a daemon's socket, with a socket of its own.</summary>
public sealed class SocketRelay : Relay
{
    private const UnixFileMode Everybody = (UnixFileMode)0b110_110_110;

    private SocketRelay(Socket listener, string path, string target, TimeProvider? time)
        : base(listener, new UnixDomainSocketEndPoint(target), time) => Path = path;

    /// <summary>Its socket.</summary>
    public string Path { get; }

    /// <summary>The libvirt URI that reaches the daemon through it.</summary>
    public string Uri => LabHost.UriOf(Path);

    /// <summary>Starts a relay. Every account that reaches the folder of its socket may use it, as the daemons of a lab do.</summary>
    /// <param name="path">Its socket, which it makes, and removes in the end.</param>
    /// <param name="target">The socket behind it.</param>
    /// <param name="time">The clock of its delays.</param>
    /// <exception cref="SocketException">There is a file of that name already.</exception>
    public static SocketRelay Start(string path, string target, TimeProvider? time = null)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, Everybody);
            listener.Listen();
            return new SocketRelay(listener, path, target, time);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask DisposeAsyncCore()
    {
        await base.DisposeAsyncCore().ConfigureAwait(false);
        File.Delete(Path);
    }
}
