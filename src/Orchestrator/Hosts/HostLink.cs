using Libvirt.Interop;

namespace Orchestrator.Hosts;

/// <summary>
/// The threads that call a host, and the connection they call through. A lost connection is opened again by the next call. From calls that hang nothing
/// can be got back, neither their threads nor the connection: then the whole link is given up and another takes its place; what hangs ends when it returns.
/// </summary>
/// <param name="name">The host's name.</param>
/// <param name="open">Opens a connection for the link; called on one of the threads. It may refuse as not begun when the link was given up.</param>
/// <param name="lost">Told of a connection that a call found lost, on the thread of that call; says what its caller is told.</param>
internal sealed class HostLink(string name, Func<HostLink, LibvirtConnection> open, Func<LibvirtConnection, LibvirtException, Exception> lost) : IDisposable
{
    private readonly HostDispatcher _dispatcher = new(name);
    private readonly SemaphoreSlim _opening = new(1);
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Shared? _shared;

    /// <summary>The connection, if there is one now.</summary>
    internal LibvirtConnection? Connection => _shared?.Connection;

    /// <summary>How many of its threads have not ended.</summary>
    internal int Alive => _dispatcher.Alive;

    /// <summary>Completes when the link was ended and its connection is closed.</summary>
    internal Task Closed => _closed.Task;

    /// <summary>Whether every thread has been in one call for longer than this.</summary>
    internal bool IsStuck(TimeSpan longest) => _dispatcher.IsStuck(longest);

    /// <summary>Does something that blocks and needs no connection.</summary>
    internal Task<T> InvokeAsync<T>(Func<T> call, CancellationToken cancellationToken) => _dispatcher.InvokeAsync(call, cancellationToken);

    /// <summary>Makes a call, on a connection that is opened first if there is none.</summary>
    internal Task<T> InvokeAsync<T>(Func<LibvirtConnection, T> call, CancellationToken cancellationToken) =>
        _dispatcher.InvokeAsync(() => Call(call), cancellationToken);

    /// <summary>Gives the link up: what runs goes on, what waits is refused, and the last user of the connection closes it.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        _dispatcher.End();
        Shared? shared;
        bool isUsed = false;
        lock (_lock)
        {
            shared = _shared;
            _shared = null;
            if (shared is not null)
            {
                shared.IsDropped = true;
                isUsed = shared.Users > 0;
            }
        }

        if (shared is null)
        {
            _closed.TrySetResult();
        }
        else if (!isUsed)
        {
            // Closing asks the daemon, which may not answer.
            new Thread(() => Close(shared)) { IsBackground = true, Name = $"closes {name}" }.UnsafeStart();
        }
    }

    private T Call<T>(Func<LibvirtConnection, T> call)
    {
        Shared shared = TryAcquire() ?? Open();
        try
        {
            return call(shared.Connection);
        }
        catch (LibvirtException e) when (e.IsConnectionLost || !shared.Connection.IsAlive())
        {
            lock (_lock)
            {
                shared.IsDropped = true;
                _shared = ReferenceEquals(_shared, shared) ? null : _shared;
            }

            throw lost(shared.Connection, e);
        }
        finally
        {
            Release(shared);
        }
    }

    private Shared? TryAcquire()
    {
        Shared dead;
        lock (_lock)
        {
            if (_shared is null)
            {
                return null;
            }

            _shared.Users++;
            if (_shared.Connection.IsAlive())
            {
                return _shared;
            }

            dead = _shared;
            dead.IsDropped = true;
            _shared = null;
        }

        Release(dead);
        return null;
    }

    private Shared Open()
    {
        try
        {
            _opening.Wait(_ended.Token);
        }
        catch (OperationCanceledException)
        {
            throw new CallNotBegunException();
        }

        try
        {
            if (TryAcquire() is { } present)
            {
                return present;
            }

            LibvirtConnection connection = open(this);
            lock (_lock)
            {
                if (!_ended.IsCancellationRequested)
                {
                    return _shared = new(connection) { Users = 1 };
                }
            }

            connection.Dispose();
            throw new CallNotBegunException();
        }
        finally
        {
            _opening.Release();
        }
    }

    private void Release(Shared shared)
    {
        bool isLast;
        lock (_lock)
        {
            isLast = --shared.Users == 0 && shared.IsDropped;
        }

        if (isLast)
        {
            Close(shared);
        }
    }

    private void Close(Shared shared)
    {
        shared.Connection.Dispose();
        if (_ended.IsCancellationRequested)
        {
            _closed.TrySetResult();
        }
    }

    // One call may find the connection lost while others still use it.
    private sealed class Shared(LibvirtConnection connection)
    {
        internal LibvirtConnection Connection { get; } = connection;

        internal int Users { get; set; }

        internal bool IsDropped { get; set; }
    }
}
