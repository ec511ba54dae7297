using System.Net.Sockets;

namespace Orchestrator.Lab.Tests.Relays;

/// <summary>What stands behind a relay in a test: it takes one connection after the other, and the test speaks for it.</summary>
internal sealed class FarSide : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public FarSide(string path)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
    }

    public static async Task<Socket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), LabFixture.Deadline(20));
        return socket;
    }

    public async Task<Socket> AcceptAsync() => await _listener.AcceptAsync(LabFixture.Deadline(20));

    public void Dispose() => _listener.Dispose();
}
