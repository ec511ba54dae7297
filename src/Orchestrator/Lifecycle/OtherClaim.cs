using System.Net.Sockets;

namespace Orchestrator.Lifecycle;

/// <summary>A claim that somebody else has: in this process or another one of this machine.</summary>
public sealed class OtherClaim : IAsyncDisposable
{
    private readonly Socket? _connection;
    private readonly ClaimHolder? _self;
    private readonly CancellationTokenSource _leave = new();

    private OtherClaim(Socket connection, ClaimHolder self, ClaimHolder? holder)
    {
        _connection = connection;
        _self = self;
        Holder = holder;
        Pid = SocketPeer.Of(connection).Pid;
        Released = WaitAsync(connection);
    }

    /// <summary>The claim of somebody who cannot be talked to.</summary>
    internal OtherClaim(Func<CancellationToken, Task> released) => Released = released(_leave.Token);

    /// <summary>Who has it; <see langword="null"/> when they did not tell: a process that is stopped, or none of ours.</summary>
    public ClaimHolder? Holder { get; }

    /// <summary>The process that has it, as the kernel knows it; <see langword="null"/> when it lets nobody in.</summary>
    public int? Pid { get; }

    /// <summary>Ends when the claim was given up, or its process ended.</summary>
    public Task Released { get; }

    /// <summary>Asks the holder to give up what it does. It may be unable to: <see cref="Released"/> tells.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RequestCancelAsync(CancellationToken cancellationToken = default)
    {
        if (_connection is null)
        {
            return;
        }

        try
        {
            await ClaimJson.SendAsync(_connection, _self!, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Leaves the holder alone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_leave.IsCancellationRequested)
        {
            await _leave.CancelAsync().ConfigureAwait(false);
            await Released.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _connection?.Dispose();
            _leave.Dispose();
        }
    }

    /// <summary>In words: the holder's own, or what process it is that does not answer.</summary>
    public override string ToString() => Holder?.ToString() ?? (Pid is { } pid ? $"pid {pid}, which does not answer: is it stopped? See: ps {pid}" : "somebody who does not tell");

    internal static async Task<OtherClaim> MeetAsync(Socket connection, ClaimHolder self, TimeSpan politeness, TimeProvider time, CancellationToken cancellationToken)
    {
        ClaimHolder? holder = null;
        using var deadline = new CancellationTokenSource(politeness, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            holder = await ClaimJson.ReceiveAsync(connection, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A stopped process holds its claim and says nothing.
        }
        catch (SocketException)
        {
            // It ended just now; the wait for its end sees the same.
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        return new(connection, self, holder);
    }

    private async Task WaitAsync(Socket connection)
    {
        byte[] nothing = new byte[256];
        try
        {
            while (await connection.ReceiveAsync(nothing, _leave.Token).ConfigureAwait(false) > 0)
            {
                // Whatever it says, it still has the claim.
            }
        }
        catch (SocketException)
        {
            // The connection broke: nobody is at its other end any more.
        }
    }
}
