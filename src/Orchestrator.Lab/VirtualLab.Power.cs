namespace Orchestrator.Lab;

public sealed partial class VirtualLab
{
    /// <summary>Lets a guest power itself off, as its own administrator would. Returns when it was told.</summary>
    /// <param name="guest">The guest's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LabException">There is no such guest, or it does not run.</exception>
    public Task PowerOffFromWithinAsync(string guest, CancellationToken cancellationToken = default) => TellAsync(guest, "O", cancellationToken);

    /// <summary>Lets a guest reboot itself, as its own administrator would. Returns when it was told.</summary>
    /// <param name="guest">The guest's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LabException">There is no such guest, or it does not run.</exception>
    public Task RebootFromWithinAsync(string guest, CancellationToken cancellationToken = default) => TellAsync(guest, "R", cancellationToken);

    private async Task TellAsync(string guest, string command, CancellationToken cancellationToken)
    {
        if (!await TrySendAsync(GetGuest(guest), command, cancellationToken).ConfigureAwait(false))
        {
            throw new LabException($"Guest {guest} does not run: nothing is connected to its serial port.");
        }
    }
}
