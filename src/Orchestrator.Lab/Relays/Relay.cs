using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Lab.Relays;

/// <summary>
/// Stands between two ends of a link in this process, forwards what passes, and can delay, stall and cut it. It is not for throttling: the buffers of the
/// sockets swallow megabytes unseen, which then count as blackout.
/// </summary>
public abstract class Relay : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Socket _listener;
    private readonly EndPoint _target;
    private readonly RelayGate _gate;
    private readonly CancellationTokenSource _ended = new();
    private readonly Dictionary<RelayConnection, Task> _connections = [];
    private readonly Task _accepting;
    private bool _isCut;
    private int _isDisposed;

    private protected Relay(Socket listener, EndPoint target, TimeProvider? time)
    {
        (_listener, _target, _gate) = (listener, target, new RelayGate(time ?? TimeProvider.System));
        _accepting = AcceptAsync();
    }

    /// <summary>How many connections it forwards.</summary>
    public int Connections
    {
        get
        {
            lock (_lock)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Lets what passes one way from now on arrive later, each message by itself; those behind it do not wait for it in turn.</summary>
    /// <param name="direction">Which way.</param>
    /// <param name="delay">How much later; zero for not.</param>
    public void Delay(RelayDirection direction, TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        _gate.SetDelay(direction, delay);
    }

    /// <summary>Lets nothing pass any more, and ends nothing: as a link does on which everything gets lost.</summary>
    public void Stall() => _gate.Close();

    /// <summary>Ends every connection, and each that comes after.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            _isCut = true;
            foreach (var connection in _connections.Keys.ToList())
            {
                connection.Cut(); // under the lock: it is disposed of under it, too
            }
        }
    }

    /// <summary>Lets everything pass again; what was cut has to connect anew.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _isCut = false;
        }

        _gate.Open();
    }

    /// <summary>Ends every connection and the relay.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            await DisposeAsyncCore().ConfigureAwait(false);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Ends every connection and the relay.</summary>
    protected virtual async ValueTask DisposeAsyncCore()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        Cut();
        Task[] ending;
        lock (_lock)
        {
            ending = [.. _connections.Values];
        }

        await Task.WhenAll(ending).ConfigureAwait(false);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket near;
            try
            {
                near = await _listener.AcceptAsync(_ended.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (_ended.IsCancellationRequested && e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            Begin(near);
        }
    }

    private void Begin(Socket near)
    {
        lock (_lock)
        {
            if (_isCut)
            {
                RelayConnection.Reset(near);
                near.Dispose();
                return;
            }

            var far = new Socket(_target.AddressFamily, SocketType.Stream, _target.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
            if (_target.AddressFamily != AddressFamily.Unix)
            {
                near.NoDelay = far.NoDelay = true;
            }

            var connection = new RelayConnection(near, far, _target, _gate);
            _connections.Add(connection, RunAsync(connection));
        }
    }

    private async Task RunAsync(RelayConnection connection)
    {
        await Task.Yield(); // it must be among the connections before it can be taken from them
        await connection.RunAsync().ConfigureAwait(false);
        lock (_lock)
        {
            _connections.Remove(connection);
            connection.Dispose();
        }
    }
}
