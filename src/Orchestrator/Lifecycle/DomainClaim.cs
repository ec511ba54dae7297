using System.Net.Sockets;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>The right to change a domain or to hand out a device; disposing of it lets the next one in.</summary>
public sealed class DomainClaim : IAsyncDisposable
{
    private static readonly TimeSpan AfterError = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly ClaimHolder _holder;
    private readonly CancellationTokenSource _cancel = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;
    private ClaimHolder? _cancelRequestedBy;

    internal DomainClaim(Socket listener, ClaimHolder holder)
    {
        _listener = listener;
        _holder = holder;
        CancelRequested = _cancel.Token;
        _serving = ServeAsync();
    }

    /// <summary>Set when a contender asks for the end of the operation; whether and how it can be given up is the operation's business.</summary>
    public CancellationToken CancelRequested { get; }

    /// <summary>Who asked for the end, and what for.</summary>
    public ClaimHolder? CancelRequestedBy => Volatile.Read(ref _cancelRequestedBy);

    /// <summary>Gives the claim up.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_end.IsCancellationRequested)
        {
            return;
        }

        // The name first: a contender that sees the end of its connection may bind it at once.
        _listener.Dispose();
        await _end.CancelAsync().ConfigureAwait(false);
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what became of the operation counts, not what became of its door
        _end.Dispose();
        _cancel.Dispose();
    }

    private async Task ServeAsync()
    {
        var contenders = new List<Task>();
        try
        {
            while (true)
            {
                try
                {
                    Socket contender = await _listener.AcceptAsync(_end.Token).ConfigureAwait(false);
                    contenders.RemoveAll(task => task.IsCompleted);
                    contenders.Add(ServeAsync(contender));
                }
                catch (SocketException)
                {
                    // Closed a moment before the end, or out of descriptors for now: contenders wait at the door until then.
                    await Task.Delay(AfterError, _end.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The claim is given up.
        }

        await Task.WhenAll(contenders).ConfigureAwait(false);
    }

    /// <summary>A user may end what is their own, root everything.</summary>
    private static bool MayCancel(Socket contender) => SocketPeer.Of(contender) is var peer && (peer.User == 0 || peer.User == (int)Posix.EffectiveUser());

    private async Task ServeAsync(Socket contender)
    {
        using (contender)
        {
            try
            {
                await ClaimJson.SendAsync(contender, _holder, _end.Token).ConfigureAwait(false);
                if (await ClaimJson.ReceiveAsync(contender, _end.Token).ConfigureAwait(false) is { } asking && MayCancel(contender))
                {
                    Volatile.Write(ref _cancelRequestedBy, asking);
                    await _cancel.CancelAsync().ConfigureAwait(false);
                }

                // The end of the connection is what tells the contender of the claim's end, so it stands until then.
                byte[] nothing = new byte[256];
                while (await contender.ReceiveAsync(nothing, _end.Token).ConfigureAwait(false) > 0)
                {
                }
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The contender left, or the claim is given up.
            }
        }
    }
}
