using System.Buffers.Binary;
using System.Net.Sockets;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>
/// A daemon that lives, and answers its keepalive, but never answers some calls: a socket before a real daemon's that swallows them. Without a daemon behind it, it answers
/// nothing at all.
/// </summary>
internal sealed class DeafDaemon : IAsyncDisposable
{
    // Of libvirt's remote protocol.
    internal const int DomainCreateWithFlags = 196;
    internal const int DomainDefineXmlFlags = 350;
    internal const int DomainAttachDeviceFlags = 160;

    private const uint RemoteProgram = 0x20008086;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly List<Socket> _sockets = [];
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"deaf-{Guid.NewGuid():n}.sock");
    private readonly string? _target;
    private readonly int[] _ignored;
    private readonly Task _accepting;

    internal DeafDaemon(string? target, params int[] ignored)
    {
        (_target, _ignored) = (target, ignored);
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    internal string Uri => $"qemu+unix:///session?socket={_path}";

    /// <summary>How many calls were swallowed.</summary>
    internal int Swallowed { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        lock (_sockets)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }

        File.Delete(_path);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var pumps = new List<Task>();
        try
        {
            while (true)
            {
                Socket client = Keep(await _listener.AcceptAsync(_end.Token));
                if (_target is not null)
                {
                    Socket daemon = Keep(new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
                    await daemon.ConnectAsync(new UnixDomainSocketEndPoint(_target), _end.Token);
                    pumps.Add(PumpAsync(client, daemon, swallows: true));
                    pumps.Add(PumpAsync(daemon, client, swallows: false));
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(pumps);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool swallows)
    {
        try
        {
            await using var source = new NetworkStream(from);
            await using var sink = new NetworkStream(to);
            byte[] packet = new byte[64 * 1024 * 1024];
            while (true)
            {
                // Length, program, version, procedure, type, serial, status: 4 bytes each.
                await source.ReadExactlyAsync(packet.AsMemory(0, 4), _end.Token);
                int length = BinaryPrimitives.ReadInt32BigEndian(packet);
                await source.ReadExactlyAsync(packet.AsMemory(4, length - 4), _end.Token);
                if (swallows && BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4)) == RemoteProgram && Array.IndexOf(_ignored, BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(12))) >= 0)
                {
                    Swallowed++;
                    continue;
                }

                await sink.WriteAsync(packet.AsMemory(0, length), _end.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // One side has closed: so does the other.
            to.Dispose();
        }
    }

    private Socket Keep(Socket socket)
    {
        lock (_sockets)
        {
            _sockets.Add(socket);
        }

        return socket;
    }
}
