using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Recovery;

/// <summary>What was intended: all that another process needs to finish or to undo it.</summary>
public sealed record JournalIntent
{
    /// <summary>What is done: <c>migrate</c>, or <c>regress</c>: a plan's night, whose name stands for the domain's.</summary>
    public string Kind { get; init; } = "migrate";

    /// <summary>The domain.</summary>
    public required Guid DomainUuid { get; init; }

    /// <summary>Its name.</summary>
    public required string DomainName { get; init; }

    /// <summary>What the user calls the source.</summary>
    public required string SourceName { get; init; }

    /// <summary>Its URI, without a password.</summary>
    public required string SourceUri { get; init; }

    /// <summary>The UUID by which its libvirt knew itself; <see langword="null"/> when nobody wrote it down.</summary>
    public Guid? SourceHostUuid { get; init; }

    /// <summary>What the user calls the destination.</summary>
    public required string DestinationName { get; init; }

    /// <summary>Its URI, without a password.</summary>
    public required string DestinationUri { get; init; }

    /// <summary>The UUID by which its libvirt knew itself; <see langword="null"/> when nobody wrote it down.</summary>
    public Guid? DestinationHostUuid { get; init; }

    /// <summary>Who drives it: <c>p2p</c> or <c>direct</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>Where QEMU sends the guest; <see langword="null"/> for libvirt's choice.</summary>
    public string? MigrateUri { get; init; }

    /// <summary>The address on which the destination's QEMU listens; <see langword="null"/> for libvirt's choice.</summary>
    public string? ListenAddress { get; init; }

    /// <summary>The blackout that was asked for; <see langword="null"/> for none.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>How long it may take; <see langword="null"/> for as long as it wants.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The policy it began with, as JSON; <see langword="null"/> for none.</summary>
    public string? Policy { get; init; }

    /// <summary>Whether the guest ran, and is to run afterwards.</summary>
    public bool WasRunning { get; init; }

    /// <summary>Whether the domain is to be persistent on the destination.</summary>
    public bool PersistentOnDestination { get; init; }

    /// <summary>Whether the source's definition is to be removed.</summary>
    public bool UndefinesSource { get; init; }

    /// <summary>Whether the destination had nothing of the domain before; <see langword="false"/> also when nobody wrote it down.</summary>
    public bool DestinationWasFree { get; init; }

    /// <summary>What was allowed by a flag, and is made use of; <see langword="null"/> for nothing.</summary>
    public IReadOnlyList<MigrationConsent>? Consents { get; init; }

    /// <summary>The source's downtime limit before it was changed; <see langword="null"/> when it was not.</summary>
    public TimeSpan? MaxDowntimeBefore { get; init; }

    /// <summary>The same without any password in a URI.</summary>
    internal JournalIntent Redacted() => this with
    {
        SourceName = HostAddress.Redact(SourceName),
        SourceUri = HostAddress.Redact(SourceUri),
        DestinationName = HostAddress.Redact(DestinationName),
        DestinationUri = HostAddress.Redact(DestinationUri),
        Consents = Consents?.Select(consent => consent with { What = HostAddress.Redact(consent.What) }).ToList(),
    };
}
