using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>Keeps the events of one domain on one host, in the order of their arrival, until it is disposed of.</summary>
public sealed class EventRecorder : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ObservedEvent> _events = [];
    private readonly List<(Func<ObservedEvent, bool> Match, TaskCompletionSource Seen)> _waiting = [];
    private readonly Action<EventRecorder>? _stop;

    /// <summary>Creates a recorder.</summary>
    /// <param name="name">The domain's name.</param>
    /// <param name="uuid">The domain's UUID.</param>
    /// <param name="stop">Called when the recorder is disposed of.</param>
    public EventRecorder(string name, Guid uuid, Action<EventRecorder>? stop = null)
    {
        Name = name;
        Uuid = uuid;
        _stop = stop;
    }

    /// <summary>The domain's name.</summary>
    public string Name { get; }

    /// <summary>The domain's UUID.</summary>
    public Guid Uuid { get; }

    /// <summary>The connection was lost since: events may be missing.</summary>
    public bool HasGap { get; private set; }

    /// <summary>What has arrived so far.</summary>
    public IReadOnlyList<ObservedEvent> Events
    {
        get
        {
            lock (_lock)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>From here on events may be missing.</summary>
    internal void MarkGap() => HasGap = true;

    /// <summary>Adds an event.</summary>
    /// <param name="observed">The event.</param>
    public void Add(ObservedEvent observed)
    {
        lock (_lock)
        {
            _events.Add(observed);
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Match(observed))
                {
                    _waiting[i].Seen.TrySetResult();
                    _waiting.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>Waits until an event has arrived, or arrived already.</summary>
    /// <param name="match">Which event.</param>
    /// <param name="deadline">How long to wait.</param>
    /// <param name="time">Where time comes from.</param>
    /// <returns>Whether it arrived in time.</returns>
    public async Task<bool> WaitAsync(Func<ObservedEvent, bool> match, TimeSpan deadline, TimeProvider time)
    {
        var waiter = (Match: match, Seen: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            if (_events.Exists(observed => match(observed)))
            {
                return true;
            }

            _waiting.Add(waiter);
        }

        try
        {
            await waiter.Seen.Task.WaitAsync(deadline, time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            lock (_lock)
            {
                _waiting.Remove(waiter);
            }

            return waiter.Seen.Task.IsCompleted;
        }
    }

    /// <summary>Ends when the next event of a kind arrives, whatever arrived before.</summary>
    internal Task NextAsync(Func<ObservedEvent, bool> match)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Add((match, seen));
        }

        return seen.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _stop?.Invoke(this);
}
