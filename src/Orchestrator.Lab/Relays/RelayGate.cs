namespace Orchestrator.Lab.Relays;

/// <summary>What the connections of a relay have to observe: whether anything may pass, and how late.</summary>
internal sealed class RelayGate(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly TimeSpan[] _delays = new TimeSpan[2];
    private TaskCompletionSource _open = Opened();

    /// <summary>The clock of the delays.</summary>
    public TimeProvider Time => time;

    /// <summary>How late what passes one way now arrives.</summary>
    public TimeSpan DelayOf(RelayDirection direction)
    {
        lock (_lock)
        {
            return _delays[(int)direction];
        }
    }

    /// <summary>Sets it, for what comes from now on.</summary>
    public void SetDelay(RelayDirection direction, TimeSpan delay)
    {
        lock (_lock)
        {
            _delays[(int)direction] = delay;
        }
    }

    /// <summary>Lets nothing pass.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_open.Task.IsCompleted)
            {
                _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>Lets everything pass again.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _open.TrySetResult();
        }
    }

    /// <summary>Returns when something may pass.</summary>
    public Task PassAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _open.Task.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
