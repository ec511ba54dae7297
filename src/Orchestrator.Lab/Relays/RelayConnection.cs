using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Lab.Relays;

/// <summary>One connection through a relay: both its sockets.</summary>
internal sealed class RelayConnection(Socket near, Socket far, EndPoint target, RelayGate gate) : IDisposable
{
    private readonly CancellationTokenSource _cut = new();

    /// <summary>Connects to the target and forwards both ways until both sides have ended, or it is cut.</summary>
    public async Task RunAsync()
    {
        try
        {
            await gate.PassAsync(_cut.Token).ConfigureAwait(false);
            await far.ConnectAsync(target, _cut.Token).ConfigureAwait(false);
            await using var nearStream = new NetworkStream(near);
            await using var farStream = new NetworkStream(far);
            await Task.WhenAll(
                PumpAsync(nearStream, farStream, RelayDirection.Forth),
                PumpAsync(farStream, nearStream, RelayDirection.Back)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A side has gone, or the connection was cut: the other side learns it from the end of its own.
            Reset(near);
            Reset(far);
        }
        finally
        {
            near.Dispose();
            far.Dispose();
        }
    }

    /// <summary>Ends it at once, as a dead link does; without a word to the sides beyond that.</summary>
    public void Cut() => _cut.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _cut.Dispose();

    /// <summary>Lets a socket's end be a reset, not an orderly end.</summary>
    public static void Reset(Socket socket)
    {
        if (socket.AddressFamily != AddressFamily.Unix && socket.Connected)
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, RelayDirection direction)
    {
        try
        {
            await new RelayPump(from, to, gate, direction).RunAsync(_cut.Token).ConfigureAwait(false);
        }
        catch
        {
            await _cut.CancelAsync().ConfigureAwait(false); // with one direction dead the other has no use
            throw;
        }
    }
}
