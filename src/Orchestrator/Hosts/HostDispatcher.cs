using System.Collections.Concurrent;

namespace Orchestrator.Hosts;

/// <summary>
/// Threads that make the short, blocking calls of one host. A blocked call must never sit on the thread pool, where a few of them would stop
/// everything else; and a daemon serves five calls of one client at a time, so four threads leave one free.
/// </summary>
internal sealed class HostDispatcher : IDisposable
{
    internal const int ThreadCount = 4;

    private readonly BlockingCollection<WorkItem> _work = [];

    internal HostDispatcher(string name)
    {
        for (int i = 0; i < ThreadCount; i++)
        {
            new Thread(Run) { IsBackground = true, Name = $"libvirt calls to {name}" }.UnsafeStart();
        }
    }

    /// <summary>Makes a call on one of the threads.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the wait; a call that has begun goes on.</param>
    internal Task<T> InvokeAsync<T>(Func<T> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        var item = new WorkItem<T>(call, cancellationToken);
        ObjectDisposedException.ThrowIf(_work.IsAddingCompleted, this);
        _work.Add(item, CancellationToken.None);
        return cancellationToken.CanBeCanceled ? item.Task.WaitAsync(cancellationToken) : item.Task;
    }

    /// <summary>Ends the threads once their present calls have returned.</summary>
    public void Dispose() => _work.CompleteAdding();

    private void Run()
    {
        foreach (WorkItem item in _work.GetConsumingEnumerable())
        {
            item.Run();
        }
    }

    private abstract class WorkItem
    {
        internal abstract void Run();
    }

    private sealed class WorkItem<T>(Func<T> call, CancellationToken cancellationToken) : WorkItem
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<T> Task => _result.Task;

        internal override void Run()
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _result.TrySetCanceled(cancellationToken);
                return;
            }

            try
            {
                _result.TrySetResult(call());
            }
            catch (Exception e)
            {
                // The caller's exception, carried to the caller.
                _result.TrySetException(e);
            }
        }
    }
}
