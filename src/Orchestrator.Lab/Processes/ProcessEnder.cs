namespace Orchestrator.Lab.Processes;

/// <summary>Ends a lab's processes and waits until they are gone.</summary>
internal static class ProcessEnder
{
    // A libvirtd in the middle of a migration job takes its time; nothing of a lab is worth waiting longer for.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Ends what lives in the folder, in order; returns what could not be ended.</summary>
    public static async Task<IReadOnlyList<LabProcess>> EndAllInAsync(string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + LastPatience;
        while (true)
        {
            // Again and again: libvirtd may have been about to start a QEMU when it was told to end.
            var living = LabProcess.FindIn(folder);
            if (living.Count == 0 || time.GetUtcNow() > deadline)
            {
                return living;
            }

            foreach (var rank in living.GroupBy(p => p.EndOrder).OrderBy(g => g.Key))
            {
                await EndAsync([.. rank], time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Asks processes to end; those that do not within three seconds are killed.</summary>
    public static async Task EndAsync(IReadOnlyList<LabProcess> processes, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var signal in (int[])[Posix.SigTerm, Posix.SigKill])
        {
            foreach (var process in processes.Where(p => p.IsAlive()))
            {
                Posix.Signal(process.Pid, signal);
            }

            var deadline = time.GetUtcNow() + Patience;
            while (processes.Any(p => p.IsAlive()) && time.GetUtcNow() < deadline)
            {
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
