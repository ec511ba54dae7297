using System.Text.Json;
using Orchestrator.Downtime;

namespace Orchestrator.Lifecycle;

/// <summary>Tells from a guest's events whether it did what its power button or its agent was asked for. Pure.</summary>
/// <remarks>
/// A RESET alone is no sign of a reboot: that of an earlier reset may arrive late, and some firmware (SeaBIOS on q35) resets the machine once more, as its guest, at
/// each start. libvirt reboots a guest by pressing its power button and, when the guest has gone down, resetting the machine and letting it run:
/// POWERDOWN, SHUTDOWN, STOP, RESET, RESUME. A guest agent needs no button: then there is no POWERDOWN, and the RESET is the guest's own (QEMU's data say so).
/// </remarks>
internal static class RebootSigns
{
    /// <summary>Whether the guest has rebooted, by the events since it was asked to.</summary>
    /// <param name="events">The events, in order.</param>
    /// <param name="hasAgent">Whether libvirt may have asked an agent in the guest.</param>
    internal static bool HasRebooted(IReadOnlyList<ObservedEvent> events, bool hasAgent)
    {
        List<string> monitor = [.. events.Where(seen => seen.Channel == "qmp").Select(seen => seen.Name)];
        if (monitor.Count == 0)
        {
            return events.Any(seen => seen.Channel == "reboot"); // a client without QEMU's own events has only libvirt's word
        }

        if (hasAgent && !monitor.Contains("POWERDOWN"))
        {
            return events.Any(seen => seen is { Channel: "qmp", Name: "RESET", Data: { } data } && IsOfGuest(data)); // that of our own reset says otherwise
        }

        int down = monitor.IndexOf("SHUTDOWN", Math.Max(monitor.IndexOf("POWERDOWN"), 0));
        return down >= 0 && monitor.IndexOf("RESET", down) >= 0;
    }

    private static bool IsOfGuest(string data)
    {
        try
        {
            using var document = JsonDocument.Parse(data);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("guest", out JsonElement guest) && guest.ValueKind == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Whether the machine was reset from outside. A RESET of the guest's own, its firmware's or its kernel's, is none, and libvirt's event, which tells both alike, counts only without QEMU's own.</summary>
    /// <param name="events">The events since.</param>
    internal static bool WasResetFromOutside(IReadOnlyList<ObservedEvent> events) => events.Any(seen => seen.Channel == "qmp")
        ? events.Any(seen => seen is { Channel: "qmp", Name: "RESET" } && !(seen.Data is { } data && IsOfGuest(data)))
        : events.Any(seen => seen.Channel == "reboot");

    /// <summary>Whether the machine was reset.</summary>
    /// <param name="events">The events since.</param>
    internal static bool WasReset(IReadOnlyList<ObservedEvent> events) => events.Any(seen => seen is { Channel: "qmp", Name: "RESET" } or { Channel: "reboot" });
}
