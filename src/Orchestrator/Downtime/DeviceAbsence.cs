namespace Orchestrator.Downtime;

/// <summary>What was seen of a device that was taken out of the guest for its migration; all instants are on our clock.</summary>
public sealed record DeviceAbsence
{
    /// <summary>What it used of the source.</summary>
    public required string Device { get; init; }

    /// <summary>When the source was last known to have it.</summary>
    public required DateTimeOffset LastThere { get; init; }

    /// <summary>When it was gone: the arrival of the event that said so, else when the host was asked.</summary>
    public required DateTimeOffset Gone { get; init; }

    /// <summary>How its end is known: <c>event</c> or <c>asked</c>.</summary>
    public required string GoneBy { get; init; }

    /// <summary>When a host had taken it again; <see langword="null"/> when none did.</summary>
    public DateTimeOffset? Back { get; init; }

    /// <summary>Whether that was the destination: a guest that stayed has it on the source again.</summary>
    public bool OnDestination { get; init; }
}

/// <summary>How long a guest was without a device.</summary>
/// <param name="Device">What it used of the source.</param>
/// <param name="ValueMs">In milliseconds; <see langword="null"/> while it is not back.</param>
/// <param name="UncertaintyMs">How far off that may be; <see langword="null"/> when unknown.</param>
public sealed record DeviceAbsenceTime(string Device, double? ValueMs, double? UncertaintyMs)
{
    /// <summary>Measures: from the device's end on the source to its beginning where the guest then is. An answer and an event may be late by a round trip each. Pure.</summary>
    /// <param name="absence">What was seen.</param>
    /// <param name="source">The round trips to the source, in milliseconds.</param>
    /// <param name="destination">The same to the destination.</param>
    public static DeviceAbsenceTime Of(DeviceAbsence absence, IReadOnlyList<double> source, IReadOnlyList<double> destination)
    {
        ArgumentNullException.ThrowIfNull(absence);
        if (absence.Back is not { } back)
        {
            return new(absence.Device, null, null);
        }

        double? gone = absence.GoneBy == "event" ? Longest(source) : (absence.Gone - absence.LastThere).TotalMilliseconds;
        return new(absence.Device, (back - absence.Gone).TotalMilliseconds, gone + Longest(absence.OnDestination ? destination : source));
    }

    private static double? Longest(IReadOnlyList<double> trips) => trips.Count > 0 ? trips.Max() : null;
}
