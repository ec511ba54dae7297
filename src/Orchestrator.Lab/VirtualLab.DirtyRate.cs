using System.Globalization;
using System.Net.Sockets;
using Orchestrator.Lab.Guests;

namespace Orchestrator.Lab;

public sealed partial class VirtualLab
{
    private static readonly TimeSpan CommandPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ConnectionPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ResendAfter = TimeSpan.FromSeconds(1);

    /// <summary>Sets how fast a guest dirties memory, while it runs, on whatever host. Returns when the guest has confirmed it.</summary>
    /// <param name="guest">The guest's name.</param>
    /// <param name="mibPerSecond">MiB per second; 0 to stop.</param>
    /// <param name="cancellationToken">Gives up; the guest may have got the command.</param>
    /// <exception cref="LabException">There is no such guest, or it does not answer.</exception>
    public Task SetDirtyRateAsync(string guest, double mibPerSecond, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mibPerSecond);
        return SetDirtyRateAsync(GetGuest(guest), mibPerSecond, cancellationToken);
    }

    private async Task SetDirtyRateAsync(LabGuest guest, double mibPerSecond, CancellationToken cancellationToken)
    {
        var wanted = string.Create(CultureInfo.InvariantCulture, $"D {mibPerSecond:0.000} ");
        var command = string.Create(CultureInfo.InvariantCulture, $"{wanted}{guest.WorkingSetMiB}");
        var began = _options.Time.GetUtcNow();
        var deadline = began + CommandPatience;
        var send = began;
        var connected = began;
        while (!TickLogReader.ReadLines(guest.TickLog, began).Any(line => line.StartsWith(wanted, StringComparison.Ordinal)))
        {
            var now = _options.Time.GetUtcNow();
            if (now > deadline)
            {
                throw new LabException($"Guest {guest.Name} did not confirm a new dirty rate within {CommandPatience.TotalSeconds:0} s.");
            }

            if (now > connected + ConnectionPatience)
            {
                throw new LabException($"Guest {guest.Name} does not run: nothing is connected to its serial port.");
            }

            // A command that meets the switch-over may get lost; it may be said twice.
            if (now >= send)
            {
                connected = await TrySendAsync(guest, command, cancellationToken).ConfigureAwait(false) ? now : connected;
                send = now + ResendAfter;
            }

            await Task.Delay(Pause, _options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<bool> TrySendAsync(LabGuest guest, string command, CancellationToken cancellationToken)
    {
        try
        {
            return await Collector.SendAsync(guest, command, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new LabException($"The collector of guest {guest.Name} does not run: {e.Message}", "'orchestrator lab up' starts it again.", innerException: e);
        }
    }
}
