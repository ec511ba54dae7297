using System.Collections.Concurrent;
using System.Diagnostics;

namespace Orchestrator.Hosts;

/// <summary>
/// Threads that make the short, blocking calls of one host. A blocked call must never sit on the thread pool, where a few of them would stop
/// everything else; and a daemon serves five calls of one client at a time, so four threads leave one free.
/// </summary>
internal sealed class HostDispatcher
{
    internal const int ThreadCount = 4;

    private readonly BlockingCollection<WorkItem> _work = [];

    // When the call of each thread began; 0 while it makes none.
    private readonly long[] _began = new long[ThreadCount];
    private int _alive = ThreadCount;

    internal HostDispatcher(string name)
    {
        for (int i = 0; i < ThreadCount; i++)
        {
            int thread = i;
            new Thread(() => Run(thread)) { IsBackground = true, Name = $"libvirt calls to {name}" }.UnsafeStart();
        }
    }

    /// <summary>How many of the threads have not ended.</summary>
    internal int Alive => Volatile.Read(ref _alive);

    /// <summary>Whether every thread has been in one call for longer than this.</summary>
    internal bool IsStuck(TimeSpan longest)
    {
        for (int i = 0; i < ThreadCount; i++)
        {
            long began = Volatile.Read(ref _began[i]);
            if (began == 0 || Stopwatch.GetElapsedTime(began) <= longest)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Makes a call on one of the threads.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the wait; a call that has begun goes on.</param>
    /// <exception cref="CallNotBegunException">The threads were ended before the call's turn.</exception>
    internal Task<T> InvokeAsync<T>(Func<T> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        var item = new WorkItem<T>(call, cancellationToken);
        try
        {
            _work.Add(item, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            item.Refuse(); // ended
        }

        return cancellationToken.CanBeCanceled ? item.Task.WaitAsync(cancellationToken) : item.Task;
    }

    /// <summary>Ends each thread once its present call has returned, and refuses the calls that wait for their turn.</summary>
    internal void End()
    {
        _work.CompleteAdding();
        while (_work.TryTake(out WorkItem? waiting))
        {
            waiting.Refuse();
        }
    }

    private void Run(int thread)
    {
        foreach (WorkItem item in _work.GetConsumingEnumerable())
        {
            Volatile.Write(ref _began[thread], Stopwatch.GetTimestamp());
            item.Run();
            Volatile.Write(ref _began[thread], 0);
        }

        Interlocked.Decrement(ref _alive);
    }

    private abstract class WorkItem
    {
        internal abstract void Run();

        internal abstract void Refuse();
    }

    private sealed class WorkItem<T>(Func<T> call, CancellationToken cancellationToken) : WorkItem
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<T> Task => _result.Task;

        internal override void Refuse() => _result.TrySetException(new CallNotBegunException());

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

/// <summary>A call was not made: the threads or the connection it waited for were given up first. It can be made again.</summary>
internal sealed class CallNotBegunException() : Exception("The call was not begun.");
