using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Recovery;

/// <summary>What a recovery knows of an operation that it finds: from the journal, from the domain's marker, or from a person.</summary>
public sealed record UnfinishedOperation
{
    /// <summary>Its id; <see langword="null"/> when a person tells of it.</summary>
    public Guid? Id { get; init; }

    /// <summary>What it is: <c>migrate</c>, or <c>regress</c> for the night of a plan, whose name stands for the domain's.</summary>
    public string Kind { get; init; } = "migrate";

    /// <summary>Whether this machine's journal has it.</summary>
    public bool IsInJournal { get; init; }

    /// <summary>The domain.</summary>
    public required Guid DomainUuid { get; init; }

    /// <summary>Its name.</summary>
    public required string DomainName { get; init; }

    /// <summary>The source.</summary>
    public required HostAddress Source { get; init; }

    /// <summary>The destination.</summary>
    public required HostAddress Destination { get; init; }

    /// <summary>The source's host UUID; <see langword="null"/> when it is not known.</summary>
    internal Guid? SourceHostUuid { get; init; }

    /// <summary>The destination's host UUID; <see langword="null"/> when it is not known.</summary>
    internal Guid? DestinationHostUuid { get; init; }

    /// <summary>Who began it; <see langword="null"/> when nobody knows.</summary>
    public OperationOwner? Owner { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>How far it had come; <see langword="null"/> when only the journal of somebody else knows.</summary>
    public OperationPhase? Phase { get; init; }

    /// <summary>Whether the guest ran, and is to run afterwards.</summary>
    public bool WasRunning { get; init; }

    /// <summary>Whether the domain is to be persistent on the destination.</summary>
    public bool PersistentOnDestination { get; init; }

    /// <summary>Whether the source's definition is to be removed.</summary>
    public bool UndefinesSource { get; init; }

    /// <summary>Whether the destination is known to have had nothing of the domain before.</summary>
    internal bool DestinationWasFree { get; init; }

    /// <summary>Where its QEMU sends the guest; <see langword="null"/> when that is not known.</summary>
    public string? MigrateUri { get; init; }

    /// <summary>The address on which the destination's QEMU listens; <see langword="null"/> when that is not known.</summary>
    public string? ListenAddress { get; init; }

    /// <summary>The source's downtime limit before it was changed.</summary>
    public TimeSpan? MaxDowntimeBefore { get; init; }

    /// <summary>The blackout that was asked for.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What was allowed by a flag when it began, and was made use of.</summary>
    public IReadOnlyList<MigrationConsent> Consents { get; init; } = [];

    /// <summary>Its policy, as JSON.</summary>
    public string? Policy { get; init; }

    /// <summary>Who drives it: <c>p2p</c> or <c>direct</c>; <see langword="null"/> when that is not known.</summary>
    internal string? Mode { get; init; }

    /// <summary>The policy that it began with, as JSON: what of it went into the call stays so, whatever was set since.</summary>
    internal string? FirstPolicy { get; init; }

    /// <summary>Its effects that are not settled, in their order.</summary>
    public IReadOnlyList<JournalStep> Steps { get; init; } = [];

    /// <summary>Whether a person has named both hosts, and so answers for it that nobody else works on it.</summary>
    public bool IsDecided { get; init; }

    /// <summary>Whether it is of another machine, so that nobody here can see whether its process lives.</summary>
    public bool IsForeign => Owner is { IsOfThisMachine: false };

    /// <summary>The command with which a person decides.</summary>
    internal string CommandByHand => $"orchestrator recover {DomainName} --from '{HostAddress.Redact(Source.Uri)}' --to '{HostAddress.Redact(Destination.Uri)}'";

    internal MigrationExpectation Expectation => new(DomainName, DomainUuid, WasRunning, PersistentOnDestination, UndefinesSource, DestinationWasFree);

    /// <summary>What is known of its migrating call: nobody saw its end, but how far it was the journal was told.</summary>
    internal JobEnd End => JobEnd.Unseen with { DestinationMayRun = Phase is OperationPhase.PostCopy or OperationPhase.Sent };

    /// <summary>What the journal has.</summary>
    /// <param name="operation">An operation that has not ended.</param>
    public static UnfinishedOperation Of(JournalOperation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        JournalIntent intent = operation.Intent;
        return new()
        {
            Id = operation.Id,
            Kind = intent.Kind,
            IsInJournal = true,
            DomainUuid = intent.DomainUuid,
            DomainName = intent.DomainName,
            Source = new(intent.SourceName, intent.SourceUri),
            Destination = new(intent.DestinationName, intent.DestinationUri),
            SourceHostUuid = intent.SourceHostUuid,
            DestinationHostUuid = intent.DestinationHostUuid,
            Owner = operation.Owner,
            Started = operation.Started,
            Phase = operation.Phase,
            WasRunning = intent.WasRunning,
            PersistentOnDestination = intent.PersistentOnDestination,
            UndefinesSource = intent.UndefinesSource,
            DestinationWasFree = intent.DestinationWasFree,
            MigrateUri = intent.MigrateUri,
            ListenAddress = intent.ListenAddress,
            MaxDowntimeBefore = intent.MaxDowntimeBefore,
            MaxDowntime = intent.MaxDowntime,
            Timeout = intent.Timeout,
            Consents = intent.Consents ?? [],
            Policy = operation.Policy,
            Mode = intent.Mode,
            FirstPolicy = intent.Policy,
            Steps = [.. operation.Steps.Where(step => step.Ended is null)],
        };
    }

    /// <summary>What a domain's marker tells.</summary>
    /// <param name="marker">The marker.</param>
    /// <param name="domain">The domain.</param>
    public static UnfinishedOperation Of(OperationMarker marker, DomainSnapshot domain)
    {
        ArgumentNullException.ThrowIfNull(marker);
        ArgumentNullException.ThrowIfNull(domain);
        return new()
        {
            Id = marker.Id,
            DomainUuid = domain.Uuid,
            DomainName = domain.Name,
            Source = marker.Source,
            Destination = marker.Destination,
            SourceHostUuid = marker.SourceHostUuid,
            DestinationHostUuid = marker.DestinationHostUuid,
            Owner = marker.Owner,
            Started = marker.Started,
            Mode = marker.Mode,
            WasRunning = marker.WasRunning,
            PersistentOnDestination = marker.PersistentOnDestination,
            UndefinesSource = marker.UndefinesSource,
        };
    }

    /// <summary>What a person tells who knows of a migration from one host to another: the guest is to run, and definitions stay as they are.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="source">The source.</param>
    /// <param name="destination">The destination.</param>
    public static UnfinishedOperation ByHand(DomainSnapshot domain, HostAddress source, HostAddress destination)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return new() { DomainUuid = domain.Uuid, DomainName = domain.Name, Source = source, Destination = destination, WasRunning = true, IsDecided = true };
    }

    /// <summary>In words: <c>migration of web1 from lab-a to lab-b, begun 10:11:12 by pid 4242 of root on node1</c>.</summary>
    public override string ToString()
    {
        string began = Started is { } started ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $", begun {started.ToLocalTime():yyyy-MM-dd HH:mm:ss}") : "";
        return $"{(Kind == "migrate" ? "migration" : "run")} of {DomainName} from {Source.Name} to {Destination.Name}{began}{(Owner is null ? "" : $" by {Owner}")}";
    }
}
