using System.Globalization;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>Asks how well a machine's clock is kept: chrony if it is installed, else the kernel, which elsewhere <c>timedatectl</c> asks.</summary>
internal static class ClockReader
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    internal static async Task<ClockFacts?> ReadAsync(HostMachine machine, TimeProvider time, CancellationToken cancellationToken)
    {
        // Of chrony's daemon only the state: -n looks up no names.
        string? tracking = await machine.OutputAsync(["chronyc", "-n", "-c", "tracking"], Patience, time, cancellationToken).ConfigureAwait(false);
        if ((tracking is null ? null : ParseTracking(tracking)) is { } facts)
        {
            return facts;
        }

        if (machine.IsThisMachine)
        {
            return FromKernel();
        }

        string? told = await machine.OutputAsync(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], Patience, time, cancellationToken).ConfigureAwait(false);
        return told?.Trim() is "yes" or "no" ? new("timedatectl", told.Trim() == "yes", null) : null;
    }

    /// <summary>The line of <c>chronyc -c tracking</c>. The error is at most |offset| + dispersion + half the delay of the way to the reference.</summary>
    internal static ClockFacts? ParseTracking(string line)
    {
        string[] fields = line.Trim().Split(',');
        return fields.Length >= 14 && Seconds(fields[4]) is { } offset && Seconds(fields[10]) is { } delay && Seconds(fields[11]) is { } dispersion
            ? fields[13] == "Not synchronised" ? new("chrony", false, null) : new("chrony", true, (Math.Abs(offset) + dispersion + (delay / 2)) * 1000)
            : null;

        static double? Seconds(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
    }

    private static ClockFacts? FromKernel() =>
        Posix.Clock() is { } clock ? new("the kernel", clock.Synchronised, clock.Synchronised ? clock.MaxErrorMicroseconds / 1000.0 : null) : null;
}
