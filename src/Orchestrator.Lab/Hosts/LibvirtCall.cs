using Libvirt.Interop;

namespace Orchestrator.Lab.Hosts;

/// <summary>Runs blocking libvirt calls away from the thread pool.</summary>
internal static class LibvirtCall
{
    /// <summary>Runs work with a connection of its own on a thread of its own.</summary>
    /// <exception cref="LibvirtException">libvirt refused.</exception>
    public static Task<T> RunAsync<T>(LabHost host, Func<LibvirtConnection, T> work) => Task.Factory.StartNew(
        () =>
        {
            using var connection = LibvirtConnection.Open(host.Uri);
            return work(connection);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously,
        TaskScheduler.Default);
}
