namespace Orchestrator.Hosts;

/// <summary>
/// The events of one host from one connection, kept for one reader until it takes them. It ends with the connection. When the reader is too slow, what does
/// not fit is counted and dropped, up to the next time it reads: so all that was missed lies between two reads.
/// </summary>
/// <param name="capacity">How many events to keep.</param>
/// <param name="stop">Called when it is disposed of.</param>
public sealed class HostSubscription(int capacity, Action<HostSubscription>? stop = null) : IDisposable
{
    private readonly Lock _lock = new();
    private List<HostEvent> _events = [];
    private long _missed;
    private string? _ended;
    private TaskCompletionSource _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Keeps an event.</summary>
    /// <param name="arrived">The event.</param>
    public void Add(HostEvent arrived)
    {
        lock (_lock)
        {
            if (_ended is not null)
            {
                return;
            }

            if (_missed > 0 || _events.Count >= capacity)
            {
                _missed++;
            }
            else
            {
                _events.Add(arrived);
            }

            _readable.TrySetResult();
        }
    }

    /// <summary>Ends it: the connection is gone.</summary>
    /// <param name="reason">Why, in words.</param>
    public void End(string reason)
    {
        lock (_lock)
        {
            _ended ??= reason;
            _readable.TrySetResult();
        }
    }

    /// <summary>Waits until there is something, and takes all there is.</summary>
    /// <param name="cancellationToken">Ends the wait; nothing is taken then.</param>
    public async Task<HostEventBatch> ReadAsync(CancellationToken cancellationToken)
    {
        Task readable;
        lock (_lock)
        {
            readable = _readable.Task;
        }

        await readable.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            var batch = new HostEventBatch(_events, _missed, _ended);
            _events = [];
            _missed = 0;
            if (_ended is null)
            {
                _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return batch;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => stop?.Invoke(this);
}

/// <summary>What one read of a subscription took.</summary>
/// <param name="Events">The events, in the order of their arrival.</param>
/// <param name="Missed">How many after them were dropped.</param>
/// <param name="Ended">Why the subscription ended after that; <see langword="null"/> while it goes on.</param>
public sealed record HostEventBatch(IReadOnlyList<HostEvent> Events, long Missed, string? Ended);
