using System.Net.Sockets;

namespace Orchestrator.Lab.Relays;

/// <summary>One direction of a connection: what is read on one side is sent on the other, in its order.</summary>
internal sealed class RelayPump(NetworkStream from, NetworkStream to, RelayGate gate, RelayDirection direction)
{
    private const int ChunkBytes = 64 * 1024;

    // How much is on its way at once when it is delayed: enough that a delay of 100 ms does not slow down 100 MiB/s, which would be a throttle.
    private const int MostChunksAhead = 256;

    /// <summary>Forwards until there is no more to read, and tells the other side so.</summary>
    /// <exception cref="IOException">A side has gone.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var ahead = new SemaphoreSlim(MostChunksAhead);
        var last = Task.CompletedTask;
        try
        {
            while (true)
            {
                await gate.PassAsync(ended.Token).ConfigureAwait(false);
                var chunk = new byte[ChunkBytes];
                var length = await from.ReadAsync(chunk, ended.Token).ConfigureAwait(false);
                if (length == 0)
                {
                    break;
                }

                var delay = gate.DelayOf(direction);
                await ahead.WaitAsync(ended.Token).ConfigureAwait(false);
                last = SendAsync(last, chunk.AsMemory(0, length), delay, ahead, ended);
                if (delay == TimeSpan.Zero)
                {
                    await last.ConfigureAwait(false); // nothing piles up here: whoever sends feels the other side
                }
            }

            await last.ConfigureAwait(false);
            to.Socket.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(Task previous, ReadOnlyMemory<byte> chunk, TimeSpan delay, SemaphoreSlim ahead, CancellationTokenSource ended)
    {
        try
        {
            // Begins now, not when the one before has been sent: each is late by the delay, and no more.
            var due = delay == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(delay, gate.Time, ended.Token);
            await previous.ConfigureAwait(false);
            await due.ConfigureAwait(false);
            await gate.PassAsync(ended.Token).ConfigureAwait(false);
            await to.WriteAsync(chunk, ended.Token).ConfigureAwait(false);
            ahead.Release();
        }
        catch
        {
            await ended.CancelAsync().ConfigureAwait(false); // the reader waits for a side that may say nothing more
            throw;
        }
    }
}
