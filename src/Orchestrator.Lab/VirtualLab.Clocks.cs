using Orchestrator.Lab.Hosts;

namespace Orchestrator.Lab;

public sealed partial class VirtualLab
{
    /// <summary>
    /// Lets the QEMU processes of a host see another time of day, from the next one on that starts there (or comes in by a migration) for a guest with
    /// <see cref="GuestOptions.FollowsFakeClocks"/>. Only what they are told of the time of day changes.
    /// </summary>
    /// <param name="host">The host's name.</param>
    /// <param name="clock">The clock in libfaketime's words: <c>+1.5s</c>, <c>-0.3s</c>, <c>+0s x1.0005</c> for one that gains; <see langword="null"/> for the right one.</param>
    /// <exception cref="LabException">There is no such host, or libfaketime is not installed.</exception>
    public void FakeEmulatorClock(string host, string? clock) => FakeClock.Set(FakeClock.OfEmulators(GetHost(host).Root), clock, _account);

    /// <summary>Lets a host's libvirt daemon see another time of day: ends it at once and starts it anew. Running guests go on, under the clock that they have.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="clock">As for <see cref="FakeEmulatorClock"/>.</param>
    /// <param name="cancellationToken">Gives up waiting; the daemon may be down then (see <see cref="RepairAsync"/>).</param>
    /// <exception cref="LabException">There is no such host, libfaketime is not installed, or the daemon did not start again.</exception>
    public async Task FakeDaemonClockAsync(string host, string? clock, CancellationToken cancellationToken = default)
    {
        FakeClock.Set(FakeClock.OfDaemon(GetHost(host).Root), clock, _account);
        await RestartDaemonAsync(host, cancellationToken).ConfigureAwait(false);
    }
}
