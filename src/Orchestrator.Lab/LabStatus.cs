namespace Orchestrator.Lab;

/// <summary>How a lab is.</summary>
/// <param name="Hosts">Each host.</param>
/// <param name="Guests">Each guest that was started in this lab.</param>
public sealed record LabStatus(IReadOnlyList<LabHostStatus> Hosts, IReadOnlyList<LabGuestStatus> Guests);

/// <summary>How one host is.</summary>
/// <param name="Host">The host.</param>
/// <param name="IsAlive">Whether its daemon answers.</param>
/// <param name="Problem">Why not.</param>
public sealed record LabHostStatus(LabHost Host, bool IsAlive, string? Problem);

/// <summary>Where a guest is.</summary>
/// <param name="Guest">The guest.</param>
/// <param name="Places">Every host that knows the domain, the one where it runs first; empty when none does.</param>
public sealed record LabGuestStatus(LabGuest Guest, IReadOnlyList<GuestPlace> Places);

/// <summary>A domain on one host.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="State">The domain's state there: <c>running</c>, <c>paused</c>, <c>shutoff</c>, …</param>
public sealed record GuestPlace(string Host, string State);
