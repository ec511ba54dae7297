using System.Text.Json.Serialization;
using Orchestrator.Lab;

namespace Orchestrator.Cli;

/// <summary>What <c>lab up --json</c> prints.</summary>
internal sealed record LabDocument(IReadOnlyList<LabHost> Hosts);

/// <summary>What <c>lab down --json</c> prints.</summary>
/// <param name="WasUp">Whether there was a lab.</param>
internal sealed record LabDownDocument(bool WasUp);

/// <summary>What <c>lab guest --json</c> prints; a guest in an emulated machine has no tick log.</summary>
internal sealed record LabGuestDocument(string Name, Guid Uuid, string Did, double DirtyMibS, string? TickLog);

/// <summary>What <c>lab status --json</c> prints.</summary>
internal sealed record LabStatusDocument(IReadOnlyList<LabStatusDocument.Host> Hosts, IReadOnlyList<LabStatusDocument.Guest> Guests)
{
    internal static LabStatusDocument From(LabStatus status) => new(
        [.. status.Hosts.Select(host => new Host(host.Host.Name, host.Host.Uri, host.Host.Root, host.IsAlive, host.Problem))],
        [.. status.Guests.Select(guest => new Guest(guest.Guest.Name, guest.Guest.Uuid, [.. guest.Places.Select(place => new Place(place.Host, place.State))]))]);

    internal sealed record Host(string Name, string Uri, string Root, bool Alive, string? Problem);

    internal sealed record Guest(string Name, Guid Uuid, IReadOnlyList<Place> Places);

    internal sealed record Place(string Host, string State);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(LabDocument))]
[JsonSerializable(typeof(LabDownDocument))]
[JsonSerializable(typeof(LabGuestDocument))]
[JsonSerializable(typeof(LabStatusDocument))]
internal sealed partial class LabJson : JsonSerializerContext;
