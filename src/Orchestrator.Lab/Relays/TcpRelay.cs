using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Lab.Relays;

/// <summary>
/// A relay in the link of migrations: it listens on 127.0.0.1 and forwards to the same port of 127.0.0.2, where the destination's QEMU listens
/// (<c>--migrate-uri</c> <see cref="MigrateUri"/> <c>--listen-address</c> <see cref="ListenAddress"/>).
/// </summary>
public sealed class TcpRelay : Relay
{
    private static readonly IPAddress FarAddress = IPAddress.Parse("127.0.0.2");

    private TcpRelay(Socket listener, IPEndPoint target, TimeProvider? time)
        : base(listener, target, time) => (Port, ListenAddress) = (target.Port, $"{target.Address}");

    /// <summary>The port, on both addresses.</summary>
    public int Port { get; }

    /// <summary>Where the source's QEMU sends the guest.</summary>
    public string MigrateUri => string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{Port}");

    /// <summary>The address on which the destination's QEMU listens.</summary>
    public string ListenAddress { get; }

    /// <summary>Starts a relay.</summary>
    /// <param name="port">The port; 0 for a free one.</param>
    /// <param name="time">The clock of its delays.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static TcpRelay Start(int port = 0, TimeProvider? time = null)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
            listener.Listen();
            return new TcpRelay(listener, new IPEndPoint(FarAddress, ((IPEndPoint)listener.LocalEndPoint!).Port), time);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }
}
