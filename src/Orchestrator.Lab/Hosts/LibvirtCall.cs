using Libvirt.Interop;

namespace Orchestrator.Lab.Hosts;

/// <summary>Runs blocking libvirt calls away from the thread pool.</summary>
internal static class LibvirtCall
{
    // A daemon that is alive answers in milliseconds; on its first call it looks at every QEMU there is, and starting a domain takes a second.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    /// <summary>
    /// Runs work with a connection of its own on a thread of its own. The wait for it can be given up, the call cannot: it ends with its daemon.
    /// </summary>
    /// <exception cref="LibvirtException">libvirt refused.</exception>
    /// <exception cref="LabException">The daemon does not answer.</exception>
    public static async Task<T> RunAsync<T>(
        LabHost host, Func<LibvirtConnection, T> work, TimeProvider time, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        var call = Task.Factory.StartNew(
            () =>
            {
                using var connection = LibvirtConnection.Open(host.Uri);
                return work(connection);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously,
            TaskScheduler.Default);
        try
        {
            return await call.WaitAsync(patience ?? Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new LabException($"The daemon of {host.Name} does not answer.", "Take the lab down, and up again.", host.Name, e);
        }
    }
}
